/** Columns in which no row has a value. */

import type { Column, ColumnBatch, ColumnType, DictionaryTexts } from "./column.ts";
import { numberArray } from "./column.ts";
import type { Schema } from "./schema.ts";

const NO_TEXTS: DictionaryTexts = { size: 0, text: () => "" };

/** Rows without a value, in a column of any type. */
export function nullColumn(rows: number, type: ColumnType): Column {
  const nulls = { validity: new Uint8Array((rows + 7) >> 3), nullCount: rows };
  const offsets = (): Int32Array => new Int32Array(rows + 1);
  switch (type.kind) {
    case "null":
      return { kind: "null", ...nulls };
    case "timestamp":
      return { kind: "number", values: numberArray("int64", rows), ...nulls };
    case "number":
      return { kind: "number", values: numberArray(type.number, rows), ...nulls };
    case "utf8":
      return { kind: "utf8", offsets: offsets(), bytes: new Uint8Array(0), ...nulls };
    case "dictionary":
      return { kind: "dictionary", codes: new Int32Array(rows), dictionary: NO_TEXTS, ...nulls };
    case "list":
      return { kind: "list", offsets: offsets(), values: numberArray(type.element, 0), ...nulls };
  }
}

/** A batch in a later layout of its query: columns of nulls take the types that are known by then. */
export function fitBatch<Batch extends ColumnBatch>(batch: Batch, layout: Schema): Batch {
  const isSettled = ({ kind }: Column, i: number): boolean =>
    kind !== "null" || layout[i]?.type.kind === "null";
  if (batch.columns.every(isSettled)) return batch;
  const columns = batch.columns.map((column, i) =>
    isSettled(column, i) ? column : nullColumn(batch.rows, layout[i]!.type),
  );
  return { ...batch, columns };
}

/** The names of columns that nothing has declared so far. */
export function undeclared(layout: Schema): readonly string[] {
  return layout.filter(({ type }) => type.kind === "null").map(({ name }) => name);
}
