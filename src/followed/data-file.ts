/** A data file that grows: its packets one after the other, as soon as each is whole. */

import { closeSync, fstatSync, statSync } from "node:fs";
import { DecodeError, SourceError, type TraceError } from "../base/errors.ts";
import { fileError, openRegularFile, readAt } from "../ctf/data-files.ts";
import { MAX_PACKET_BYTES, type PacketHeader } from "../ctf/packet-header.ts";
import { CUT_SHORT, type DataFile as OpenFile, probe } from "../ctf/packet-index.ts";
import type { HeldFile, StoredPacket } from "../ctf/stored-packet.ts";
import type { StructureClass, TraceClass } from "../ctf/trace-class.ts";
import type { FoundPacket } from "../ctf/whole-times.ts";
import { type FoundFile, idOf } from "./walk.ts";

/** What a file has next. */
export type Next =
  | {
      readonly kind: "packet";
      readonly packet: StoredPacket & FoundPacket;
      readonly header: PacketHeader;
    }
  /** Nothing, or not all of a packet; `why` if there is something. */
  | { readonly kind: "wait"; readonly why: TraceError | undefined }
  | { readonly kind: "damage"; readonly error: TraceError };

/** How a file begins: what it is known by when its inode may be another's. */
const START_BYTES = 256;

/** A file that was read up to a size, and how it is known again. */
export interface DoneFile {
  readonly size: number;
  readonly mtimeMs: number;
  readonly start: Uint8Array;
}

export class DataFile implements HeldFile {
  readonly id: string;
  /** Where it was last seen. */
  path: string;
  /** Bytes that were dealt with. */
  offset = 0;
  /** Bytes that there were when it was last looked at. */
  size = 0;
  /** When it last grew. */
  mtimeMs: number;
  /** It has no name any more; what it holds can be read while it is open. */
  isDeleted = false;
  /** It was written anew before all of it was read. */
  isOverwritten = false;
  /** Header of its first packet. */
  first: PacketHeader | undefined;
  #fd: number | undefined;
  /** How many hold it, and whether it closes with the last of them. */
  #holders = 0;
  #isLeft = false;
  /** How it begins, as far as that is written. */
  #start: Uint8Array = new Uint8Array(0);

  constructor({ id, path, mtimeMs }: FoundFile) {
    this.id = id;
    this.path = path;
    this.mtimeMs = mtimeMs;
  }

  get isOpen(): boolean {
    return this.#fd !== undefined;
  }

  /** Looks how long it is now. One that is written anew, by a clear or in a ring of files, is read from its beginning. */
  look(): void {
    const { size, mtimeMs } = this;
    this.#look();
    const hasChanged = this.size !== size || this.mtimeMs !== mtimeMs;
    if (!hasChanged || !this.#isAnew()) return;
    this.isOverwritten ||= this.offset < size;
    this.offset = 0;
    this.first = undefined;
    this.#start = new Uint8Array(0);
  }

  #isAnew(): boolean {
    if (this.size < this.offset) return true;
    try {
      const start = startOf(this.path, this.open(), this.size);
      const known = this.#start;
      this.#start = start;
      return Buffer.compare(start.subarray(0, known.length), known) !== 0;
    } catch {
      return false;
    }
  }

  #look(): void {
    try {
      const stats = this.#fd === undefined ? statSync(this.path) : fstatSync(this.#fd);
      // Where a rotation has moved it, the next walk finds it.
      if (this.#fd === undefined && idOf(stats) !== this.id) return;
      this.size = stats.size;
      this.mtimeMs = stats.mtimeMs;
      this.isDeleted = stats.nlink === 0;
    } catch {
      // Not there, or not to be looked at: that shows when it is read.
    }
  }

  /** The next packet, if it is whole. */
  next(traceClass: TraceClass): Next {
    if (this.offset >= this.size) return WAITING;
    let file: OpenFile;
    try {
      file = { path: this.path, fd: this.open(), size: this.size };
    } catch (error) {
      if (error instanceof SourceError) return { kind: "wait", why: error };
      throw error;
    }
    const probed = probe(file, this.offset, traceClass);
    if (!("header" in probed)) return this.#unreadable(probed);
    const { header, firstEvent } = probed;
    this.first ??= header;
    if (!hasSize(header.streamClass.packetContext)) return { kind: "damage", error: UNSIZED };
    const bytes = header.packetBits / 8;
    if (bytes > MAX_PACKET_BYTES) return { kind: "damage", error: tooLarge(this.offset, bytes) };
    if (this.offset + bytes > this.size)
      return { kind: "wait", why: cut(this.offset, bytes, this.size) };
    const { begin, end } = header;
    const packet = { path: this.path, byteOffset: this.offset, bytes, begin, end, firstEvent };
    return { kind: "packet", packet, header };
  }

