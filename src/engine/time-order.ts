/**
 * Restores time order over many streams: rows wait until nothing earlier can come from any other stream.
 *
 * Each stream has a bound: its last packet's end, or a beacon. Rows before the least bound are safe and leave in time
 * order; equal times are ranked as babeltrace2 ranks them. A stream whose bound does not move for longer than the
 * allowed lag is passed over, and what it brings afterwards is late: delivered at once, and counted.
 */

import type { StreamOrigin } from "../base/item.ts";
import type { ColumnBatch } from "../scan/column.ts";

/** Takes rows `[from, to)` in final order. */
export type Emit = (batch: ColumnBatch, from: number, to: number) => void;

class OrderedStream {
  readonly origin: StreamOrigin;
  /** Decides between equal times: trace UUID, path, stream class, stream instance. */
  rank = "";
  /** Nothing earlier will come; `undefined` while nothing is known. */
  bound: bigint | undefined;
  /** When the bound last moved, in ms of the given clock. */
  movedAt: number;
  hasEnded = false;
  isPassedOver = false;
  readonly #batches: ColumnBatch[] = [];
  batch: ColumnBatch | undefined;
  /** Timestamps of `batch` in halves. */
  #halves: Int32Array = new Int32Array(0);
  row = 0;
  hi = 0;
  lo = 0;

  constructor(origin: StreamOrigin, now: number) {
    this.origin = origin;
    this.movedAt = now;
  }

  push(batch: ColumnBatch): void {
    if (this.batch === undefined) this.#begin(batch);
    else this.#batches.push(batch);
  }

  /** Goes on at `row`, which may be behind the current batch's end. */
  moveTo(row: number): void {
    if (row >= this.batch!.rows) {
      this.#begin(this.#batches.shift());
      return;
    }
    this.row = row;
    this.lo = this.#halves[row * 2]! >>> 0;
    this.hi = this.#halves[row * 2 + 1]!;
  }

  /**
   * First row of the current batch, behind the current one, that is not before (hi, lo); ties count as before if told.
   * Steps double until they are too far, then halve: runs are short where streams interleave, long where they do not.
   */
  runEnd(hi: number, lo: number, includesEqual: boolean): number {
    const { rows } = this.batch!;
    let known = this.row;
    let step = 1;
    while (known + step < rows && this.#isBefore(known + step, hi, lo, includesEqual)) {
      known += step;
      step *= 2;
    }
    for (; step >= 1; step >>= 1) {
      const row = known + step;
      if (row < rows && this.#isBefore(row, hi, lo, includesEqual)) known = row;
    }
    return known + 1;
  }

  #isBefore(row: number, hi: number, lo: number, includesEqual: boolean): boolean {
    const rowHi = this.#halves[row * 2 + 1]!;
    const rowLo = this.#halves[row * 2]! >>> 0;
    return rowHi < hi || (rowHi === hi && (rowLo < lo || (includesEqual && rowLo === lo)));
  }

  #begin(batch: ColumnBatch | undefined): void {
    this.batch = batch;
    if (batch === undefined) return;
    const { buffer, byteOffset, length } = batch.timestamps;
    this.#halves = new Int32Array(buffer, byteOffset, length * 2);
    this.moveTo(0);
  }
}

const NEVER = { hi: 0x7fff_ffff, lo: 0xffff_ffff };

export class TimeOrder {
  readonly #streams = new Map<StreamOrigin, OrderedStream>();
  readonly #sourceBounds = new Map<string, bigint>();
  /** Milliseconds that a stream's bound may stand still while others wait; `Infinity` for recorded traces. */
  readonly #maxLag: number;
  readonly #now: () => number;
  #watermark: bigint | undefined;
  /** Rows that came after later ones had left. */
  lateRows = 0;
  /** Rows that wait. */
  heldRows = 0;

  constructor(maxLag: number, now: () => number) {
    this.#maxLag = maxLag;
    this.#now = now;
  }

  /** No row before this time is still to come in order; ns since the Unix epoch. */
  get watermark(): bigint | undefined {
    return this.#watermark;
  }

  addStream(origin: StreamOrigin): void {
    this.#stream(origin);
  }

  rankStream(origin: StreamOrigin, rank: string): void {
    this.#stream(origin).rank = rank;
  }

