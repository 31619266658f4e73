/**
 * Until when rows may leave: each stream has a bound, its last packet's end or a beacon, and what is before the least bound
 * is safe. A stream whose bound does not move for longer than the allowed lag is passed over, and what it brings afterwards
 * is late: delivered at once, and counted.
 */

import type { StreamOrigin } from "../../base/item.ts";
import { END_OF_TIME } from "./row-store.ts";

interface BoundedStream {
  readonly origin: StreamOrigin;
  /** Nothing earlier will come; `undefined` while nothing is known. */
  bound: bigint | undefined;
  /** When the bound last moved, in ms of the given clock. */
  movedAt: number;
  isExcluded: boolean;
}

export class Watermark {
  readonly #streams = new Map<StreamOrigin, BoundedStream>();
  readonly #sourceBounds = new Map<string, bigint>();
  /** Streams that are behind their bounds, and how far they are. */
  readonly #holds = new Map<StreamOrigin, bigint>();
  /** Milliseconds that a stream's bound may stand still while others wait; `Infinity` for recorded traces. */
  readonly #maxLag: number;
  readonly #now: () => number;
  #ns: bigint | undefined;

  constructor(maxLag: number, now: () => number) {
    this.#maxLag = maxLag;
    this.#now = now;
  }

  /** No row before this time is still to come in order; ns since the Unix epoch. */
  get ns(): bigint | undefined {
    return this.#ns;
  }

  addStream(origin: StreamOrigin): void {
    this.#stream(origin);
  }

  advance(origin: StreamOrigin, bound: bigint): void {
    const stream = this.#stream(origin);
    if (stream.bound !== undefined && bound <= stream.bound) return;
    stream.bound = bound;
    stream.movedAt = this.#now();
    stream.isExcluded = false;
  }

  advanceSource(source: string, bound: bigint): void {
    this.#sourceBounds.set(source, bound);
  }

  /** Whatever the bounds say, nothing from a time on may leave; `undefined` lets go. */
  hold(origin: StreamOrigin, ns: bigint | undefined): void {
    if (ns === undefined) this.#holds.delete(origin);
    else this.#holds.set(origin, ns);
  }

  endStream(origin: StreamOrigin): void {
    this.#streams.delete(origin);
  }

  /** Rows up to this time may leave; `undefined` if none may. */
  safeUpTo(): bigint | undefined {
    let bound = this.#leastBound();
    if (bound === "unknown") return undefined;
    for (const held of this.#holds.values()) if (bound === "none" || held < bound) bound = held;
    // All have ended or are passed over: what is here may leave.
    if (bound === "none") return END_OF_TIME;
    if (this.#ns === undefined || bound > this.#ns) this.#ns = bound;
    return this.#ns - 1n;
  }

  /** Waits no longer for the streams that hold the others up most; gives whether there was one. */
  excludeSlowestStream(): boolean {
    let least: BoundedStream | undefined;
    for (const stream of this.#streams.values()) {
      if (stream.isExcluded) continue;
      if (least === undefined || isLess(this.#boundOf(stream), this.#boundOf(least)))
        least = stream;
    }
    if (least === undefined) return false;
    least.isExcluded = true;
    return true;
  }

  /** Rows up to a time have left, whether or not something earlier could still come. */
  passed(ns: bigint): void {
    if (this.#ns === undefined || ns > this.#ns) this.#ns = ns;
  }

  #stream(origin: StreamOrigin): BoundedStream {
    let stream = this.#streams.get(origin);
    if (stream === undefined) {
      stream = { origin, bound: undefined, movedAt: this.#now(), isExcluded: false };
      this.#streams.set(origin, stream);
    }
    return stream;
  }

  /** The time before which no stream will bring anything; `unknown` while one of them is, `none` if none will. */
  #leastBound(): bigint | "unknown" | "none" {
    let least: bigint | undefined;
    const now = this.#now();
    for (const stream of this.#streams.values()) {
      const bound = this.#boundOf(stream);
      if (now - stream.movedAt > this.#maxLag) stream.isExcluded = true;
      if (stream.isExcluded) continue;
      if (bound === undefined) return "unknown";
      if (least === undefined || bound < least) least = bound;
    }
    return least ?? "none";
  }

  #boundOf(stream: BoundedStream): bigint | undefined {
    const ofSource = this.#sourceBounds.get(stream.origin.trace.source);
    const isBehind =
      ofSource !== undefined && (stream.bound === undefined || ofSource > stream.bound);
    return isBehind ? ofSource : stream.bound;
  }
}

/** Nothing known is the least. */
function isLess(a: bigint | undefined, b: bigint | undefined): boolean {
  return b !== undefined && (a === undefined || a < b);
}
