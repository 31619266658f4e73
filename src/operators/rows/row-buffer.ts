/** Rows that are kept until all have come. */

import type { Column, ColumnBatch } from "../../column/column.ts";
import { type Gatherer, gathererOf } from "../../column/gather.ts";
import { fitBatch } from "../../column/null-column.ts";
import type { Schema } from "../../column/schema.ts";

/** Rows that the gatherers first have room for. */
const CHUNK_ROWS = 8192;

export class RowBuffer {
  rows = 0;
  #schema: Schema = [];
  #whole: ColumnBatch[] = [];

  /** Rows from here on have this layout; columns that got their types had no value before. */
  layout(schema: Schema): void {
    this.#whole = this.#whole.map((batch) => fitBatch(batch, schema));
    this.#schema = schema;
  }

  /** @param batch kept as it is */
  push(batch: ColumnBatch): void {
    this.#whole.push(batch);
    this.rows += batch.rows;
  }

  /** All rows as one batch. */
  join(): ColumnBatch {
    const [first] = this.#whole;
    if (first !== undefined && this.#whole.length === 1) return first;
    const { rows } = this;
    const timestamps = new BigInt64Array(rows);
    let at = 0;
    for (const batch of this.#whole) {
      timestamps.set(batch.timestamps.subarray(0, batch.rows), at);
      at += batch.rows;
    }
    const columns = this.#schema.map((_, i) => this.#joinColumn(i));
    return { rows, timestamps, columns };
  }

  /** Keeps these rows only. */
  replace(batch: ColumnBatch): void {
    this.#whole = batch.rows === 0 ? [] : [batch];
    this.rows = batch.rows;
  }

  #joinColumn(i: number): Column {
    const type = this.#schema[i]!.type;
    // A time of an interval's begin is no time of the row.
    const own = type.kind === "timestamp" ? ({ kind: "number", number: "int64" } as const) : type;
    const gatherer: Gatherer = gathererOf(own, Math.max(this.rows, CHUNK_ROWS));
    for (const { columns, rows } of this.#whole) gatherer.append(columns[i]!, 0, rows);
    return gatherer.take();
  }
}