  /** What there is of a packet that will never be whole. */
  rest(traceClass: TraceClass): Next {
    const next = this.next(traceClass);
    if (next.kind !== "wait" || next.why === undefined) return next;
    if (next.why.code !== CUT_PACKET) return { kind: "damage", error: next.why };
    const file = { path: this.path, fd: this.open(), size: this.size };
    const probed = probe(file, this.offset, traceClass);
    if (!("header" in probed)) return { kind: "damage", error: next.why };
    const { header, firstEvent } = probed;
    const { begin, end } = header;
    const place = { path: this.path, byteOffset: this.offset, bytes: this.size - this.offset };
    return { kind: "packet", packet: { ...place, begin, end, firstEvent }, header };
  }

  /**
   * Fills bytes from a place in the file.
   * @throws SourceError `SOURCE_UNREADABLE`, `SOURCE_TRUNCATED`
   */
  read(bytes: Uint8Array, position: number): void {
    const got = readAt(this.path, this.open(), bytes, position);
    if (got === bytes.length) return;
    const message = `${this.path}: expected ${bytes.length} bytes at ${position}, got ${got}: the file shrank while it was read`;
    throw new SourceError("SOURCE_TRUNCATED", message);
  }

  /**
   * Opens it. Open, it can be read to its end wherever it is moved, and even if it is deleted.
   * @throws SourceError `SOURCE_UNREADABLE`, `SOURCE_NOT_FILE`
   */
  open(): number {
    if (this.#fd !== undefined) return this.#fd;
    const { fd } = openRegularFile(this.path);
    if (idOf(fstatSync(fd)) !== this.id) {
      closeSync(fd);
      throw fileError(this.path, Object.assign(new Error("another file"), { code: "ENOENT" }));
    }
    this.#fd = fd;
    return fd;
  }

  hold(): void {
    this.#holders++;
  }

  release(): void {
    this.#holders--;
    if (this.#isLeft && this.#holders === 0) this.close();
  }

  /** Closes it, or lets the last who holds it do so. */
  close(): void {
    this.#isLeft = true;
    if (this.#holders > 0) return;
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** Closes it for good. */
  done(): DoneFile {
    this.look();
    const done = this.#known(this.size);
    this.close();
    return done;
  }

  /** How it is known again, should it go and come back. */
  soFar(): DoneFile {
    return this.#known(this.offset);
  }

  #known(size: number): DoneFile {
    const { mtimeMs } = this;
    let start = new Uint8Array(0);
    try {
      start = startOf(this.path, this.open(), size);
    } catch {
      // It has gone: nothing to know it by is needed.
    }
    return { size, mtimeMs, start };
  }

  #unreadable(error: TraceError): Next {
    const isCut = CUT_SHORT.has(error.code) || error.code === "DECODE_STREAM_CLASS";
    return isCut || this.#isBlank() ? { kind: "wait", why: error } : { kind: "damage", error };
  }

  /** What a writer has skipped and not yet filled reads as zeros. */
  #isBlank(): boolean {
    const start = new Uint8Array(Math.min(64, this.size - this.offset));
    readAt(this.path, this.open(), start, this.offset);
    return start.every((byte) => byte === 0);
  }
}

/** Whether a file that was read is this one still, and nothing was added. */
export function isUnchanged(done: DoneFile, found: FoundFile): boolean {
  return done.size === found.size && done.mtimeMs === found.mtimeMs;
}

/** Whether a file that was read and has changed is the same: an inode is used again for another. */
export function isSameFile({ start, size }: DoneFile, found: FoundFile): boolean {
  if (found.size < size) return false;
  try {
    const { fd } = openRegularFile(found.path);
    try {
      const now = startOf(found.path, fd, size);
      return Buffer.compare(now, start) === 0;
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}

function startOf(path: string, fd: number, size: number): Uint8Array<ArrayBuffer> {
  const start = new Uint8Array(Math.min(START_BYTES, size));
  return start.subarray(0, readAt(path, fd, start, 0));
}

const WAITING: Next = { kind: "wait", why: undefined };
const CUT_PACKET = "DECODE_TRUNCATED_FILE";

function cut(byteOffset: number, bytes: number, size: number): DecodeError {
  const message = `packet at byte ${byteOffset}: expected ${bytes} bytes, got ${size - byteOffset} before the file ends`;
  return new DecodeError(CUT_PACKET, message, 0);
}

function tooLarge(byteOffset: number, bytes: number): DecodeError {
  const message = `packet at byte ${byteOffset}: expected at most ${MAX_PACKET_BYTES} bytes, got ${bytes}`;
  return new DecodeError("DECODE_PACKET_SIZE", message, 0);
}

/** Where such a packet ends is known when nothing more is written, and not before. */
const UNSIZED = new DecodeError(
  "DECODE_PACKET_SIZE",
  "packet context: expected a size, without which packets cannot be followed while they are written, got none",
  0,
);

function hasSize(structure: StructureClass | undefined): boolean {
  return (structure?.members ?? []).some(({ fieldClass }) => {
    if (fieldClass.kind === "structure") return hasSize(fieldClass);
    if (fieldClass.kind !== "integer") return false;
    const { roles } = fieldClass;
    return roles.includes("packet-total-length") || roles.includes("packet-content-length");
  });
}
