import { type ColumnBatch, copyBatch, takeRange } from "../column/column.ts";
import type { Emit, Operator } from "./operator.ts";

/** Keeps the last rows, and passes them when all have come. */
export class LastRows implements Operator {
  readonly #rows: number;
  readonly #kept: { readonly batch: ColumnBatch; readonly rows: number }[] = [];
  #count = 0;

  constructor(rows: number) {
    this.#rows = rows;
  }

  batch(batch: ColumnBatch): void {
    if (this.#rows === 0) return;
    this.#kept.push({ batch: { ...batch, ...copyBatch(batch) }, rows: batch.rows });
    this.#count += batch.rows;
    for (let [first] = this.#kept; first !== undefined; [first] = this.#kept) {
      if (this.#count - first.rows < this.#rows) break;
      this.#count -= first.rows;
      this.#kept.shift();
    }
  }

  end(out: Emit): void {
    let excess = Math.max(0, this.#count - this.#rows);
    for (const { batch, rows } of this.#kept) {
      const from = Math.min(excess, rows);
      excess -= from;
      if (from < rows)
        out.batch(from === 0 ? batch : { ...batch, ...takeRange(batch, from, batch.rows) });
    }
  }
}
