import type { ColumnBatch } from "../column/column.ts";
import type { Emit, Operator } from "./operator.ts";

/** Passes the first rows, and then cancels the query. */
export class Limit implements Operator {
  #left: number;

  constructor(rows: number) {
    this.#left = rows;
  }

  batch(batch: ColumnBatch, out: Emit): void {
    const rows = Math.min(batch.rows, this.#left);
    this.#left -= rows;
    if (rows > 0) out.batch(rows === batch.rows ? batch : { ...batch, rows });
    if (this.#left === 0) out.done();
  }
}
