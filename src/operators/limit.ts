import type { ColumnBatch } from "../column/column.ts";
import type { ColumnRequest } from "../column/request.ts";
import type { Schema } from "../column/schema.ts";
import type { Loss } from "../feed/losses.ts";
import type { Emit, Operator } from "./operator.ts";

/** Passes the first rows, and then cancels the query. */
export class Limit implements Operator {
  readonly needs: readonly ColumnRequest[] = [];
  #left: number;

  constructor(rows: number) {
    this.#left = rows;
  }

  columns(input: Schema): Schema {
    return input;
  }

  batch(batch: ColumnBatch, out: Emit): void {
    const rows = Math.min(batch.rows, this.#left);
    this.#left -= rows;
    if (rows > 0) out.batch(rows === batch.rows ? batch : { ...batch, rows });
    if (this.#left === 0) out.done();
  }

  watermark(ns: bigint, out: Emit): void {
    out.watermark(ns);
  }

  loss(loss: Loss, out: Emit): void {
    out.loss(loss);
  }

  end(): void {}
}
