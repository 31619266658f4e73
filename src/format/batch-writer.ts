import type { ColumnBatch } from "../column/column.ts";
import type { PlannedColumn, Schema } from "../column/schema.ts";
import type { LineFormat } from "../scan/line-format.ts";
import type { Bytes } from "./bytes-in-order.ts";

/** Turns a query's batches into bytes of some format, batch by batch. */
export interface BatchWriter<B extends Bytes = Bytes> {
  /** What stands before the first row; the columns are known from here on. */
  begin(columns: Schema): B;
  /** What stands where the columns change: live, those that nothing declared get types (`fitBatch`). */
  change(columns: Schema): B;
  /**
   * The bytes are the caller's, who may `recycle` them; the batch is borrowed until this returns, even if bytes are
   * promised.
   * @param facts what travels beside the rows (`seq`, `watermark_ns` …), where the format has a place for it
   */
  batch(batch: ColumnBatch, facts?: ReadonlyMap<string, string>): B;
  /** Takes back a batch's bytes that are not used any more, for those of another. */
  recycle?(bytes: Uint8Array): void;
  /** The same lines for a store that writes them by itself; `undefined` if the columns are others than it can write. */
  lines?(columns: readonly PlannedColumn[]): LineFormat | undefined;
  /** A line that says what is missing here, where the format has a place for it. */
  loss?(text: string): Uint8Array;
  /** @param batches how many the output has, where not all of them are this writer's */
  end(batches?: number): B;
  /**
   * The end of an output of which the first so many bytes are kept, where those of a batch ended. Formats without it can end
   * behind any batch with what `end` gives.
   */
  endAt?(bytes: number): B;
}

export const NO_BYTES: Uint8Array = new Uint8Array(0);