  push(origin: StreamOrigin, batch: ColumnBatch): void {
    const stream = this.#stream(origin);
    if (this.#watermark !== undefined && batch.timestamps[0]! < this.#watermark) {
      let late = 0;
      while (late < batch.rows && batch.timestamps[late]! < this.#watermark) late++;
      this.lateRows += late;
    }
    this.heldRows += batch.rows;
    stream.push(batch);
  }

  advance(origin: StreamOrigin, bound: bigint): void {
    const stream = this.#stream(origin);
    if (stream.bound !== undefined && bound <= stream.bound) return;
    stream.bound = bound;
    stream.movedAt = this.#now();
    stream.isPassedOver = false;
  }

  advanceSource(source: string, bound: bigint): void {
    this.#sourceBounds.set(source, bound);
  }

  endStream(origin: StreamOrigin): void {
    const stream = this.#streams.get(origin);
    if (stream === undefined) return;
    stream.hasEnded = true;
    if (stream.batch === undefined) this.#streams.delete(origin);
  }

  /** Emits what is safe now: rows before the least bound. */
  drain(emit: Emit): void {
    const bound = this.#leastBound();
    if (bound === "unknown") return;
    if (bound === "none") {
      // All have ended or are passed over: what is here may leave.
      this.finish(emit);
      return;
    }
    if (this.#watermark === undefined || bound > this.#watermark) this.#watermark = bound;
    const hi = Number(BigInt.asIntN(32, this.#watermark >> 32n));
    const lo = Number(BigInt.asUintN(32, this.#watermark));
    this.#merge(hi, lo, emit);
  }

  /** Emits everything, whether or not something earlier could still come. */
  finish(emit: Emit): void {
    this.#merge(NEVER.hi, NEVER.lo, (batch, from, to) => {
      const last = batch.timestamps[to - 1]!;
      if (this.#watermark === undefined || last > this.#watermark) this.#watermark = last;
      emit(batch, from, to);
    });
  }

  #stream(origin: StreamOrigin): OrderedStream {
    let stream = this.#streams.get(origin);
    if (stream === undefined) {
      stream = new OrderedStream(origin, this.#now());
      this.#streams.set(origin, stream);
    }
    return stream;
  }

  /** The time before which no stream will bring anything; `unknown` while one of them is, `none` if none will. */
  #leastBound(): bigint | "unknown" | "none" {
    let least: bigint | undefined;
    const now = this.#now();
    for (const stream of this.#streams.values()) {
      if (stream.hasEnded) continue;
      const ofSource = this.#sourceBounds.get(stream.origin.trace.source);
      const bound =
        ofSource !== undefined && (stream.bound === undefined || ofSource > stream.bound)
          ? ofSource
          : stream.bound;
      if (now - stream.movedAt > this.#maxLag) stream.isPassedOver = true;
      if (stream.isPassedOver) continue;
      if (bound === undefined) return "unknown";
      if (least === undefined || bound < least) least = bound;
    }
    return least ?? "none";
  }

  #merge(hi: number, lo: number, emit: Emit): void {
    const heap: OrderedStream[] = [];
    for (const stream of this.#streams.values()) {
      if (stream.batch !== undefined && isBefore(stream.hi, stream.lo, hi, lo)) heap.push(stream);
    }
    for (let i = (heap.length >> 1) - 1; i >= 0; i--) siftDown(heap, i);
    while (heap.length > 0) {
      const first = heap[0]!;
      const second = secondOf(heap);
      // Up to the limit, or up to where another stream's row comes first.
      const yields = second !== undefined && isBefore(second.hi, second.lo, hi, lo);
      const end = yields
        ? first.runEnd(second.hi, second.lo, first.rank < second.rank)
        : first.runEnd(hi, lo, false);
      emit(first.batch!, first.row, end);
      this.heldRows -= end - first.row;
      first.moveTo(end);
      if (first.batch === undefined || !isBefore(first.hi, first.lo, hi, lo)) {
        const last = heap.pop()!;
        if (first.hasEnded && first.batch === undefined) this.#streams.delete(first.origin);
        if (heap.length === 0) break;
        if (last !== first) heap[0] = last;
      }
      siftDown(heap, 0);
    }
  }
}

function isBefore(aHi: number, aLo: number, bHi: number, bLo: number): boolean {
  return aHi < bHi || (aHi === bHi && aLo < bLo);
}

function comesFirst(a: OrderedStream, b: OrderedStream): boolean {
  if (a.hi !== b.hi) return a.hi < b.hi;
  return a.lo !== b.lo ? a.lo < b.lo : a.rank < b.rank;
}

function secondOf(heap: readonly OrderedStream[]): OrderedStream | undefined {
  const left = heap[1];
  const right = heap[2];
  if (left === undefined || right === undefined) return left;
  return comesFirst(right, left) ? right : left;
}

function siftDown(heap: OrderedStream[], from: number): void {
  const stream = heap[from]!;
  let i = from;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && comesFirst(heap[child + 1]!, heap[child]!)) child++;
    if (!comesFirst(heap[child]!, stream)) break;
    heap[i] = heap[child]!;
    i = child;
  }
  heap[i] = stream;
}
