/** Group keys as words: each row's keys become a few int32, equal exactly where the keys are. */

import { grownCopy } from "../../base/grow.ts";
import type { Column, ColumnBatch, DictionaryTexts, NumberArray } from "../../column/column.ts";
import { Dictionary } from "../../column/dictionary.ts";
import { isPresent } from "../../column/row-reader.ts";
import type { ColumnLayout } from "../../column/schema.ts";
import { allNull, type Validity, validityOf } from "../../column/validity.ts";

/** One key column: writes its words for the rows of a batch, and reads them back as a column. */
interface KeyColumn {
  readonly words: number;
  /** Fills word `at + i` of each row of `[from, to)`; rows are `stride` words apart, the first at `out[0]`. */
  encode(
    column: Column,
    from: number,
    to: number,
    out: Int32Array,
    at: number,
    stride: number,
  ): void;
  /** The column of some groups. */
  decode(words: Int32Array, groups: Int32Array, at: number, stride: number): Column;
  /** Of texts: what a word stands for. */
  text?(word: number): string;
}

/** The keys of a query: their words, and behind them, for each 32 keys, one word of bits that say which are null. */
export class KeyColumns {
  /** Words of a row. */
  readonly stride: number;
  readonly #columns: readonly KeyColumn[];
  readonly #at: readonly number[];
  readonly #nullWord: number;

  /** @param layouts of the key columns, none of them a list */
  constructor(layouts: readonly ColumnLayout[]) {
    this.#columns = layouts.map(keyColumn);
    const places: number[] = [];
    let at = 0;
    for (const { words } of this.#columns) {
      places.push(at);
      at += words;
    }
    this.#at = places;
    this.#nullWord = at;
    this.stride = at + ((layouts.length + 31) >> 5);
  }

  /**
   * The words of the rows `[from, to)`, in the order of the keys.
   * @param indexes where the key columns stand in the batch
   */
  encode(batch: ColumnBatch, indexes: readonly number[], from: number, to: number): Int32Array {
    const { stride } = this;
    const words = new Int32Array((to - from) * stride);
    this.#columns.forEach((key, i) => {
      const column = batch.columns[indexes[i]!]!;
      key.encode(column, from, to, words, this.#at[i]!, stride);
      if (column.validity === undefined && column.kind !== "null") return;
      for (let row = from; row < to; row++) {
        if (column.kind !== "null" && isPresent(column, row)) continue;
        const base = (row - from) * stride;
        for (let word = 0; word < key.words; word++) words[base + this.#at[i]! + word] = 0;
        words[base + this.#nullWord + (i >> 5)]! |= 1 << (i & 31);
      }
    });
    return words;
  }

  /** The text of a word of a text column. */
  text(column: number, word: number): string {
    return this.#columns[column]!.text?.(word) ?? "";
  }

  /** The words of a key that has no value in any column. */
  get nothing(): Int32Array {
    return new Int32Array(this.stride).fill(-1, this.#nullWord);
  }

  /** The key columns of some groups, whose words lie one behind the other. */
  decode(words: Int32Array, groups: Int32Array): Column[] {
    const { stride } = this;
    return this.#columns.map((key, i) => {
      const column = key.decode(words, groups, this.#at[i]!, stride);
      return { ...column, ...this.#validity(words, groups, i) };
    });
  }

  #validity(words: Int32Array, groups: Int32Array, key: number): Validity {
    const word = this.#nullWord + (key >> 5);
    const bit = 1 << (key & 31);
    return validityOf(groups.length, (i) => (words[groups[i]! * this.stride + word]! & bit) !== 0);
  }
}

function keyColumn({ type }: ColumnLayout): KeyColumn {
  switch (type.kind) {
    case "number":
      return new NumberKey(type.number.endsWith("64") ? 2 : 1, type.number);
    case "timestamp":
      return new NumberKey(2, "int64");
    case "dictionary":
    case "utf8":
      return new TextKey();
    case "null":
      return new NullKey();
    case "list":
      throw new TypeError("group keys: expected numbers or texts, got a list");
  }
}

type Number32 = Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array;

/** The bits of a number: one word, or two for 64 of them. */
class NumberKey implements KeyColumn {
  readonly words: number;
  readonly #type: string;

  constructor(words: number, type: string) {
    this.words = words;
    this.#type = type;
  }

