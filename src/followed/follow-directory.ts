/**
 * Follows a directory that a tracer, a consumer daemon or a relay daemon writes traces to: what is there in the order of
 * time, then what comes.
 *
 * Packets are read where they lie, each as soon as it is whole. Files are known by their inodes and stay open, so that
 * neither a rotation, which moves them, nor a clear or a ring, which delete them, takes away what was not read yet; what is
 * deleted before it was opened shows by the packets' numbers.
 */

import { basename, resolve } from "node:path";
import { SourceError } from "../base/errors.ts";
import { Heap } from "../base/heap.ts";
import type { FollowState, Item, StreamOrigin } from "../base/item.ts";
import type { ReadPacketItem, TraceClassItem } from "../ctf/recorded.ts";
import type { HeldPacketItem, StoredPacket } from "../ctf/stored-packet.ts";
import { roomFor } from "../wasm/page-aligned.ts";
import type { DataFile } from "./data-file.ts";
import { Inventory } from "./inventory.ts";
import type { FollowedStream, Head, Identified } from "./stream.ts";
import type { FollowedTrace } from "./trace.ts";
import { walk } from "./walk.ts";
import { Watcher } from "./watcher.ts";

export type FollowedItem =
  | Item
  | TraceClassItem
  | ReadPacketItem
  | HeldPacketItem
  /** Once: all that was there has been handed on. */
  | { readonly kind: "caught-up"; readonly source: string };

export interface FollowDirectoryOptions {
  /** All that is there, or what comes from now on. Default `"beginning"`. */
  readonly from?: "beginning" | "now" | undefined;
  /** Waits for a directory that is not there, at first or after its end. Default false. */
  readonly wait?: boolean | undefined;
  /** Added to all times. */
  readonly clockOffsetNs?: bigint | undefined;
  /** Whether packets come as places in files that are held open, instead of bytes. */
  readonly deferPacketReads?: boolean | undefined;
  /** Ends the source quietly, without an `end` item. */
  readonly signal?: AbortSignal | undefined;
}

/** A stream that nothing was written to for so long ends, until something is. */
const QUIET_MS = 60_000;
/** How long packets are handed on before files and folders are looked at again. */
const ROUND_MS = 250;

type Items = AsyncGenerator<FollowedItem, void, void>;

/**
 * Follows all traces at and below a directory, until it is deleted.
 *
 * @param source what items name as their source
 * @throws SourceError `SOURCE_NOT_DIRECTORY`, `SOURCE_UNREADABLE`, and without `wait` `SOURCE_NOT_FOUND`
 */
export async function* followDirectory(
  source: string,
  directory: string,
  options: FollowDirectoryOptions = {},
): Items {
  const stop = new AbortController();
  const onAbort = (): void => stop.abort();
  options.signal?.addEventListener("abort", onAbort);
  if (options.signal?.aborted === true) stop.abort();
  const follower = new Follower(source, resolve(directory), options, stop.signal);
  try {
    yield* follower.items();
  } finally {
    options.signal?.removeEventListener("abort", onAbort);
    stop.abort();
    follower.close();
  }
}

class Follower {
  readonly #source: string;
  readonly #root: string;
  readonly #options: FollowDirectoryOptions;
  readonly #stop: AbortSignal;
  readonly #watcher: Watcher;
  #inventory: Inventory;
  #buffer = new Uint8Array(0);
  #isThere = false;
  /** Whether all that was there has been handed on. */
  #isCaughtUp = false;
  /** What is there before anything is handed on is passed over. */
  #skips: boolean;

  constructor(source: string, root: string, options: FollowDirectoryOptions, stop: AbortSignal) {
    this.#source = source;
    this.#root = root;
    this.#options = options;
    this.#stop = stop;
    this.#watcher = new Watcher(stop, (path) => this.#inventory.isDone(path));
    this.#skips = options.from === "now";
    this.#inventory = this.#newInventory();
  }

  close(): void {
    this.#watcher.close();
    this.#inventory.close();
  }

