/** What a followed directory is known to hold: chunks of metadata, traces and files, as one walk after the other finds them. */

import type { Item, TraceOrigin } from "../base/item.ts";
import { MetadataReader } from "../ctf/metadata.ts";
import type { TraceClassItem } from "../ctf/recorded.ts";
import { DataFile, type DoneFile, isSameFile, isUnchanged } from "./data-file.ts";
import { Chunk, FollowedTrace, missing } from "./trace.ts";
import { type Found, type FoundFile, isArchived, lastingPath } from "./walk.ts";

/** Files that stay open, so that they can be read to their end whatever is done to their names. */
const MOST_OPEN = 512;

/** A trace whose directory has gone may come back: a clear deletes its files and makes new ones. */
const GRACE_MS = 3000;
/** The signs of one clear come within this time. */
const CLEAR_MS = 2000;

type Items = Generator<Item | TraceClassItem, void, void>;

export class Inventory {
  readonly traces: Set<FollowedTrace> = new Set();
  readonly #source: string;
  readonly #root: string;
  readonly #session: string;
  readonly #clockOffsetNs: bigint;
  #clearedAt = Number.NEGATIVE_INFINITY;
  readonly #byUuid = new Map<string, FollowedTrace>();
  /** By the id of their `metadata` file. */
  readonly #chunks = new Map<string, Chunk>();
  readonly #open = new Map<string, DataFile>();
  readonly #done: Map<string, DoneFile>;
  readonly #donePaths = new Set<string>();
  /** What the last walk could not find all of, and why. */
  #problems: ReadonlySet<string> = new Set();

  /** @param read how far files were read before: those of a directory that comes back go on there */
  constructor(
    source: string,
    root: string,
    session: string,
    clockOffsetNs: bigint,
    read: ReadonlyMap<string, DoneFile> = new Map(),
  ) {
    this.#done = new Map(read);
    this.#source = source;
    this.#root = root;
    this.#session = session;
    this.#clockOffsetNs = clockOffsetNs;
  }

