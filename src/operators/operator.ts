/** A step of a query behind the time order: rows in, rows out, one way. */

import type { ColumnBatch } from "../column/column.ts";
import type { ColumnRequest } from "../column/request.ts";
import type { Schema } from "../column/schema.ts";
import type { Loss } from "../feed/losses.ts";

/**
 * `unnamed`: rows that a condition on containers may have missed, since their instance got no name in time. `late`: rows
 * of windows that were emitted before. `unpaired`: begins without an end, and ends without a begin. `interrupted`: begins
 * whose end may be among lost events.
 */
export type CountedFact = "unnamed" | "late" | "unpaired" | "interrupted";

/** Where an operator's results go: the next operator, or the sink. */
export interface Emit {
  /** @param batch borrowed until this returns */
  batch(batch: ColumnBatch): void;
  /** Everything before `ns` has been emitted. */
  watermark(ns: bigint): void;
  loss(loss: Loss): void;
  note(text: string): void;
  /** Adds to what the totals say is missing, or known in part only. */
  count(fact: CountedFact, amount: number): void;
  /** Intervals that are still open, as rows that end where windows do: their parts count there. */
  cut(batch: ColumnBatch): void;
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
  /** Intervals that are still open, as rows that end where windows do; without this, they are dropped. */
  cut?(batch: ColumnBatch, out: Emit): void;
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