  encode(
    column: Column,
    from: number,
    to: number,
    out: Int32Array,
    at: number,
    stride: number,
  ): void {
    if (column.kind !== "number") return;
    const { values } = column;
    if (this.words === 1 && this.#type !== "float32") {
      const numbers = values as Number32;
      for (let row = from, place = at; row < to; row++, place += stride) out[place] = numbers[row]!;
      return;
    }
    const bits = wordsOf(values);
    for (let row = from, place = at; row < to; row++, place += stride) {
      out[place] = bits[row * this.words]!;
      if (this.words === 2) out[place + 1] = bits[row * 2 + 1]!;
    }
  }

  decode(words: Int32Array, groups: Int32Array, at: number, stride: number): Column {
    const own = new Int32Array(groups.length * this.words);
    groups.forEach((group, i) => {
      for (let word = 0; word < this.words; word++)
        own[i * this.words + word] = words[group * stride + at + word]!;
    });
    const values = numbersOf(own, this.#type);
    return { kind: "number", values, validity: undefined, nullCount: 0 };
  }
}

/** The memory of an array as int32. */
function wordsOf(values: NumberArray): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.byteLength >> 2);
}

function numbersOf(words: Int32Array, type: string): NumberArray {
  switch (type) {
    case "int64":
      return new BigInt64Array(words.buffer);
    case "uint64":
      return new BigUint64Array(words.buffer);
    case "float64":
      return new Float64Array(words.buffer);
    case "float32":
      return new Float32Array(words.buffer);
    case "uint32":
      return new Uint32Array(words.buffer);
    case "int8":
      return Int8Array.from(words);
    case "int16":
      return Int16Array.from(words);
    case "uint8":
      return Uint8Array.from(words);
    case "uint16":
      return Uint16Array.from(words);
    default:
      return words;
  }
}

/** Texts by their number in a dictionary of the query's own. */
class TextKey implements KeyColumn {
  readonly words = 1;
  readonly #texts = new Dictionary(Number.MAX_SAFE_INTEGER);
  /** Own numbers by those of a dictionary that batches have; -1 where a text has not been met. */
  readonly #codes = new WeakMap<DictionaryTexts, { own: Int32Array }>();

  encode(
    column: Column,
    from: number,
    to: number,
    out: Int32Array,
    at: number,
    stride: number,
  ): void {
    if (column.kind === "utf8") {
      const { offsets, bytes } = column;
      for (let row = from, place = at; row < to; row++, place += stride)
        out[place] = this.#texts.codeOf(bytes, offsets[row]!, offsets[row + 1]!);
      return;
    }
    if (column.kind !== "dictionary" || column.dictionary.size === 0) return;
    const { codes, dictionary } = column;
    const own = this.#ownCodes(dictionary);
    for (let row = from, place = at; row < to; row++, place += stride) {
      const code = codes[row]!;
      let known = own[code]!;
      if (known === -1 && isPresent(column, row)) {
        known = this.#texts.codeOfString(dictionary.text(code));
        own[code] = known;
      }
      out[place] = known;
    }
  }

  decode(words: Int32Array, groups: Int32Array, at: number, stride: number): Column {
    const codes = groups.map((group) => words[group * stride + at]!);
    const dictionary = this.#texts;
    return { kind: "dictionary", codes, dictionary, validity: undefined, nullCount: 0 };
  }

  text(word: number): string {
    return this.#texts.text(word);
  }

  #ownCodes(dictionary: DictionaryTexts): Int32Array {
    let known = this.#codes.get(dictionary);
    if (known === undefined) {
      known = { own: new Int32Array(Math.max(64, dictionary.size)).fill(-1) };
      this.#codes.set(dictionary, known);
    }
    const { length } = known.own;
    if (length < dictionary.size)
      known.own = grownCopy(known.own, Int32Array, dictionary.size).fill(-1, length);
    return known.own;
  }
}

class NullKey implements KeyColumn {
  readonly words = 0;

  encode(): void {}

  decode(_words: Int32Array, groups: Int32Array): Column {
    return { kind: "null", validity: allNull(groups.length), nullCount: groups.length };
  }
}

/** A key as the result has it: texts by their numbers. */
export function keyLayout({ name, type, unit }: ColumnLayout): ColumnLayout {
  const own = type.kind === "utf8" ? ({ kind: "dictionary" } as const) : type;
  return { name, type: own, nullable: true, ...(unit !== undefined && { unit }) };
}