  async *items(): Items {
    const { wait = false } = this.#options;
    while (!this.#stop.aborted) {
      if (this.#watcher.mustSearch && !(yield* this.#search())) {
        if (this.#isThere) {
          this.#isThere = false;
          // Whatever was open is read to its end.
          while (yield* this.#drain());
          yield* this.#inventory.end();
          const { read } = this.#inventory;
          this.#inventory.close();
          this.#inventory = this.#newInventory(read);
          const next = wait ? "; waiting for the next" : "";
          yield this.#note(`${this.#root} was deleted${next}`, "waiting");
        }
        if (!wait) break;
      }
      yield* this.#inventory.growMetadata();
      const hasMoved = yield* this.#drain();
      this.#skips = false;
      yield* this.#endQuietStreams();
      if (!hasMoved) await this.#watcher.change();
    }
    if (!this.#stop.aborted) yield { kind: "end", source: this.#source };
  }

  /** Looks for what is new; gives whether the directory is there. */
  async *#search(): AsyncGenerator<FollowedItem, boolean, void> {
    const since = performance.now();
    const found = await walk(this.#root);
    this.#watcher.searched(found?.folders ?? [], performance.now() - since);
    if (found === undefined) {
      if (this.#isThere || this.#options.wait === true) return false;
      const message = `${this.#root}: expected a trace directory, got no such file or directory`;
      throw new SourceError("SOURCE_NOT_FOUND", message);
    }
    if (!this.#isThere) {
      this.#isThere = true;
      const count = found.traces.length;
      const what = count === 0 ? "no trace yet" : `${count} trace${count === 1 ? "" : "s"}`;
      yield this.#note(`following ${this.#root}: ${what}`, "attached");
    }
    yield* this.#inventory.found(found);
    return true;
  }

  /** Hands on the packets that are whole, in the order in which they begin; gives whether there were any. */
  async *#drain(): AsyncGenerator<FollowedItem, boolean, void> {
    const ready: Ready[] = [];
    // A stream's files may be in several folders: all of them are known before its first packet is chosen.
    for (const trace of this.#inventory.traces)
      for (const stream of trace.streams) yield* this.#identify(trace, stream);
    for (const trace of this.#inventory.traces) {
      for (const stream of trace.streams) {
        yield* this.#advance(trace, stream);
        if (stream.head !== undefined) ready.push({ trace, stream });
      }
    }
    // Once all streams are announced, and the earliest first: where all have been silent for long, and nothing waits for them
    // any more, one of them alone would let times pass that the others are still to come with.
    ready.sort((a, b) => (comesFirst(a, b) ? -1 : 1));
    for (const { stream } of ready) yield* this.#untilHead(stream);
    const heap = new Heap(ready, comesFirst);
    const until = performance.now() + ROUND_MS;
    for (let first = heap.first; first !== undefined; first = heap.first) {
      const { trace, stream } = first;
      const head = stream.head!;
      yield* this.#packet(stream, head);
      stream.head = undefined;
      yield* this.#advance(trace, stream);
      yield* this.#untilHead(stream);
      if (stream.head === undefined) heap.removeFirst();
      else heap.firstChanged();
      if (this.#stop.aborted || performance.now() > until) return true;
    }
    if (!this.#isCaughtUp) {
      this.#isCaughtUp = true;
      yield { kind: "caught-up", source: this.#source };
    }
    return ready.length > 0;
  }

  *#identify(trace: FollowedTrace, stream: FollowedStream): Generator<FollowedItem, void, void> {
    const { traceClass } = trace;
    if (traceClass === undefined || stream.head !== undefined) return;
    for (;;) {
      const found = stream.identify(traceClass, (file) => this.#inventory.nameOf(file));
      if (found === undefined || !(yield* this.#settle(trace, stream, found))) return;
    }
  }

  /** Puts a file where it belongs; gives whether the stream is still one of its own. */
  *#settle(
    trace: FollowedTrace,
    stream: FollowedStream,
    found: Identified,
  ): Generator<FollowedItem, boolean, void> {
    switch (found.kind) {
      case "named":
        if (trace.settle(stream) === stream) return true;
        yield* stream.end();
        return false;
      case "other":
        trace.move(found.file, found.key, this.#inventory.nameOf(found.file));
        return true;
      case "damage":
        yield* this.#announce(trace, stream);
        yield damage(stream.origin!, found.reason, found.file.path);
        this.#inventory.finish(found.file);
        return true;
    }
  }

  /** Looks for a stream's next packet. */
  *#advance(trace: FollowedTrace, stream: FollowedStream): Generator<FollowedItem, void, void> {
    const { traceClass } = trace;
    if (traceClass === undefined || stream.head !== undefined) return;
    for (;;) {
      const found = stream.next(traceClass, (file) => this.#inventory.nameOf(file));
      switch (found.kind) {
        case "named":
        case "other":
        case "damage":
          if (!(yield* this.#settle(trace, stream, found))) return;
          break;
        case "done":
          this.#inventory.finish(found.file);
          break;
        case "idle":
          // One that is written to may have events that are earlier than others'.
          if (!this.#skips && stream.files.length > 0 && !isQuiet(stream))
            yield* this.#announce(trace, stream);
          return;
        case "head":
          if (this.#skips) {
            stream.head = undefined;
            break;
          }
          yield* this.#announce(trace, stream);
          return;
      }
    }
  }

  *#announce(
    { origin: trace }: FollowedTrace,
    stream: FollowedStream,
  ): Generator<FollowedItem, void, void> {
    if (stream.origin === undefined) yield* stream.announce({ trace, name: stream.name });
  }

  /** Until a stream's next packet begins, it has nothing. */
  *#untilHead({ origin, head }: FollowedStream): Generator<FollowedItem, void, void> {
    const begin = head?.packet.begin;
    if (origin !== undefined && begin !== undefined && begin > 0n)
      yield { kind: "beacon", stream: origin, timestamp: begin - 1n };
  }

  *#packet(
    { origin: stream }: FollowedStream,
    { file, packet, header, isNarrow }: Head,
  ): Generator<FollowedItem, void, void> {
    if (stream === undefined) return;
    let bytes: Uint8Array;
    try {
      if (this.#options.deferPacketReads === true) {
        const place = { ...packet, fd: file.open() };
        yield { kind: "held-packet", stream, packet: place, header, file };
        return;
      }
      bytes = this.#bytesOf(file, packet);
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      yield { ...damage(stream, error.message, file.path), packets: 1 };
      return;
    }
    if (!isNarrow) {
      yield { kind: "packet", stream, bytes };
      return;
    }
    yield { kind: "packet", stream, bytes, packet };
    if (packet.end !== undefined) yield { kind: "beacon", stream, timestamp: packet.end };
  }

  #bytesOf(file: DataFile, { byteOffset, bytes }: StoredPacket): Uint8Array {
    this.#buffer = roomFor(this.#buffer, bytes);
    const target = this.#buffer.subarray(0, bytes);
    file.read(target, byteOffset);
    return target;
  }

  *#endQuietStreams(): Generator<FollowedItem, void, void> {
    for (const { streams } of this.#inventory.traces)
      for (const stream of streams)
        if (stream.head === undefined && isQuiet(stream)) yield* stream.end();
  }

  #newInventory(read?: Inventory["read"]): Inventory {
    const { clockOffsetNs = 0n } = this.#options;
    return new Inventory(this.#source, this.#root, basename(this.#root), clockOffsetNs, read);
  }

  #note(text: string, state: FollowState): FollowedItem {
    return { kind: "note", source: this.#source, text, state };
  }
}

interface Ready {
  readonly trace: FollowedTrace;
  readonly stream: FollowedStream;
}

/** Packets without a time go first. */
function comesFirst({ stream: a }: Ready, { stream: b }: Ready): boolean {
  const [left, right] = [a.head?.beginNs, b.head?.beginNs];
  if (left === right) return a.name < b.name;
  return left === undefined || (right !== undefined && left < right);
}

function isQuiet({ movedAtMs, files }: FollowedStream): boolean {
  return files.length === 0 || Date.now() - movedAtMs > QUIET_MS;
}

function damage(stream: StreamOrigin, message: string, path: string): Item & { kind: "gap" } {
  const reason = message.startsWith(path) ? message : `${path}: ${message}`;
  return { kind: "gap", cause: "packets", trace: stream.trace, stream, reason, packets: undefined };
}
