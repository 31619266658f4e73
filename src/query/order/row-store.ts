import type { StreamOrigin } from "../../base/item.ts";
import type { ColumnBatch } from "../../column/column.ts";

/** A batch leaves when it holds this many rows, or this many bytes of texts and lists. */
export const BATCH_ROWS = 8192;
export const BATCH_BYTES: number = 1 << 20;

/** The last time that there is, ns since the Unix epoch: up to it is everything. */
export const END_OF_TIME: bigint = (1n << 63n) - 1n;

/**
 * Rows of many streams until their time comes, and the batch that is put together of them. `Rows` is what the executor's
 * scanner gives.
 */
export interface RowStore<Rows> {
  /** Rows of the batch under assembly. */
  readonly rows: number;
  /** Whether the batch has all that it should hold. */
  readonly isFull: boolean;
  /** Time of the first row that is still held; `undefined` if none is. */
  readonly firstNs: bigint | undefined;
  /** Time of the batch's last row. */
  readonly lastNs: bigint | undefined;
  /** Decides between equal times of different streams: the less goes first. */
  rank(stream: StreamOrigin, rank: string): void;
  push(stream: StreamOrigin, rows: readonly Rows[]): void;
  /** How many rows of a scan are before a time: those that come late. */
  countBefore(rows: readonly Rows[], before: bigint): number;
  /** No more rows will come; what is held still leaves in order. */
  endStream(stream: StreamOrigin): void;
  /** Moves rows up to a time into the batch, at most so many, until it is full; returns how many. */
  merge(upTo: bigint, most: number): number;
  /** Whether taken batches are borrowed until the next `merge`. */
  readonly isLending: boolean;
  /** The batch's rows; the next batch begins. */
  take(): ColumnBatch;
}
