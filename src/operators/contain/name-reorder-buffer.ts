/**
 * Live rows that wait for a container record to name their instance: the record comes a moment after the container's first
 * events, in another stream. Rows behind them wait too, so that the order of time stays.
 */

import { bytesOf, type ColumnBatch } from "../../column/column.ts";
import type { Loss } from "../../feed/losses.ts";

/** What waits, in order. */
export type Waiting =
  | { readonly kind: "rows"; readonly batch: ColumnBatch; from: number; readonly sinceMs: number }
  | { readonly kind: "watermark"; readonly ns: bigint }
  | { readonly kind: "loss"; readonly loss: Loss };

/** Rows that wait take at most this much memory; beyond it the oldest wait no longer. */
const MAX_BYTES = 64 << 20;

export class NameReorderBuffer {
  readonly #waiting: Waiting[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Whether the oldest rows must leave, named or not. */
  get isFull(): boolean {
    return this.#bytes > MAX_BYTES;
  }

  get first(): Waiting | undefined {
    return this.#waiting[0];
  }

  push(item: Waiting): void {
    const last = this.#waiting.at(-1);
    if (item.kind === "watermark" && last?.kind === "watermark") this.#waiting.pop();
    if (item.kind === "rows") this.#bytes += bytesOf(item.batch);
    this.#waiting.push(item);
  }

  shift(): void {
    const item = this.#waiting.shift();
    if (item?.kind === "rows") this.#bytes -= bytesOf(item.batch);
  }
}
