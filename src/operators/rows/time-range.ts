/** Passes rows of a range of times, both ends inclusive. */

import { type ColumnBatch, takeRange } from "../../column/column.ts";
import type { Emit, Operator } from "../operator.ts";

export class TimeRange implements Operator {
  readonly #beginNs: bigint | undefined;
  readonly #endNs: bigint | undefined;

  constructor(beginNs: bigint | undefined, endNs: bigint | undefined) {
    this.#beginNs = beginNs;
    this.#endNs = endNs;
  }

  get #isOpen(): boolean {
    return this.#beginNs === undefined && this.#endNs === undefined;
  }

  batch(batch: ColumnBatch, out: Emit): void {
    if (this.#isOpen) {
      out.batch(batch);
      return;
    }
    const { rows, timestamps } = batch;
    let from = -1;
    for (let row = 0; row <= rows; row++) {
      const isWithin = row < rows && this.#has(timestamps[row]!);
      if (isWithin && from === -1) from = row;
      if (isWithin || from === -1) continue;
      out.batch(row - from === rows ? batch : takeRange(batch, from, row));
      from = -1;
    }
  }

  #has(ns: bigint): boolean {
    if (this.#beginNs !== undefined && ns < this.#beginNs) return false;
    return this.#endNs === undefined || ns <= this.#endNs;
  }
}
