/** A trace that grows: its metadata, in however many chunks, and its streams. */

import { closeSync, fstatSync } from "node:fs";
import { join } from "node:path";
import { MetadataError, SourceError } from "../base/errors.ts";
import type { Item, TraceOrigin } from "../base/item.ts";
import { openRegularFile, readAt } from "../ctf/data-files.ts";
import { MAX_METADATA_BYTES, MetadataReader } from "../ctf/metadata.ts";
import { MetadataText } from "../ctf/metadata-text.ts";
import type { TraceClassItem } from "../ctf/recorded.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { DataFile } from "./data-file.ts";
import { FollowedStream } from "./stream.ts";

/** One `metadata` file: a rotation begins another, which says the same and more. */
export class Chunk {
  /** Where its directory was last seen. */
  path: string;
  /** `undefined` while it is not known whose it is. */
  trace: FollowedTrace | undefined;
  /** Data files that wait until it is. */
  readonly waiting: DataFile[] = [];
  /** Why it cannot be read. */
  error: MetadataError | undefined;
  isReported = false;
  /** Its file was cut off and written anew, as a clear does it. */
  isAnew = false;
  #text = new MetadataText();
  #offset = 0;
  #fd: number | undefined;
  /** When all that is read had been written. */
  #mtimeMs: number | undefined;

  constructor(path: string) {
    this.path = path;
  }

  get text(): string {
    return this.#text.text;
  }

  /** Reads what was added; gives whether there was anything. */
  grow(): boolean {
    if (this.error !== undefined) return false;
    try {
      return this.#read();
    } catch (error) {
      if (error instanceof MetadataError) this.error = error;
      else if (!(error instanceof SourceError)) throw error;
      // A rotation may just have moved it.
      return false;
    }
  }

  /** Lets the file go: nothing is added to it any more. */
  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #read(): boolean {
    const path = join(this.path, "metadata");
    // Held open, its inode is not given to the file that takes its place.
    this.#fd ??= openRegularFile(path).fd;
    const { size, mtimeMs } = fstatSync(this.#fd);
    const isTouched = size === this.#offset && mtimeMs !== this.#mtimeMs;
    if (size === this.#offset && !isTouched) return false;
    if (size < this.#offset || (isTouched && this.#mtimeMs !== undefined)) {
      this.isAnew = true;
      this.#text = new MetadataText();
      this.#offset = 0;
    }
    if (size > MAX_METADATA_BYTES) {
      const message = `metadata: expected at most ${MAX_METADATA_BYTES} bytes, got ${size}`;
      throw new MetadataError("METADATA_SIZE", message);
    }
    const bytes = Buffer.alloc(size - this.#offset);
    const got = readAt(path, this.#fd, bytes, this.#offset);
    this.#offset += got;
    this.#text.append(bytes.subarray(0, got));
    // Bytes may have come between the two looks.
    const after = fstatSync(this.#fd);
    this.#mtimeMs = after.size === this.#offset ? after.mtimeMs : undefined;
    return got > 0;
  }
}

export class FollowedTrace {
  readonly origin: TraceOrigin;
  readonly streams: Set<FollowedStream> = new Set();
  /** Of this trace, those that are there. */
  readonly chunks: Set<Chunk> = new Set();
  /** Where chunks were that have gone. */
  readonly lost: Set<string> = new Set();
  /** When the last one went. */
  lostAtMs = 0;
  traceClass: TraceClass | undefined;
  readonly #byKey = new Map<string, FollowedStream>();
  readonly #byName = new Map<string, FollowedStream>();
  readonly #clockOffsetNs: bigint;
  #reader: MetadataReader;
  #text = "";
  #error: MetadataError | undefined;

  constructor(origin: TraceOrigin, clockOffsetNs: bigint) {
    this.origin = origin;
    this.#clockOffsetNs = clockOffsetNs;
    this.#reader = new MetadataReader(clockOffsetNs);
  }

  /** What a chunk says beyond what is known. */
  *take({ text }: Pick<Chunk, "text">): Generator<Item | TraceClassItem, void, void> {
    if (this.#error !== undefined || this.#text.startsWith(text)) return;
    if (!text.startsWith(this.#text)) {
      // Generated anew: what it says from now on holds.
      this.#reader = new MetadataReader(this.#clockOffsetNs);
      this.#text = "";
    }
    const more = text.slice(this.#text.length);
    this.#text = text;
    try {
      const traceClass = this.#reader.append(Buffer.from(more));
      if (traceClass === undefined) return;
      this.traceClass = traceClass;
      const metadata = Buffer.from(text);
      yield { kind: "trace-class", trace: this.origin, traceClass, metadata };
    } catch (error) {
      if (!(error instanceof MetadataError)) throw error;
      this.#error = error;
      yield missing(this.origin, `${this.origin.path}: ${error.message}`);
    }
  }

  /** The stream that a file goes on with, by its name. */
  adopt(file: DataFile, name: string): void {
    let stream = this.#byName.get(name);
    if (stream === undefined) {
      stream = new FollowedStream(name);
      this.#byName.set(name, stream);
      this.streams.add(stream);
    }
    stream.add(file);
  }

  /** A stream has found out what its packets are. */
  settle(stream: FollowedStream): FollowedStream {
    const { key } = stream;
    if (key === undefined) return stream;
    const known = this.#byKey.get(key);
    if (known === undefined) this.#byKey.set(key, stream);
    if (known === undefined || known === stream) return stream;
    for (const file of stream.files) known.add(file);
    this.streams.delete(stream);
    this.#byName.set(stream.name, known);
    return known;
  }

  /** A file of one stream has packets of another. */
  move(file: DataFile, key: string, name: string): void {
    let stream = this.#byKey.get(key);
    if (stream === undefined) {
      stream = new FollowedStream(name);
      stream.key = key;
      this.#byKey.set(key, stream);
      this.streams.add(stream);
    }
    stream.add(file);
  }
}

/** What a trace lacks, in an unknown amount. */
export function missing(trace: TraceOrigin | undefined, reason: string): Item & { kind: "gap" } {
  return { kind: "gap", cause: "packets", trace, stream: undefined, reason, packets: undefined };
}
