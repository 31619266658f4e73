/** Columns under construction: append a value or a null per row, then take the batch. */

import { type Word, wordToNumber } from "../base/bits.ts";
import { grownCopy } from "../base/grow.ts";
import { TextTooLong, Utf8Writer } from "../base/utf8-writer.ts";
import type { Column, ColumnType, NumberArray, NumberType } from "./column.ts";
import { numberArray } from "./column.ts";
import { Dictionary } from "./dictionary.ts";
import { nullColumn } from "./null-column.ts";
import { MAX_TEXT_BYTES } from "./text-limit.ts";
import { ValidityBuilder } from "./validity.ts";

const FIRST_CAPACITY = 256;

/** One column of a batch under construction. */
export interface ColumnBuilder {
  appendNull(): void;
  /** Takes the last row back, if there are more than so many; also one that was begun and not ended. */
  cut(rows: number): void;
  /** The rows appended since the last `take`. */
  take(): Column;
}

export class NumberBuilder implements ColumnBuilder {
  readonly type: NumberType;
  #values: NumberArray;
  /** The same memory in halves, for 64-bit types. */
  #halves: Int32Array;
  #rows = 0;
  readonly #validity = new ValidityBuilder();

  constructor(type: NumberType) {
    this.type = type;
    this.#values = numberArray(type, FIRST_CAPACITY);
    this.#halves = halvesOf(this.#values);
  }

  /** Bytes of a value. */
  get width(): number {
    return this.#values.BYTES_PER_ELEMENT;
  }

  appendInteger(word: Word, signed: boolean): void {
    const row = this.#next();
    if (this.#values.BYTES_PER_ELEMENT === 8 && this.type !== "float64") {
      this.#halves[row * 2] = word.lo;
      this.#halves[row * 2 + 1] = word.hi;
    } else {
      const values = this.#values as Int32Array;
      values[row] =
        this.type === "float64" || this.type === "float32" ? wordToNumber(word, signed) : word.lo;
    }
  }

