/** Values of single rows, for the few places that do not work column by column. */

import type { Column, ColumnBatch } from "./column.ts";
import type { Schema } from "./schema.ts";
import { isValid, type Validity } from "./validity.ts";

/** Whether a row has a value. */
export function isPresent({ validity }: Validity, row: number): boolean {
  return validity === undefined || isValid(validity, row);
}

/** The number in a row; 0 where there is none. */
export function numberAt(column: Column, row: number): number {
  return column.kind === "number" && isPresent(column, row) ? Number(column.values[row]) : 0;
}

/** The text in a row; `undefined` where there is none. */
export function textAt(column: Column, row: number): string | undefined {
  const value = valueAt(column, row);
  return typeof value === "string" ? value : undefined;
}

/**
 * Whether a row has 1 in a column of 0 and 1.
 * @param mask the column's place; without one, every row is marked
 */
export function isMarked({ columns }: ColumnBatch, mask: number | undefined, row: number): boolean {
  return mask === undefined || numberAt(columns[mask]!, row) !== 0;
}

/** What a row can hold: numbers, bigints of 64-bit columns, texts, and arrays of numbers. */
export type Value = number | bigint | string | readonly (number | bigint)[] | null;

const decoder = new TextDecoder();

/** The value in a row; `null` where there is none. */
export function valueAt(column: Column, row: number): Value {
  if (!isPresent(column, row)) return null;
  switch (column.kind) {
    case "number":
      return column.values[row]!;
    case "dictionary":
      return column.dictionary.text(column.codes[row]!);
    case "utf8":
      // A shared buffer cannot be decoded from.
      return decoder.decode(column.bytes.slice(column.offsets[row], column.offsets[row + 1]));
    case "list":
      return Array.from(
        column.values.subarray(column.offsets[row], column.offsets[row + 1]) as Float64Array,
      );
    case "null":
      return null;
  }
}

/** Reads the rows of batches by the names of their columns. */
export class RowReader {
  /** The row that is read. */
  at = 0;
  #columns = new Map<string, number>();
  #batch: ColumnBatch | undefined;

  /** The columns of the batches from here on; of several with one name the last one counts. */
  layout(columns: Schema): void {
    this.#columns = new Map(columns.map(({ name }, i) => [name, i]));
  }

  /** Goes on with the first row of a batch. */
  begin(batch: ColumnBatch): void {
    this.#batch = batch;
    this.at = 0;
  }

  /** Whether there is a column of that name that has a value in this row. */
  has(name: string): boolean {
    const column = this.#column(name);
    return column !== undefined && isPresent(column, this.at);
  }

  /** 0 where there is no number. */
  number(name: string): number {
    const column = this.#column(name);
    return column === undefined ? 0 : numberAt(column, this.at);
  }

  /** "" where there is no text. */
  text(name: string): string {
    const column = this.#column(name);
    const value = column === undefined ? null : valueAt(column, this.at);
    return typeof value === "string" ? value : "";
  }

  value(name: string): Value {
    const column = this.#column(name);
    return column === undefined ? null : valueAt(column, this.at);
  }

  /** The last element of a list; 0 where there is none. */
  lastOf(name: string): number {
    const column = this.#column(name);
    if (column?.kind !== "list" || !isPresent(column, this.at)) return 0;
    const end = column.offsets[this.at + 1]!;
    return end === column.offsets[this.at] ? 0 : Number(column.values[end - 1]);
  }

  #column(name: string): Column | undefined {
    const i = this.#columns.get(name);
    return i === undefined ? undefined : this.#batch?.columns[i];
  }
}
