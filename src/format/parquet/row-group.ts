/** The rows of a row group, column by column, until there are enough of them. */

import type { Column, ColumnBatch, NumberArray } from "../../column/column.ts";
import { valueAt } from "../../column/row-reader.ts";
import type { ColumnLayout, Schema } from "../../column/schema.ts";

/** A column's values as the Parquet writer takes them; `null` where a row has none. */
export type Values = NumberArray | unknown[];

export class RowGroup {
  readonly #columns: readonly Gathered[];
  rows = 0;
  /** About how much memory the values take, bytes. */
  bytes = 0;

  constructor(columns: Schema) {
    this.#columns = columns.map((column) => new Gathered(column));
  }

  add(batch: ColumnBatch): void {
    this.rows += batch.rows;
    this.#columns.forEach((gathered, i) => {
      this.bytes += gathered.add(batch.columns[i]!, batch.rows);
    });
  }

  /** Each column's values; the group begins anew. */
  take(): readonly { readonly name: string; readonly data: Values }[] {
    this.rows = 0;
    this.bytes = 0;
    return this.#columns.map((gathered) => ({ name: gathered.name, data: gathered.take() }));
  }
}

/** The values of one column. Numbers stay in typed arrays while every row has one. */
class Gathered {
  readonly name: string;
  #parts: NumberArray[] = [];
  #values: unknown[] | undefined;

  constructor({ name }: ColumnLayout) {
    this.name = name;
  }

  /** @returns about how many bytes that takes */
  add(column: Column, rows: number): number {
    if (column.kind === "number" && column.validity === undefined && this.#values === undefined) {
      const part = column.values.slice(0, rows) as NumberArray;
      this.#parts.push(part);
      return part.byteLength;
    }
    this.#values ??= this.#parts.flatMap((part): unknown[] => Array.from<unknown>(part));
    this.#parts = [];
    let bytes = 0;
    for (let row = 0; row < rows; row++) {
      const value = valueAt(column, row);
      bytes += typeof value === "string" ? value.length + 8 : 8;
      this.#values.push(value);
    }
    return bytes;
  }

  take(): Values {
    const values = this.#values ?? joined(this.#parts);
    this.#parts = [];
    this.#values = undefined;
    return values;
  }
}

function joined(parts: readonly NumberArray[]): Values {
  const [first] = parts;
  if (first === undefined) return [];
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const all = new (first.constructor as new (length: number) => NumberArray)(length);
  let at = 0;
  for (const part of parts) {
    all.set(part as never, at);
    at += part.length;
  }
  return all;
}