  appendFloat(value: number): void {
    const row = this.#next();
    (this.#values as Float64Array)[row] = value;
  }

  appendNull(): void {
    this.#validity.null(this.#next());
  }

  cut(rows: number): void {
    if (this.#rows <= rows) return;
    this.#rows = rows;
    this.#validity.cut(rows);
  }

  take(): Column {
    const rows = this.#rows;
    const values = rowsOf(this.#values, rows);
    if (values === this.#values) {
      this.#values = numberArray(this.type, Math.max(FIRST_CAPACITY, rows));
      this.#halves = halvesOf(this.#values);
    }
    this.#rows = 0;
    return { kind: "number", values, ...this.#validity.take(rows) };
  }

  #next(): number {
    if (this.#rows === this.#values.length) {
      const larger = numberArray(this.type, this.#rows * 2);
      (larger as Uint8Array).set(this.#values as Uint8Array);
      this.#values = larger;
      this.#halves = halvesOf(larger);
    }
    return this.#rows++;
  }
}

function halvesOf(values: NumberArray): Int32Array {
  return values.BYTES_PER_ELEMENT === 8 ? new Int32Array(values.buffer) : new Int32Array(0);
}

/** What holds so many rows: the array itself, or a copy of its own where most of it would stay empty. */
function rowsOf<T extends { readonly length: number; slice(from: number, to: number): T }>(
  array: T,
  rows: number,
): T {
  return rows * 4 <= array.length ? array.slice(0, rows) : array;
}

export class Utf8Builder implements ColumnBuilder {
  /** Write the row's text here, then call `endRow`. */
  writer: Utf8Writer = textWriter(4096);
  #offsets = new Int32Array(FIRST_CAPACITY + 1);
  #rows = 0;
  readonly #validity = new ValidityBuilder();

  /** @throws TextTooLong */
  endRow(): void {
    if (this.#rows + 2 > this.#offsets.length) {
      this.#offsets = grownCopy(this.#offsets, Int32Array, this.#rows + 2);
    }
    const { length, limit } = this.writer;
    if (length > limit) throw new TextTooLong();
    this.#offsets[++this.#rows] = length;
    this.writer.limit = length + MAX_TEXT_BYTES;
  }

  appendNull(): void {
    this.#validity.null(this.#rows);
    this.endRow();
  }

  cut(rows: number): void {
    if (this.#rows > rows) this.#validity.cut(rows);
    this.#rows = rows;
    this.writer.length = this.#offsets[rows]!;
    this.writer.limit = this.writer.length + MAX_TEXT_BYTES;
  }

  take(): Column {
    const rows = this.#rows;
    const { writer } = this;
    const offsets = rowsOf(this.#offsets, rows + 1);
    const bytes = rowsOf(writer.bytes, writer.length);
    if (offsets === this.#offsets)
      this.#offsets = new Int32Array(Math.max(FIRST_CAPACITY, rows) + 1);
    // One long text is no reason for room for another.
    const capacity = Math.min(Math.max(4096, writer.length), MOST_KEPT_BYTES);
    if (bytes === writer.bytes || writer.bytes.length > capacity * 4)
      this.writer = textWriter(capacity);
    this.writer.length = 0;
    this.writer.limit = MAX_TEXT_BYTES;
    this.#rows = 0;
    return { kind: "utf8", offsets, bytes, ...this.#validity.take(rows) };
  }
}

/** Room for texts that is kept from batch to batch. */
const MOST_KEPT_BYTES = 1 << 22;

function textWriter(capacity: number): Utf8Writer {
  const writer = new Utf8Writer(capacity);
  writer.limit = MAX_TEXT_BYTES;
  return writer;
}

export class DictionaryBuilder implements ColumnBuilder {
  readonly #shared: SharedDictionary;
  /** The dictionary that the rows so far refer to. */
  #dictionary: Dictionary;
  #codes = new Int32Array(FIRST_CAPACITY);
  #rows = 0;
  readonly #validity = new ValidityBuilder();

  constructor(shared: SharedDictionary) {
    this.#shared = shared;
    this.#dictionary = shared.current;
  }

  appendText(bytes: Uint8Array, from: number, to: number): void {
    const code = this.#dictionary.codeOf(bytes, from, to);
    this.#append(code === -1 ? this.#renewed().codeOf(bytes, from, to) : code);
  }

  appendString(text: string): void {
    const code = this.#dictionary.codeOfString(text);
    this.#append(code === -1 ? this.#renewed().codeOfString(text) : code);
  }

  appendNull(): void {
    this.#validity.null(this.#rows);
    this.#append(0);
  }

  cut(rows: number): void {
    if (this.#rows <= rows) return;
    this.#rows = rows;
    this.#validity.cut(rows);
  }

  take(): Column {
    const rows = this.#rows;
    const codes = rowsOf(this.#codes, rows);
    const dictionary = this.#dictionary;
    if (codes === this.#codes) this.#codes = new Int32Array(Math.max(FIRST_CAPACITY, rows));
    this.#rows = 0;
    this.#dictionary = this.#shared.current;
    return { kind: "dictionary", codes, dictionary, ...this.#validity.take(rows) };
  }

  #append(code: number): void {
    if (this.#rows === this.#codes.length)
      this.#codes = grownCopy(this.#codes, Int32Array, this.#rows + 1);
    this.#codes[this.#rows++] = code;
  }

  /** Moves this batch's rows to a fresh dictionary. */
  #renewed(): Dictionary {
    const full = this.#dictionary;
    if (this.#shared.current === full) this.#shared.current = new Dictionary();
    this.#dictionary = this.#shared.current;
    for (let i = 0; i < this.#rows; i++) {
      this.#codes[i] = this.#dictionary.codeOfString(full.text(this.#codes[i]!));
    }
    return this.#dictionary;
  }
}

/** The dictionary that all builders of one query column append to, so that their codes agree. */
export class SharedDictionary {
  current: Dictionary = new Dictionary();
}

export class ListBuilder implements ColumnBuilder {
  readonly elements: NumberBuilder;
  #elementCount = 0;
  #offsets = new Int32Array(FIRST_CAPACITY + 1);
  #rows = 0;
  readonly #validity = new ValidityBuilder();

  constructor(element: NumberType) {
    this.elements = new NumberBuilder(element);
  }

  /** Whether so many elements are no more than a row may have. */
  mayHold(count: number): boolean {
    return count * this.elements.width <= MAX_TEXT_BYTES;
  }

  /** Ends a row whose `count` elements were appended to `elements`. */
  endRow(count: number): void {
    if (this.#rows + 2 > this.#offsets.length) {
      this.#offsets = grownCopy(this.#offsets, Int32Array, this.#rows + 2);
    }
    this.#elementCount += count;
    this.#offsets[++this.#rows] = this.#elementCount;
  }

  appendNull(): void {
    this.#validity.null(this.#rows);
    this.endRow(0);
  }

  cut(rows: number): void {
    if (this.#rows > rows) this.#validity.cut(rows);
    this.#rows = rows;
    this.#elementCount = this.#offsets[rows]!;
    this.elements.cut(this.#elementCount);
  }

  take(): Column {
    const rows = this.#rows;
    const elements = this.elements.take();
    const values = elements.kind === "number" ? elements.values : new Uint8Array(0);
    const offsets = rowsOf(this.#offsets, rows + 1);
    if (offsets === this.#offsets)
      this.#offsets = new Int32Array(Math.max(FIRST_CAPACITY, rows) + 1);
    this.#rows = 0;
    this.#elementCount = 0;
    return { kind: "list", offsets, values, ...this.#validity.take(rows) };
  }
}

/** A column in which no row has a value. */
export class NullBuilder implements ColumnBuilder {
  #rows = 0;

  appendNull(): void {
    this.#rows++;
  }

  cut(rows: number): void {
    this.#rows = Math.min(this.#rows, rows);
  }

  take(): Column {
    const column = nullColumn(this.#rows, { kind: "null" });
    this.#rows = 0;
    return column;
  }
}

export type AnyBuilder =
  | NumberBuilder
  | Utf8Builder
  | DictionaryBuilder
  | ListBuilder
  | NullBuilder;

/** A builder for a column type. Timestamps are kept apart, so they have none. */
export function columnBuilder(type: ColumnType, shared: SharedDictionary): AnyBuilder {
  switch (type.kind) {
    case "timestamp":
      return new NumberBuilder("int64");
    case "number":
      return new NumberBuilder(type.number);
    case "utf8":
      return new Utf8Builder();
    case "dictionary":
      return new DictionaryBuilder(shared);
    case "list":
      return new ListBuilder(type.element);
    case "null":
      return new NullBuilder();
  }
}
