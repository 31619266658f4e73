/** Batches of values that are few: what a program has computed for a table. */

import type { Column, ColumnBatch } from "./column.ts";
import type { ColumnLayout, Schema } from "./schema.ts";
import { validityOf } from "./validity.ts";

/** A number in a `float64` or `int64` column, ns in a timestamp column, a text in others. */
export type PlainValue = number | bigint | string | null;

/** @param rows of one value for each column of the schema */
export function valueBatch(schema: Schema, rows: readonly (readonly PlainValue[])[]): ColumnBatch {
  const columns = schema.map((layout, i) =>
    columnOf(
      layout,
      rows.map((row) => row[i] ?? null),
    ),
  );
  return { rows: rows.length, timestamps: new BigInt64Array(rows.length), columns };
}

function columnOf({ type }: ColumnLayout, values: readonly PlainValue[]): Column {
  const validity = validityOf(values.length, (row) => values[row] === null);
  if (type.kind === "timestamp" || (type.kind === "number" && type.number === "int64")) {
    const whole = values.map((value) => (value === null ? 0n : BigInt(integer(value))));
    return { kind: "number", values: BigInt64Array.from(whole), ...validity };
  }
  if (type.kind === "number")
    return { kind: "number", values: Float64Array.from(values, Number), ...validity };
  return { ...textColumn(values.map((value) => String(value ?? ""))), ...validity };
}

function integer(value: number | bigint | string): number | bigint | string {
  return typeof value === "number" ? Math.round(value) : value;
}

function textColumn(texts: readonly string[]): Extract<Column, { kind: "utf8" }> {
  const encoder = new TextEncoder();
  const parts = texts.map((text) => encoder.encode(text));
  const offsets = new Int32Array(parts.length + 1);
  parts.forEach((part, i) => {
    offsets[i + 1] = offsets[i]! + part.length;
  });
  const bytes = new Uint8Array(offsets[parts.length]!);
  parts.forEach((part, i) => {
    bytes.set(part, offsets[i]);
  });
  return { kind: "utf8", offsets, bytes, validity: undefined, nullCount: 0 };
}
