/** Output batches under assembly: copies runs of rows out of stream batches, column by column. */

import { grownCopy } from "../base/grow.ts";
import type {
  Column,
  ColumnBatch,
  ColumnType,
  DictionaryTexts,
  NumberArray,
  NumberType,
} from "./column.ts";
import { numberArray } from "./column.ts";
import { Dictionary } from "./dictionary.ts";
import { nullColumn } from "./null-column.ts";
import type { Schema } from "./schema.ts";
import { ValidityGatherer } from "./validity.ts";

/** Takes rows `[from, to)` of a column of its own type. */
export interface Gatherer {
  append(column: Column, from: number, to: number): void;
  /** Takes a row without a value. */
  appendNull(): void;
  take(): Column;
  /** Bytes of variable-size data gathered so far. */
  readonly extraBytes: number;
}

/** One batch being put together. `capacity` is in rows. */
export class BatchGatherer {
  readonly capacity: number;
  rows = 0;
  #timestamps: BigInt64Array;
  readonly #columns: Schema;
  readonly #gatherers: readonly Gatherer[];

  constructor(columns: Schema, capacity: number) {
    this.capacity = capacity;
    this.#columns = columns;
    this.#timestamps = new BigInt64Array(capacity);
    this.#gatherers = columns.map(({ type }) => gathererOf(type, capacity));
  }

  /** Bytes of texts and lists: what can make a batch large though its rows are few. */
  get extraBytes(): number {
    let bytes = 0;
    for (const { extraBytes } of this.#gatherers) bytes += extraBytes;
    return bytes;
  }

  /** Appends as many rows of `[from, to)` as there is room for; returns how many. */
  append(batch: ColumnBatch, from: number, to: number): number {
    const count = Math.min(to - from, this.capacity - this.rows);
    const end = from + count;
    copyNumbers(this.#timestamps, this.rows, batch.timestamps, from, end);
    for (let i = 0; i < this.#gatherers.length; i++) {
      this.#gatherers[i]!.append(batch.columns[i]!, from, end);
    }
    this.rows += count;
    return count;
  }

  take(): ColumnBatch {
    const { rows } = this;
    const timestamps = this.#timestamps.subarray(0, rows);
    const columns = this.#gatherers.map((gatherer, i): Column => {
      const column = gatherer.take();
      const isTime = this.#columns[i]!.type.kind === "timestamp";
      return isTime && column.kind === "number" ? { ...column, values: timestamps } : column;
    });
    this.rows = 0;
    this.#timestamps = new BigInt64Array(this.capacity);
    return { rows, timestamps, columns };
  }
}

/** A gatherer of a type; `capacity` is in rows. */
export function gathererOf(type: ColumnType, capacity: number): Gatherer {
  switch (type.kind) {
    case "timestamp":
      return new TimeGatherer(capacity);
    case "number":
      return new NumberGatherer(type.number, capacity);
    case "utf8":
      return new Utf8Gatherer(capacity);
    case "dictionary":
      return new DictionaryGatherer(capacity);
    case "list":
      return new ListGatherer(type.element, capacity);
    case "null":
      return new NullGatherer();
  }
}

const NO_TIMES = new BigInt64Array(0);

/** Which rows have a time: the times are gathered once for the batch. */
class TimeGatherer implements Gatherer {
  readonly extraBytes = 0;
  readonly #validity: ValidityGatherer;
  #rows = 0;

  constructor(capacity: number) {
    this.#validity = new ValidityGatherer(capacity);
  }

  append(column: Column, from: number, to: number): void {
    this.#validity.append(column, from, to, this.#rows);
    this.#rows += to - from;
  }

  appendNull(): void {
    this.#validity.null(this.#rows++);
  }

  take(): Column {
    this.#rows = 0;
    return { kind: "number", values: NO_TIMES, ...this.#validity.take() };
  }
}

class NullGatherer implements Gatherer {
  readonly extraBytes = 0;
  #rows = 0;

  append(_column: Column, from: number, to: number): void {
    this.#rows += to - from;
  }

  appendNull(): void {
    this.#rows++;
  }

  take(): Column {
    const column = nullColumn(this.#rows, { kind: "null" });
    this.#rows = 0;
    return column;
  }
}

/** Runs of a few rows are copied one by one: a `subarray` and `set` cost more than they move. */
const SHORT_RUN = 8;

function copyNumbers(
  target: NumberArray,
  at: number,
  source: NumberArray,
  from: number,
  to: number,
): void {
  if (to - from > SHORT_RUN) {
    (target as Uint8Array).set((source as Uint8Array).subarray(from, to), at);
    return;
  }
  // One cast for all widths: both arrays are of the same type.
  const from8 = source as Uint8Array;
  const to8 = target as Uint8Array;
  for (let i = from, j = at; i < to; i++, j++) to8[j] = from8[i]!;
}

class NumberGatherer implements Gatherer {
  readonly extraBytes = 0;
  readonly #type: NumberType;
  readonly #capacity: number;
  readonly #validity: ValidityGatherer;
  #values: NumberArray;
  #rows = 0;

  constructor(type: NumberType, capacity: number) {
    this.#type = type;
    this.#capacity = capacity;
    this.#values = numberArray(type, capacity);
    this.#validity = new ValidityGatherer(capacity);
  }

