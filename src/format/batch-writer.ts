import type { ColumnBatch } from "../column/column.ts";
import type { PlannedColumn } from "../column/layout.ts";
import type { LineFormat } from "../scan/line-format.ts";

/** Turns a query's batches into bytes of some format, batch by batch. */
export interface BatchWriter {
  /** What stands before the first row; the columns are known from here on. */
  begin(columns: readonly PlannedColumn[]): Uint8Array;
  /** What stands where the columns change: live, those that nothing declared get types (`fitBatch`). */
  change(columns: readonly PlannedColumn[]): Uint8Array;
  /**
   * The bytes are the caller's, who may `recycle` them.
   * @param facts what travels beside the rows (`seq`, `watermark_ns` …), where the format has a place for it
   */
  batch(batch: ColumnBatch, facts?: ReadonlyMap<string, string>): Uint8Array;
  /** Takes a batch's bytes back that nobody looks at any more, for those of another. */
  recycle?(bytes: Uint8Array): void;
  /** The same lines for a store that writes them by itself; `undefined` if the columns are others than it can write. */
  lines?(columns: readonly PlannedColumn[]): LineFormat | undefined;
  /** A line that says what is missing here, where the format has a place for it. */
  loss?(text: string): Uint8Array;
  end(): Uint8Array;
}

export const NO_BYTES: Uint8Array = new Uint8Array(0);
