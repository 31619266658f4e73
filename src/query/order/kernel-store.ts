import type { StreamOrigin } from "../../base/item.ts";
import type { ColumnBatch } from "../../column/column.ts";
import type { Kernel } from "../../scan/kernel/kernel.ts";
import type { Segment } from "../../scan/kernel/memory/chunk.ts";
import { KernelMerger, type Release } from "../../scan/kernel/order/merger.ts";
import type { LineFormat } from "../../scan/line-format.ts";
import type { HeapStore } from "./heap-store.ts";
import { BATCH_BYTES, type RowStore } from "./row-store.ts";

/** Rows in the kernel's memory, by stream. */
export class KernelStore implements RowStore<Segment> {
  readonly isLending = true;
  readonly #merger: KernelMerger;
  readonly #numbers = new Map<StreamOrigin, number>();
  /** Streams that may still hold rows, until their number is another's. */
  readonly #ended = new Map<number, StreamOrigin>();

  /** @param capacity of a batch, in rows */
  constructor(
    kernel: Kernel,
    capacity: number,
    release: Release = (segment) => kernel.chunks.give(segment),
    lines?: LineFormat,
  ) {
    this.#merger = new KernelMerger(kernel, capacity, BATCH_BYTES, release, lines);
  }

  get rows(): number {
    return this.#merger.rows;
  }

  get isFull(): boolean {
    return this.#merger.isFull;
  }

  get firstNs(): bigint | undefined {
    return this.#merger.firstNs;
  }

  get lastNs(): bigint | undefined {
    return this.#merger.lastNs;
  }

  rank(stream: StreamOrigin, rank: string): void {
    this.#merger.rank(this.#number(stream), rank);
  }

  push(stream: StreamOrigin, rows: readonly Segment[]): void {
    this.#merger.push(this.#number(stream), rows);
  }

  countBefore(rows: readonly Segment[], before: bigint): number {
    return this.#merger.countBefore(rows, before);
  }

  endStream(stream: StreamOrigin): void {
    const number = this.#numbers.get(stream);
    if (number === undefined) return;
    this.#merger.end(number);
    this.#numbers.delete(stream);
    this.#ended.set(number, stream);
  }

  merge(upTo: bigint, most: number): number {
    return this.#merger.merge(upTo, most);
  }

  take(): ColumnBatch {
    return this.#merger.take();
  }

  /** Everything that is held, out of the kernel's memory: another store goes on with it. */
  moveTo(store: HeapStore): void {
    const origins = new Map([...this.#numbers].map(([origin, number]) => [number, origin]));
    for (const { stream, rank, batch, from } of this.#merger.exportAll()) {
      const origin = origins.get(stream) ?? this.#ended.get(stream);
      if (origin === undefined) continue;
      store.rank(origin, rank);
      store.pushFrom(origin, batch, from);
      if (!this.#numbers.has(origin)) store.endStream(origin);
    }
  }

  #number(stream: StreamOrigin): number {
    let number = this.#numbers.get(stream);
    if (number === undefined) {
      number = this.#merger.addStream();
      this.#numbers.set(stream, number);
      this.#ended.delete(number);
    }
    return number;
  }
}
