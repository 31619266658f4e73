/** A stream whose files grow: its packets in their order, over all files that a rotation gives it. */

import type { Item, StreamOrigin } from "../base/item.ts";
import { instant } from "../ctf/clock.ts";
import type { PacketHeader } from "../ctf/packet-header.ts";
import type { StoredPacket } from "../ctf/stored-packet.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import { type FoundPacket, hasNarrowClock, withWholeTimes } from "../ctf/whole-times.ts";
import type { DataFile } from "./data-file.ts";
import { Delivered } from "./delivered.ts";

/** A packet whose turn may come. */
export interface Head {
  readonly file: DataFile;
  readonly packet: StoredPacket & FoundPacket;
  readonly header: PacketHeader;
  readonly beginNs: bigint | undefined;
  /** Whether its own times are only the lowest bits of what its stream's clock had. */
  readonly isNarrow: boolean;
}

interface Damage {
  readonly kind: "damage";
  readonly file: DataFile;
  readonly reason: string;
}

/** What a stream says of a file. */
export type Identified =
  /** Its packets show which stream it is: it may be one that is known by another name. */
  | { readonly kind: "named" }
  /** This file has another stream's packets. */
  | { readonly kind: "other"; readonly file: DataFile; readonly key: string }
  | Damage;

/** What a stream says when it looks for its next packet. */
export type Found =
  | Identified
  | { readonly kind: "head"; readonly head: Head }
  /** A file was read to its end and no more is written to it. */
  | { readonly kind: "done"; readonly file: DataFile }
  | { readonly kind: "idle" };

export class FollowedStream {
  /** The path of its first file, as it is outside of archives. */
  readonly name: string;
  /** Stream class and instance, or the file's path; `undefined` before the first packet. */
  key: string | undefined;
  /** Those that are not read to their end, in their order. */
  readonly files: DataFile[] = [];
  head: Head | undefined;
  /** `undefined` while it is silent for long, and before it is announced. */
  origin: StreamOrigin | undefined;
  /** What it was before it fell silent. */
  before: StreamOrigin | undefined;
  /** When a file of it last grew, ms since the Unix epoch. */
  movedAtMs = 0;
  readonly #delivered = new Delivered();
  #last: (StoredPacket & FoundPacket) | undefined;

  constructor(name: string) {
    this.name = name;
  }

  add(file: DataFile): void {
    this.files.push(file);
    this.movedAtMs = Math.max(this.movedAtMs, file.mtimeMs);
  }

  /** Looks at its files anew, and finds out whose packets they have; `undefined` where all of them are its own. */
  identify(traceClass: TraceClass, nameOf: (file: DataFile) => string): Identified | undefined {
    for (const file of this.files) {
      const { size } = file;
      file.look();
      if (file.size !== size) this.movedAtMs = Math.max(this.movedAtMs, file.mtimeMs);
      if (file.first !== undefined) continue;
      const next = file.next(traceClass);
      if (next.kind === "damage") return this.#damage(file, next.error.message);
      if (file.first === undefined) continue;
      const key = keyOf(file.first, nameOf(file));
      if (this.key === undefined) {
        this.key = key;
        return { kind: "named" };
      }
      if (this.key !== key) {
        this.remove(file);
        return { kind: "other", file, key };
      }
    }
    return undefined;
  }

  /** Looks for the next packet. */
  next(traceClass: TraceClass, nameOf: (file: DataFile) => string): Found {
    const found = this.identify(traceClass, nameOf);
    if (found !== undefined) return found;
    this.files.sort(inOrder);
    return this.#nextOf(this.files[0], traceClass);
  }

  #nextOf(file: DataFile | undefined, traceClass: TraceClass): Found {
    if (file === undefined) return { kind: "idle" };
    let next = file.next(traceClass);
    if (next.kind === "wait") {
      // The writer is past a file when it has written to the next.
      const isOver = file.isDeleted || this.files[1]?.first !== undefined;
      if (!isOver) return { kind: "idle" };
      // It may have got its last packets after it was looked at, and before the next one was.
      file.look();
      next = file.next(traceClass);
      if (next.kind === "wait") next = file.rest(traceClass);
    }
    if (next.kind === "damage") return this.#damage(file, next.error.message);
    if (next.kind === "wait") {
      this.remove(file);
      return { kind: "done", file };
    }
    const { packet, header } = next;
    file.offset += packet.bytes;
    const number = header.sequenceNumber ?? header.begin;
    const end = header.sequenceNumber === undefined ? header.end : undefined;
    if (number !== undefined && this.#delivered.has(file.id, number, end))
      return this.#nextOf(file, traceClass);
    if (number !== undefined) this.#delivered.add(file.id, number, end);
    this.head = this.#headOf(file, packet, header);
    return { kind: "head", head: this.head };
  }

  #headOf(file: DataFile, found: StoredPacket & FoundPacket, header: PacketHeader): Head {
    const { streamClass } = header;
    const before = this.#last === undefined ? [] : [this.#last];
    const isNarrow = hasNarrowClock(streamClass, [found]);
    const packet = withWholeTimes(streamClass, isNarrow ? [...before, found] : [found]).at(-1)!;
    this.#last = packet;
    return { file, packet, header, isNarrow, beginNs: instant(streamClass.clock, packet.begin) };
  }

  remove(file: DataFile): void {
    const at = this.files.indexOf(file);
    if (at !== -1) this.files.splice(at, 1);
  }

  #damage(file: DataFile, reason: string): Damage {
    this.remove(file);
    return { kind: "damage", file, reason };
  }

  /** Names it, before anything else is said of it. */
  *announce(origin: StreamOrigin): Generator<Item, void, void> {
    this.origin = origin;
    yield { kind: "stream", stream: origin };
    if (this.before !== undefined) yield { kind: "resume", stream: origin, from: this.before };
    this.before = undefined;
  }

  /** It has been silent for long, or has no file any more: it is not waited for. */
  *end(): Generator<Item, void, void> {
    const { origin } = this;
    if (origin === undefined) return;
    this.origin = undefined;
    this.before = origin;
    yield { kind: "stream-end", stream: origin, mayResume: true };
  }
}

function keyOf({ streamClass, instanceId }: PacketHeader, name: string): string {
  return instanceId === undefined ? name : `${streamClass.id}/${instanceId}`;
}

/** By their first packets; those without any are the newest. */
function inOrder(a: DataFile, b: DataFile): number {
  if (a.first === undefined || b.first === undefined)
    return Number(a.first === undefined) - Number(b.first === undefined);
  const [left, right] = [a.first, b.first].map(({ sequenceNumber, begin }) => [
    begin,
    sequenceNumber,
  ]);
  for (const [x, y] of [
    [left![0], right![0]],
    [left![1], right![1]],
  ])
    if (x !== undefined && y !== undefined && x !== y) return x < y ? -1 : 1;
  return a.path < b.path ? -1 : 1;
}
