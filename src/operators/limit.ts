import type { ColumnBatch } from "../column/column.ts";
import type { Emit, Operator } from "./operator.ts";

/** Passes the first rows of all, and then cancels the query; or the first of each batch. */
export class Limit implements Operator {
  readonly #of: "all" | "batch";
  #left: number;

  constructor(rows: number, of: "all" | "batch" = "all") {
    this.#left = rows;
    this.#of = of;
  }

  batch(batch: ColumnBatch, out: Emit): void {
    if (this.#of === "batch") {
      const most = Math.min(batch.rows, this.#left);
      out.batch(most === batch.rows ? batch : { ...batch, rows: most });
      return;
    }
    const rows = Math.min(batch.rows, this.#left);
    this.#left -= rows;
    if (rows > 0) out.batch(rows === batch.rows ? batch : { ...batch, rows });
    if (this.#left === 0) out.done();
  }
}