  append(column: Column, from: number, to: number): void {
    if (column.kind !== "number") return;
    copyNumbers(this.#values, this.#rows, column.values, from, to);
    this.#validity.append(column, from, to, this.#rows);
    this.#rows += to - from;
  }

  appendNull(): void {
    this.#validity.null(this.#rows++);
  }

  take(): Column {
    const values = this.#values.subarray(0, this.#rows) as NumberArray;
    this.#values = numberArray(this.#type, this.#capacity);
    this.#rows = 0;
    return { kind: "number", values, ...this.#validity.take() };
  }
}

class Utf8Gatherer implements Gatherer {
  readonly #capacity: number;
  readonly #validity: ValidityGatherer;
  #offsets: Int32Array;
  #bytes: Uint8Array;
  #rows = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#offsets = new Int32Array(capacity + 1);
    this.#bytes = new Uint8Array(capacity * 16);
    this.#validity = new ValidityGatherer(capacity);
  }

  get extraBytes(): number {
    return this.#offsets[this.#rows]!;
  }

  append(column: Column, from: number, to: number): void {
    if (column.kind !== "utf8") return;
    const start = column.offsets[from]!;
    const length = column.offsets[to]! - start;
    const at = this.#offsets[this.#rows]!;
    if (at + length > this.#bytes.length)
      this.#bytes = grownCopy(this.#bytes, Uint8Array, at + length);
    this.#bytes.set(column.bytes.subarray(start, start + length), at);
    this.#validity.append(column, from, to, this.#rows);
    for (let i = from; i < to; i++)
      this.#offsets[++this.#rows] = column.offsets[i + 1]! - start + at;
  }

  appendNull(): void {
    this.#validity.null(this.#rows);
    this.#offsets[this.#rows + 1] = this.#offsets[this.#rows]!;
    this.#rows++;
  }

  take(): Column {
    const offsets = this.#offsets.subarray(0, this.#rows + 1);
    const bytes = this.#bytes.subarray(0, this.extraBytes);
    this.#offsets = new Int32Array(this.#capacity + 1);
    this.#bytes = new Uint8Array(this.#bytes.length);
    this.#rows = 0;
    return { kind: "utf8", offsets, bytes, ...this.#validity.take() };
  }
}

class DictionaryGatherer implements Gatherer {
  readonly extraBytes = 0;
  readonly #capacity: number;
  readonly #validity: ValidityGatherer;
  #dictionary: DictionaryTexts | undefined;
  #codes: Int32Array;
  #rows = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#codes = new Int32Array(capacity);
    this.#validity = new ValidityGatherer(capacity);
  }

  append(column: Column, from: number, to: number): void {
    if (column.kind !== "dictionary") return;
    this.#dictionary ??= column.dictionary;
    if (this.#dictionary === column.dictionary)
      copyNumbers(this.#codes, this.#rows, column.codes, from, to);
    else this.#recode(column.codes, column.dictionary, from, to);
    this.#validity.append(column, from, to, this.#rows);
    this.#rows += to - from;
  }

  appendNull(): void {
    this.#codes[this.#rows] = 0;
    this.#validity.null(this.#rows++);
  }

  take(): Column {
    const codes = this.#codes.subarray(0, this.#rows);
    const dictionary = this.#dictionary ?? new Dictionary();
    this.#codes = new Int32Array(this.#capacity);
    this.#rows = 0;
    this.#dictionary = undefined;
    return { kind: "dictionary", codes, dictionary, ...this.#validity.take() };
  }

  /** Rows from before and after a full dictionary was replaced meet in one batch: it gets a dictionary of its own. */
  #recode(codes: Int32Array, dictionary: DictionaryTexts, from: number, to: number): void {
    const own = new Dictionary(Number.MAX_SAFE_INTEGER);
    const old = this.#dictionary!;
    for (let i = 0; i < this.#rows; i++)
      this.#codes[i] = own.codeOfString(old.text(this.#codes[i]!));
    for (let i = from; i < to; i++) {
      const text = dictionary.size === 0 ? "" : dictionary.text(codes[i]!);
      this.#codes[this.#rows + i - from] = own.codeOfString(text);
    }
    this.#dictionary = own;
  }
}

class ListGatherer implements Gatherer {
  readonly #element: NumberType;
  readonly #capacity: number;
  readonly #validity: ValidityGatherer;
  #offsets: Int32Array;
  #values: NumberArray;
  #rows = 0;

  constructor(element: NumberType, capacity: number) {
    this.#element = element;
    this.#capacity = capacity;
    this.#offsets = new Int32Array(capacity + 1);
    this.#values = numberArray(element, capacity);
    this.#validity = new ValidityGatherer(capacity);
  }

  get extraBytes(): number {
    return this.#offsets[this.#rows]! * this.#values.BYTES_PER_ELEMENT;
  }

  append(column: Column, from: number, to: number): void {
    if (column.kind !== "list") return;
    const start = column.offsets[from]!;
    const length = column.offsets[to]! - start;
    const at = this.#offsets[this.#rows]!;
    if (at + length > this.#values.length) {
      const larger = numberArray(this.#element, Math.max(at + length, this.#values.length * 2));
      copyNumbers(larger, 0, this.#values, 0, at);
      this.#values = larger;
    }
    copyNumbers(this.#values, at, column.values, start, start + length);
    this.#validity.append(column, from, to, this.#rows);
    for (let i = from; i < to; i++)
      this.#offsets[++this.#rows] = column.offsets[i + 1]! - start + at;
  }

  appendNull(): void {
    this.#validity.null(this.#rows);
    this.#offsets[this.#rows + 1] = this.#offsets[this.#rows]!;
    this.#rows++;
  }

  take(): Column {
    const offsets = this.#offsets.subarray(0, this.#rows + 1);
    const values = this.#values.subarray(0, this.#offsets[this.#rows]) as NumberArray;
    this.#offsets = new Int32Array(this.#capacity + 1);
    this.#values = numberArray(this.#element, this.#capacity);
    this.#rows = 0;
    return { kind: "list", offsets, values, ...this.#validity.take() };
  }
}
