/** A segment of a CTF recording on its way to the disk: a folder of traces, renamed when it is whole and on the disk. */

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { PART_PREFIX } from "../base/part-name.ts";
import type { PacketHeader } from "../ctf/packet-header.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import { hasFixedHead } from "../cut/fixed-head.ts";
import { wholeMetadata } from "../cut/metadata-cut.ts";
import type { Numbered } from "../cut/packet-numbers.ts";
import { StreamCutter } from "../cut/stream-cutter.ts";
import { isNoRoom } from "./disk-stall.ts";
import { makeFolder } from "./folder.ts";
import { isStillNamed } from "./own-name.ts";

/** A trace, as it is when the segment ends. */
export interface RecordedTrace {
  /** Its folder below the segment's. */
  readonly place: string;
  readonly metadata: Uint8Array;
}

export class CtfSegment {
  readonly number: number;
  readonly #folder: string;
  readonly #path: string;
  readonly #made: Stats;
  /** By place and name of their stream. */
  readonly #cutters = new Map<string, StreamCutter>();
  /** Bytes of metadata that are written, by place. */
  readonly #metadata = new Map<string, number>();
  records = 0;
  firstNs: bigint | undefined;
  lastNs: bigint | undefined;

  /** @throws the system's error where its folder, or that of the recording, cannot be made */
  constructor(folder: string, number: number) {
    this.number = number;
    this.#folder = folder;
    this.#path = join(folder, `${PART_PREFIX}${number}.ctf`);
    makeFolder(folder);
    mkdirSync(this.#path);
    this.#made = statSync(this.#path);
  }

  /** Whether it was neither deleted nor moved. */
  get isThere(): boolean {
    return isStillNamed(this.#path, this.#made);
  }

  get bytes(): number {
    let sum = 0;
    for (const { size } of this.#cutters.values()) sum += size;
    return sum;
  }

  /**
   * The writer of a stream.
   * @param before the same stream in an earlier segment: its numbers go on
   */
  cutter(
    trace: RecordedTrace,
    name: string,
    traceClass: TraceClass,
    { begin, end, streamClass }: PacketHeader,
    before: Numbered | undefined,
  ): StreamCutter {
    const { place } = trace;
    const key = join(place, name);
    let cutter = this.#cutters.get(key);
    if (cutter === undefined) {
      const folder = join(this.#path, place);
      const isTimed = begin !== undefined && end !== undefined;
      const hasIndex = isTimed && hasFixedHead(traceClass, streamClass);
      mkdirSync(join(folder, hasIndex ? "index" : "."), { recursive: true });
      const index = hasIndex ? join(folder, "index", `${name}.idx`) : undefined;
      cutter = new StreamCutter(traceClass, join(folder, name), index, undefined);
      if (before !== undefined) cutter.goOnFrom(before);
      this.#cutters.set(key, cutter);
    }
    // Their room is taken before that of packets: a segment that fills the disk can end.
    this.#writeMetadata(trace);
    return cutter;
  }

  /**
   * Gives the segment its name, once all of it is on the disk.
   * @throws the system's error; the segment is then gone
   */
  finish(name: string, traces: Iterable<RecordedTrace>): void {
    try {
      this.#checkThere();
      this.#close(true);
      for (const trace of traces) {
        if (!this.#declare(trace)) continue;
        const folder = join(this.#path, trace.place);
        for (let path = folder; path !== this.#folder; path = dirname(path)) syncFolder(path);
      }
      renameSync(this.#path, join(this.#folder, name));
      syncFolder(this.#folder);
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  /** What others have deleted meanwhile is no whole segment. */
  #checkThere(): void {
    const metadata = [...this.#metadata.keys()].map((place) => join(this.#path, place, "metadata"));
    const areThere = [...this.#cutters.values()].every(({ isThere }) => isThere);
    if (areThere && metadata.every((path) => existsSync(path))) return;
    const gone = new Error(`ENOENT: no such file or directory, '${this.#path}' was deleted`);
    throw Object.assign(gone, { code: "ENOENT", syscall: "open", path: this.#path });
  }

  /** Takes back what a full disk has taken of the last packets only. */
  cutBack(): void {
    for (const cutter of this.#cutters.values()) cutter.cutBack();
  }

  /**
   * Writes what a trace's metadata have grown by since its last packet. A disk that has no room for it has all that packets need.
   * @returns whether the trace has metadata
   */
  #declare(trace: RecordedTrace): boolean {
    try {
      mkdirSync(join(this.#path, trace.place), { recursive: true });
      this.#writeMetadata(trace);
    } catch (error) {
      if (!isNoRoom(error)) throw error;
    }
    return this.#metadata.has(trace.place);
  }

  /** Unless what is there says as much. What is there stays until all of it is written. */
  #writeMetadata({ place, metadata }: RecordedTrace): void {
    if (this.#metadata.get(place) === metadata.length) return;
    const path = join(this.#path, place, "metadata");
    const part = join(this.#path, place, `${PART_PREFIX}metadata`);
    try {
      writeSynced(part, wholeMetadata(metadata));
      renameSync(part, path);
    } catch (error) {
      rmSync(part, { force: true });
      throw error;
    }
    this.#metadata.set(place, metadata.length);
  }

  discard(): void {
    this.#close(false);
    rmSync(this.#path, { recursive: true, force: true });
  }

  #close(isSynced: boolean): void {
    for (const cutter of this.#cutters.values()) cutter.close(isSynced);
    this.#cutters.clear();
  }
}

function writeSynced(path: string, bytes: Uint8Array): void {
  const file = openSync(path, "w");
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolder(folder: string): void {
  const directory = openSync(folder, "r");
  fsyncSync(directory);
  closeSync(directory);
}
