/** Files of rows that this program wrote, as sources again: what one file gives. */

import { SourceError } from "../base/errors.ts";
import type { ColumnBatch } from "../column/column.ts";
import type { Schema } from "../column/schema.ts";

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
  const message = error instanceof Error ? error.message : String(error);
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
