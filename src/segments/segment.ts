/** Files of rows that this program wrote, as sources again: what one file gives. */

import { SourceError } from "../base/errors.ts";
import { messageOf } from "../base/system-error.ts";
import type { ColumnBatch } from "../column/column.ts";
import type { Schema } from "../column/schema.ts";
import { readAt } from "../ctf/data-files.ts";

/** What a file of rows gives: its columns, then rows, then what travelled beside them last. */
export type SegmentItem =
  | { readonly kind: "columns"; readonly columns: Schema }
  | { readonly kind: "batch"; readonly batch: ColumnBatch; readonly facts: Facts }
  | { readonly kind: "facts"; readonly facts: Facts };

/** Totals of the query that wrote the rows, by the names that `batchFacts` gives them. */
export type Facts = ReadonlyMap<string, string>;

/** What is read at once may not be longer. */
export const MAX_METADATA_BYTES: number = 64 << 20;
export const MAX_BLOCK_BYTES: number = 1 << 30;

/** @throws SourceError `SEGMENT_DAMAGED` for what a library throws over a file; errors with codes of their own pass */
export function damaged(path: string, error: unknown): SourceError {
  if (error instanceof SourceError) return error;
  const message = messageOf(error);
  return new SourceError("SEGMENT_DAMAGED", `${path}: expected a whole file, got: ${message}`, {
    cause: error,
  });
}

export function wrongType(path: string, column: string, type: string): SourceError {
  return new SourceError(
    "SEGMENT_TYPE",
    `${path}: column ${column}: expected an integer, a float, a text, a list of numbers or timestamp[ns], got ${type}`,
  );
}

/**
 * Bytes that a file has.
 * @throws SourceError `SEGMENT_CUT`
 */
export function readBytes(
  path: string,
  fd: number,
  at: number,
  length: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  if (readAt(path, fd, bytes, at) === length) return bytes;
  throw new SourceError("SEGMENT_CUT", `${path}: the file became shorter`);
}

/** The place of the column that rows are ordered by; -1 where they have no times. */
export function timesAt(columns: Schema): number {
  return columns.findIndex(({ name, type }) => name === "timestamp" && type.kind === "timestamp");
}

/** What rows are ordered by: the column `timestamp`, else nothing. */
export function timesOf(
  schema: Schema,
  columns: ColumnBatch["columns"],
  rows: number,
): BigInt64Array {
  const column = columns[timesAt(schema)];
  const values = column?.kind === "number" ? column.values : undefined;
  return values instanceof BigInt64Array ? values : new BigInt64Array(rows);
}
