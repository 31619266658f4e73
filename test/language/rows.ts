/** Rows made for tests of the query language, in batches that end anywhere. */

import type { Column, ColumnBatch, ColumnType } from "../../src/column/column.ts";
import { columnBuilder, SharedDictionary } from "../../src/column/column-builder.ts";
import type { Schema } from "../../src/column/schema.ts";
import { NOTHING_SO_FAR, type ResultItem } from "../../src/query/result.ts";

export type Cell = number | string | null;

export interface RowColumn {
  readonly name: string;
  readonly kind: "text" | "integer" | "float";
}

const TYPES: Readonly<Record<RowColumn["kind"], ColumnType>> = {
  text: { kind: "dictionary" },
  integer: { kind: "number", number: "int64" },
  float: { kind: "number", number: "float64" },
};

export function schemaOf(columns: readonly RowColumn[]): Schema {
  return columns.map(({ name, kind }) => ({ name, type: TYPES[kind], nullable: true }));
}

/** @param times in ns, ascending */
export function batchOf(
  columns: readonly RowColumn[],
  times: readonly number[],
  rows: readonly (readonly Cell[])[],
): ColumnBatch {
  return {
    rows: rows.length,
    timestamps: BigInt64Array.from(times, BigInt),
    columns: columns.map(({ kind }, i) =>
      columnOf(
        TYPES[kind],
        rows.map((row) => row[i]!),
      ),
    ),
  };
}

function columnOf(type: ColumnType, cells: readonly Cell[]): Column {
  const builder = columnBuilder(type, new SharedDictionary());
  for (const cell of cells) {
    if (cell === null) builder.appendNull();
    else if (typeof cell === "string") appendText(builder, cell);
    else if (type.kind === "number" && type.number === "float64") appendFloat(builder, cell);
    else appendInteger(builder, cell);
  }
  return builder.take();
}

/** What a query's scan would give: batches, each with the watermark of its last row. */
export function itemsOf(
  columns: readonly RowColumn[],
  rows: readonly { readonly ns: number; readonly cells: readonly Cell[] }[],
  batchRows: number = 1000,
): ResultItem[] {
  const all: ResultItem[] = [{ kind: "columns", columns: schemaOf(columns) }];
  for (let at = 0; at < rows.length; at += batchRows) {
    const some = rows.slice(at, at + batchRows);
    const times = some.map(({ ns }) => ns);
    const batch = batchOf(
      columns,
      times,
      some.map(({ cells }) => cells),
    );
    all.push({ kind: "batch", batch: { ...NOTHING_SO_FAR, ...batch, seq: at } });
    all.push({ kind: "watermark", ns: BigInt(times.at(-1)!) });
  }
  return all;
}

type Builder = ReturnType<typeof columnBuilder>;

function appendText(builder: Builder, text: string): void {
  if ("appendString" in builder) builder.appendString(text);
}

function appendFloat(builder: Builder, value: number): void {
  if ("appendFloat" in builder) builder.appendFloat(value);
}

function appendInteger(builder: Builder, value: number): void {
  const hi = Math.floor(value / 2 ** 32);
  if ("appendInteger" in builder) builder.appendInteger({ hi, lo: value | 0 }, true);
}
