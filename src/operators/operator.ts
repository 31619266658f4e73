/** A step of a query behind the time order: rows in, rows out, one way. */

import type { ColumnBatch } from "../column/column.ts";
import type { ColumnRequest } from "../column/request.ts";
import type { Schema } from "../column/schema.ts";
import type { Loss } from "../feed/losses.ts";

/** Where an operator's results go: the next operator, or the sink. */
export interface Emit {
  /** @param batch borrowed until this returns */
  batch(batch: ColumnBatch): void;
  /** Everything before `ns` has been emitted. */
  watermark(ns: bigint): void;
  loss(loss: Loss): void;
  note(text: string): void;
  /** Rows that a condition on containers may have missed: their instance got no name in time. */
  unnamed(rows: number): void;
  /** No more rows are wanted: what comes before is cancelled. */
  done(): void;
}

/** What an operator does not handle is passed on as it is. */
export interface Operator {
  /** What it reads of its input behind the columns that its user asked for. */
  readonly needs?: readonly ColumnRequest[];
  /** The columns of its output; called again when live columns get their types. */
  columns?(input: Schema): Schema;
  /** @param batch in time order; borrowed until this returns */
  batch(batch: ColumnBatch, out: Emit): void;
  /** Everything before `ns` has come, except late rows. */
  watermark?(ns: bigint, out: Emit): void;
  loss?(loss: Loss, out: Emit): void;
  /** Some time has passed: called every few ten milliseconds while a live query runs. */
  tick?(out: Emit): void;
  /** Everything has come. */
  end?(out: Emit): void;
  /** The query is over, whether or not it ended. */
  close?(): void;
}
