/**
 * Rows that the interpreter made, in batches of their streams: a heap of streams merges them by time, and the batch under
 * assembly is a copy of their runs. Equal times are ranked.
 */

import type { StreamOrigin } from "../../base/item.ts";
import type { ColumnBatch } from "../../column/column.ts";
import { BatchGatherer } from "../../column/gather.ts";
import type { PlannedColumn } from "../../column/schema.ts";
import { BATCH_BYTES, type RowStore } from "./row-store.ts";

class OrderedStream {
  readonly origin: StreamOrigin;
  /** Decides between equal times: trace UUID, path, stream class, stream instance. */
  rank = "";
  hasEnded = false;
  readonly #batches: ColumnBatch[] = [];
  batch: ColumnBatch | undefined;
  /** Timestamps of `batch` in halves. */
  #halves: Int32Array = new Int32Array(0);
  row = 0;
  hi = 0;
  lo = 0;

  constructor(origin: StreamOrigin) {
    this.origin = origin;
  }

  /** @param from first row that counts */
  push(batch: ColumnBatch, from = 0): void {
    if (this.batch !== undefined) {
      this.#batches.push(batch);
      return;
    }
    this.#begin(batch);
    if (from > 0) this.moveTo(from);
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
   * First row of the current batch, behind the current one, that is not before (hi, lo); with `includesEqual` ties count as before.
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

export class HeapStore implements RowStore<ColumnBatch> {
  readonly isLending = false;
  readonly #streams = new Map<StreamOrigin, OrderedStream>();
  readonly #gatherer: BatchGatherer;
  lastNs: bigint | undefined;

  /** @param capacity of a batch, in rows */
  constructor(columns: readonly PlannedColumn[], capacity: number) {
    this.#gatherer = new BatchGatherer(columns, capacity);
  }

  get rows(): number {
    return this.#gatherer.rows;
  }

  get isFull(): boolean {
    const { rows, capacity, extraBytes } = this.#gatherer;
    return rows >= capacity || extraBytes >= BATCH_BYTES;
  }

  get firstNs(): bigint | undefined {
    let first: bigint | undefined;
    for (const { batch, row } of this.#streams.values()) {
      const ns = batch?.timestamps[row];
      if (ns !== undefined && (first === undefined || ns < first)) first = ns;
    }
    return first;
  }

  rank(origin: StreamOrigin, rank: string): void {
    this.#stream(origin).rank = rank;
  }

  push(origin: StreamOrigin, rows: readonly ColumnBatch[]): void {
    const stream = this.#stream(origin);
    for (const batch of rows) stream.push(batch);
  }

  /** Takes a batch of which the first rows have left already. */
  pushFrom(origin: StreamOrigin, batch: ColumnBatch, from: number): void {
    if (from < batch.rows) this.#stream(origin).push(batch, from);
  }

  countBefore(rows: readonly ColumnBatch[], before: bigint): number {
    let late = 0;
    for (const batch of rows) {
      for (let row = 0; row < batch.rows; row++) {
        if (batch.timestamps[row]! >= before) return late;
        late++;
      }
    }
    return late;
  }

  endStream(origin: StreamOrigin): void {
    const stream = this.#streams.get(origin);
    if (stream === undefined) return;
    stream.hasEnded = true;
    if (stream.batch === undefined) this.#streams.delete(origin);
  }

  merge(upTo: bigint, most: number): number {
    const hi = Number(BigInt.asIntN(32, upTo >> 32n));
    const lo = Number(BigInt.asUintN(32, upTo));
    const { rows } = this;
    this.#merge(hi, lo, rows + most);
    return this.rows - rows;
  }

  take(): ColumnBatch {
    return this.#gatherer.take();
  }

  #stream(origin: StreamOrigin): OrderedStream {
    let stream = this.#streams.get(origin);
    if (stream === undefined) {
      stream = new OrderedStream(origin);
      this.#streams.set(origin, stream);
    }
    return stream;
  }

  /** Until the batch has `most` rows, or is full. */
  #merge(hi: number, lo: number, most: number): void {
    const heap: OrderedStream[] = [];
    for (const stream of this.#streams.values()) {
      if (stream.batch !== undefined && !isBefore(hi, lo, stream.hi, stream.lo)) heap.push(stream);
    }
    for (let i = (heap.length >> 1) - 1; i >= 0; i--) siftDown(heap, i);
    while (heap.length > 0 && this.rows < most && !this.isFull) {
      const first = heap[0]!;
      const second = secondOf(heap);
      // Up to the limit, or up to where another stream's row comes first.
      const yields = second !== undefined && !isBefore(hi, lo, second.hi, second.lo);
      const end = yields
        ? first.runEnd(second.hi, second.lo, first.rank < second.rank)
        : first.runEnd(hi, lo, true);
      const { row, batch } = first;
      const gathered = this.#gatherer.append(batch!, row, Math.min(end, row + most - this.rows));
      this.lastNs = batch!.timestamps[row + gathered - 1];
      first.moveTo(row + gathered);
      if (first.batch === undefined || isBefore(hi, lo, first.hi, first.lo)) {
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