  /** How far files were read. */
  get read(): ReadonlyMap<string, DoneFile> {
    const open = [...this.#open].map(([id, file]) => [id, file.soFar()] as const);
    return new Map([...this.#done, ...open]);
  }

  /** Takes note of what a walk has found. */
  *found({ traces, problems }: Found): Items {
    for (const problem of problems)
      if (!this.#problems.has(problem)) yield missing(undefined, problem);
    this.#problems = new Set(problems);
    const chunks = new Set<string>();
    const files = new Set<string>();
    this.#donePaths.clear();
    for (const { path, metadata, files: data } of traces) {
      const chunk = this.#chunks.get(metadata.id) ?? new Chunk(path);
      chunk.path = path;
      this.#chunks.set(metadata.id, chunk);
      chunks.add(metadata.id);
      for (const file of data) {
        files.add(file.id);
        this.#foundFile(file, chunk);
      }
    }
    for (const id of this.#done.keys()) if (!files.has(id)) this.#done.delete(id);
    yield* this.#forget(chunks);
    yield* this.growMetadata();
  }

  /** Reads what was added to metadata. */
  *growMetadata(): Items {
    for (const chunk of this.#chunks.values()) {
      const hasGrown = chunk.grow();
      if (chunk.isAnew) yield* this.cleared();
      chunk.isAnew = false;
      if (!hasGrown) {
        if (chunk.error !== undefined && chunk.trace === undefined) yield* this.#refuse(chunk);
        else if (chunk.trace === undefined) yield* this.#noteWaiting(chunk);
        continue;
      }
      if (chunk.trace === undefined) yield* this.#assign(chunk);
      else yield* chunk.trace.take(chunk);
    }
  }

  /** Where a file lies or will lie when rotations are over. */
  nameOf(file: DataFile): string {
    return lastingPath(this.#root, file.path);
  }

  /** Something shows that a session was cleared: all of its files show it, one after the other. */
  *cleared(): Items {
    const now = performance.now();
    const isKnown = now - this.#clearedAt < CLEAR_MS;
    this.#clearedAt = now;
    if (!isKnown) yield cleared(this.#root);
  }

  /** Whether a file was read to its end, so that only a ring of files writes to it again. */
  isDone(path: string): boolean {
    return this.#donePaths.has(path);
  }

  /** A file was read to its end, or cannot be read on. */
  finish(file: DataFile): void {
    this.#open.delete(file.id);
    const done = file.done();
    if (file.isDeleted) return;
    this.#done.set(file.id, done);
    this.#donePaths.add(file.path);
  }

  *end(): Items {
    for (const trace of this.traces) yield* this.#endTrace(trace);
  }

  close(): void {
    for (const file of this.#open.values()) file.close();
    for (const chunk of this.#chunks.values()) chunk.close();
  }

  #foundFile(found: FoundFile, chunk: Chunk): void {
    const known = this.#open.get(found.id);
    if (known !== undefined) {
      known.path = found.path;
      return;
    }
    const done = this.#done.get(found.id);
    if (done !== undefined && isUnchanged(done, found)) {
      this.#donePaths.add(found.path);
      return;
    }
    const file = new DataFile(found);
    if (done !== undefined && isSameFile(done, found)) file.offset = done.size;
    this.#done.delete(found.id);
    if (this.#open.size < MOST_OPEN) {
      try {
        file.open();
      } catch {
        // It has gone, or may not be read: that shows when it is looked at.
      }
    }
    this.#open.set(file.id, file);
    if (chunk.trace === undefined) chunk.waiting.push(file);
    else chunk.trace.adopt(file, this.nameOf(file));
  }

  /** Finds out whose metadata these are. */
  *#assign(chunk: Chunk): Items {
    const reader = new MetadataReader(this.#clockOffsetNs);
    let uuid: Uint8Array | undefined;
    try {
      const traceClass = reader.append(Buffer.from(chunk.text));
      if (traceClass === undefined) return;
      ({ uuid } = traceClass);
    } catch {
      // The trace of its own that it now becomes says what is wrong.
    }
    const key = uuid === undefined ? chunk.path : Buffer.from(uuid).toString("hex");
    let trace = this.#byUuid.get(key);
    if (trace === undefined) {
      const path = lastingPath(this.#root, chunk.path);
      const origin: TraceOrigin = {
        host: undefined,
        session: this.#session,
        path,
        source: this.#source,
      };
      trace = new FollowedTrace(origin, this.#clockOffsetNs);
      this.#byUuid.set(key, trace);
      this.traces.add(trace);
      yield { kind: "trace", trace: origin };
    }
    chunk.trace = trace;
    trace.chunks.add(chunk);
    if (trace.lost.delete(this.#placeOf(chunk))) yield* this.cleared();
    yield* trace.take(chunk);
    // The numbers of a stream's packets do not show what there was before the first one that is read.
    if (chunk.waiting.some(({ isOverwritten }) => isOverwritten))
      yield missing(
        trace.origin,
        `${chunk.path}: packets were written over before their metadata came`,
      );
    for (const file of chunk.waiting.splice(0)) trace.adopt(file, this.nameOf(file));
  }

  #placeOf({ path }: Chunk): string {
    return lastingPath(this.#root, path);
  }

  *#refuse(chunk: Chunk): Items {
    const { error } = chunk;
    if (error === undefined || chunk.isReported) return;
    chunk.isReported = true;
    yield missing(undefined, `${chunk.path}/metadata: ${error.message}`);
  }

  /** Local sessions of LTTng write metadata when a buffer of them is full, or their channel's switch timer says so. */
  *#noteWaiting(chunk: Chunk): Items {
    for (const file of chunk.waiting) file.look();
    if (chunk.isReported || chunk.waiting.every(({ size }) => size === 0)) return;
    chunk.isReported = true;
    const text = `${chunk.path}: packets wait for metadata that are not written yet`;
    yield { kind: "note", source: this.#source, text };
  }

  /** Chunks that are not there any more, and traces without any. */
  *#forget(there: ReadonlySet<string>): Items {
    let isCleared = false;
    for (const [id, chunk] of this.#chunks) {
      if (there.has(id)) continue;
      this.#chunks.delete(id);
      chunk.close();
      const { trace } = chunk;
      trace?.chunks.delete(chunk);
      if (trace === undefined || isArchived(chunk.path)) continue;
      // A rotation would have moved it: a clear puts another in its place.
      const place = this.#placeOf(chunk);
      const isReplaced = [...trace.chunks].some((other) => this.#placeOf(other) === place);
      if (isReplaced) isCleared = true;
      else trace.lost.add(place);
      if (trace.chunks.size === 0) trace.lostAtMs = performance.now();
    }
    if (isCleared) yield* this.cleared();
    for (const trace of this.traces) {
      const isGone = trace.chunks.size === 0 && performance.now() - trace.lostAtMs > GRACE_MS;
      if (isGone && [...trace.streams].every(isEmpty)) yield* this.#endTrace(trace);
    }
  }

  *#endTrace(trace: FollowedTrace): Items {
    for (const stream of trace.streams) yield* stream.end();
    yield { kind: "trace-end", trace: trace.origin };
    this.traces.delete(trace);
    for (const [key, one] of this.#byUuid) if (one === trace) this.#byUuid.delete(key);
  }
}

function isEmpty({ files, head }: { files: readonly DataFile[]; head: unknown }): boolean {
  return files.length === 0 && head === undefined;
}

function cleared(root: string): Item {
  const reason = `${root} was cleared: what was not read before is gone`;
  return {
    kind: "gap",
    cause: "clear",
    trace: undefined,
    stream: undefined,
    reason,
    packets: 0,
  };
}
