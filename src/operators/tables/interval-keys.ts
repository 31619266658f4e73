/**
 * Keys of intervals as numbers: equal exactly where all their values are. Ids of requests never come twice, so keys are
 * forgotten once no open interval has them.
 */

import { grownCopy } from "../../base/grow.ts";
import type { Column, ColumnBatch, NumberArray } from "../../column/column.ts";
import { halvesOf, isWide } from "../../column/halves.ts";
import { isPresent, valueAt } from "../../column/row-reader.ts";
import { TextMemo } from "../../column/text-memo.ts";

/** Below, forgetting is not worth its time. */
const FEW = 1 << 16;
const FIRST_PLACES = 1 << 10;

/** What a word pair of a key holds, two bits of its first word. */
const ABSENT = 0;
const INTEGER = 1;
const FLOAT = 2;
const TEXT = 3;

export class IntervalKeys {
  readonly #allowsAbsent: boolean;
  /** Words of a key: the number of its name, the kinds of its values, and two for each value. */
  readonly #stride: number;
  /** The key that is looked at, and the value whose words are taken. */
  readonly #key: Int32Array;
  readonly #float = new Float64Array(1);
  readonly #halves = new Int32Array(this.#float.buffer);
  /** By place in the key: the 64-bit integers of the batch at hand, and their halves. */
  readonly #columns: NumberArray[] = [];
  readonly #columnHalves: Int32Array[] = [];
  /** Words by number. */
  #words: Int32Array;
  #count = 0;
  /** Numbers plus one by hash; 0 is free. */
  #table = new Int32Array(FIRST_PLACES);
  #texts = new Map<string, number>();
  readonly #byCode = new TextMemo((text) => this.#textOf(text));
  #limit = FEW;

  /**
   * @param width how many columns a key is made of
   * @param allowsAbsent whether having no value is a value like others
   */
  constructor(width: number, allowsAbsent: boolean = false) {
    this.#allowsAbsent = allowsAbsent;
    // Two bits of a word say a value's kind.
    if (width > 16) throw new RangeError(`a key of ${width} columns; at most 16`);
    this.#stride = 2 + 2 * width;
    this.#key = new Int32Array(this.#stride);
    this.#words = new Int32Array(this.#stride * 64);
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#count;
  }

  /** Whether so many are remembered that `retain` is worth its time. */
  get isFull(): boolean {
    return this.#count + this.#texts.size > this.#limit;
  }

  /**
   * The key of a row, not negative; -1 if it lacks one of its values.
   * @param places of the columns that it is made of
   * @param name part of the key, too
   */
  of(batch: ColumnBatch, places: readonly number[], row: number, name: string): number {
    const key = this.#key;
    key[0] = this.#textOf(name);
    key[1] = 0;
    for (let i = 0; i < places.length; i++) {
      const kind = this.#value(batch.columns[places[i]!]!, row, i);
      if (kind === ABSENT && !this.#allowsAbsent) return -1;
      key[1] |= kind << (2 * i);
      key[2 + 2 * i] = this.#halves[0]!;
      key[3 + 2 * i] = this.#halves[1]!;
    }
    return this.#numberOf();
  }

  /**
   * Forgets all keys but some; numbers are new ones from here on.
   * @returns the new number of each, in their order
   */
  retain(numbers: readonly number[]): number[] {
    const [words, stride] = [this.#words, this.#stride];
    const texts = new Map([...this.#texts].map(([text, number]) => [number, text]));
    this.#texts = new Map();
    this.#byCode.clear();
    this.#words = new Int32Array(stride * 64);
    this.#table = new Int32Array(FIRST_PLACES);
    this.#count = 0;
    const kept = numbers.map((number) => {
      const key = this.#key;
      key.set(words.subarray(number * stride, (number + 1) * stride));
      key[0] = this.#textOf(texts.get(key[0]!)!);
      for (let i = 0; 2 + 2 * i < stride; i++) {
        const isText = ((key[1]! >>> (2 * i)) & 3) === TEXT;
        if (isText) key[2 + 2 * i] = this.#textOf(texts.get(key[2 + 2 * i]!)!);
      }
      return this.#numberOf();
    });
    this.#limit = Math.max(FEW, 2 * (this.#count + this.#texts.size));
    return kept;
  }

  /** Puts a value into the halves; gives back its kind. */
  #value(column: Column, row: number, i: number): number {
    const halves = this.#halves;
    halves[0] = 0;
    halves[1] = 0;
    if (!isPresent(column, row)) return ABSENT;
    if (column.kind === "dictionary") {
      halves[0] = this.#byCode.of(column.dictionary, column.codes[row]!);
      return TEXT;
    }
    if (column.kind !== "number") {
      halves[0] = this.#textOf(String(valueAt(column, row)));
      return TEXT;
    }
    const { values } = column;
    if (values instanceof Float64Array || values instanceof Float32Array) {
      // Both zeros are one value.
      this.#float[0] = values[row]! + 0;
      return FLOAT;
    }
    if (isWide(values)) {
      if (this.#columns[i] !== values) {
        this.#columns[i] = values;
        this.#columnHalves[i] = halvesOf(values);
      }
      halves[0] = this.#columnHalves[i]![2 * row]!;
      halves[1] = this.#columnHalves[i]![2 * row + 1]!;
      return INTEGER;
    }
    const value = values[row] as number;
    halves[0] = value;
    halves[1] = value < 0 ? -1 : 0;
    return INTEGER;
  }

  #textOf(text: string): number {
    let number = this.#texts.get(text);
    if (number === undefined) {
      number = this.#texts.size;
      this.#texts.set(text, number);
    }
    return number;
  }

  /** The number of the key that is looked at; a new one if it is new. */
  #numberOf(): number {
    const [key, stride] = [this.#key, this.#stride];
    let mask = this.#table.length - 1;
    let place = hashOf(key) & mask;
    for (let known = this.#table[place]!; known !== 0; known = this.#table[place]!) {
      if (this.#isAt(known - 1)) return known - 1;
      place = (place + 1) & mask;
    }
    const number = this.#count++;
    if (this.#count * stride > this.#words.length)
      this.#words = grownCopy(this.#words, Int32Array, this.#count * stride);
    this.#words.set(key, number * stride);
    this.#table[place] = number + 1;
    if (this.#count * 2 <= this.#table.length) return number;
    const old = this.#table;
    this.#table = new Int32Array(old.length * 2);
    mask = this.#table.length - 1;
    for (let i = 0; i < this.#count; i++) {
      let free = hashOf(this.#words.subarray(i * stride, (i + 1) * stride)) & mask;
      while (this.#table[free] !== 0) free = (free + 1) & mask;
      this.#table[free] = i + 1;
    }
    return number;
  }

  #isAt(number: number): boolean {
    const [key, words, from] = [this.#key, this.#words, number * this.#stride];
    for (let i = 0; i < key.length; i++) if (key[i] !== words[from + i]) return false;
    return true;
  }
}

function hashOf(words: Int32Array): number {
  let hash = 0;
  for (let i = 0; i < words.length; i++) {
    hash = Math.imul(hash ^ words[i]!, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}
