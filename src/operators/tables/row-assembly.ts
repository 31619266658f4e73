/** A table's output under assembly: rows of which some columns come from events and some are the table's own. */

import type { Word } from "../../base/bits.ts";
import { grownCopy } from "../../base/grow.ts";
import type { Column, ColumnBatch } from "../../column/column.ts";
import {
  type AnyBuilder,
  columnBuilder,
  DictionaryBuilder,
  NumberBuilder,
  type SharedDictionary,
  Utf8Builder,
} from "../../column/column-builder.ts";
import { type Gatherer, gathererOf } from "../../column/gather.ts";
import { isPresent } from "../../column/row-reader.ts";
import type { Schema } from "../../column/schema.ts";
import type { OutputColumn, Side } from "./table.ts";
import { wordOf } from "./times.ts";

/** Rows of a batch, unless a table's input has fewer. */
const CAPACITY = 4096;

const encoder = new TextEncoder();

/** Values of a row's own columns: numbers (whole ones below 2^53 for integer columns), int64 in halves, texts, nothing. */
export type OwnValue = number | string | Readonly<Word> | undefined;

type Part =
  | { readonly kind: "own"; readonly name: string; readonly builder: AnyBuilder }
  | {
      readonly kind: "carried";
      readonly at: number;
      readonly from: Side;
      readonly gatherer: Gatherer;
    };

export class RowAssembly {
  rows = 0;
  readonly #parts: readonly Part[];
  /** Which own columns are wanted at all. */
  readonly wanted: ReadonlySet<string>;
  #timestamps = new BigInt64Array(256);
  #halves = new Int32Array(this.#timestamps.buffer);

  constructor(
    output: readonly OutputColumn[],
    schema: Schema,
    shared: readonly SharedDictionary[],
  ) {
    this.wanted = new Set(output.filter(({ kind }) => kind === "own").map(({ name }) => name));
    this.#parts = output.map((column, i): Part => {
      if (column.kind === "own")
        return { kind: "own", name: column.name, builder: columnBuilder(column.type, shared[i]!) };
      const { at, from } = column;
      return { kind: "carried", at, from, gatherer: gathererOf(schema[i]!.type, CAPACITY) };
    });
  }

  get isFull(): boolean {
    return this.rows === CAPACITY;
  }

  /**
   * Adds a row.
   * @param hi, lo where it stands in the order of time
   * @param begin the batch and row of its first event; `end` of its last, if there is one
   * @param own its own columns by name, asked for those that are wanted
   */
  add(
    hi: number,
    lo: number,
    begin: ColumnBatch,
    beginRow: number,
    end: ColumnBatch | undefined,
    endRow: number,
    own: (name: string) => OwnValue,
  ): void {
    if (this.rows === this.#timestamps.length) {
      this.#timestamps = grownCopy(this.#timestamps, BigInt64Array, this.rows + 1);
      this.#halves = new Int32Array(this.#timestamps.buffer);
    }
    this.#halves[this.rows * 2] = lo;
    this.#halves[this.rows * 2 + 1] = hi;
    for (const part of this.#parts) {
      if (part.kind === "own") {
        append(part.builder, own(part.name));
        continue;
      }
      const { at, from, gatherer } = part;
      const first = begin.columns[at]!;
      const last = end?.columns[at];
      const isLast =
        last !== undefined &&
        (from === "end" || (from === "either" && !isPresent(first, beginRow)));
      if (isLast) gatherer.append(last, endRow, endRow + 1);
      else if (from === "end") gatherer.appendNull();
      else gatherer.append(first, beginRow, beginRow + 1);
    }
    this.rows++;
  }

  take(): ColumnBatch {
    const { rows } = this;
    const timestamps = this.#timestamps.subarray(0, rows);
    const columns = this.#parts.map(
      (part): Column => (part.kind === "own" ? part.builder.take() : part.gatherer.take()),
    );
    this.rows = 0;
    this.#timestamps = new BigInt64Array(256);
    this.#halves = new Int32Array(this.#timestamps.buffer);
    return { rows, timestamps, columns };
  }
}

function append(builder: AnyBuilder, value: OwnValue): void {
  if (value === undefined) {
    builder.appendNull();
  } else if (builder instanceof NumberBuilder && typeof value === "object") {
    builder.appendInteger(value, true);
  } else if (builder instanceof NumberBuilder && typeof value === "number") {
    if (builder.type.startsWith("float")) builder.appendFloat(value);
    else builder.appendInteger(wordOf(value), true);
  } else if (builder instanceof DictionaryBuilder) {
    builder.appendString(String(value));
  } else if (builder instanceof Utf8Builder && typeof value === "string") {
    builder.writer.raw(encoder.encode(value));
    builder.endRow();
  } else {
    builder.appendNull();
  }
}
