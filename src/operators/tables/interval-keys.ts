/** Keys of intervals as numbers: equal exactly where all their values are. */

import type { ColumnBatch, DictionaryTexts } from "../../column/column.ts";
import { isPresent, valueAt } from "../../column/row-reader.ts";

/** Numbers that are remembered; beyond, they are given anew, and what is open under old ones is never ended. */
const MAX_NUMBERS = 4_000_000;

const TWO_31 = 2 ** 31;
const TWO_32 = 2 ** 32;
/** Numbers of texts and of what is joined stay below, so that one of them and an int32 fit into a double. */
const MAX_NUMBER = 2 ** 21;

export class IntervalKeys {
  readonly #allowsAbsent: boolean;
  readonly #numbers = new Map<string, number>();
  #texts = new WeakMap<DictionaryTexts, number[]>();
  #joined = new Map<number, number>();
  #next = 0;

  /** @param allowsAbsent whether having no value is a value like others */
  constructor(allowsAbsent: boolean = false) {
    this.#allowsAbsent = allowsAbsent;
  }

  /**
   * The key of a row; -1 if it lacks one of its values.
   * @param places of the columns that it is made of
   * @param name part of the key, too
   */
  of(batch: ColumnBatch, places: readonly number[], row: number, name: string): number {
    let key = name === "" ? 0 : this.#numberOf(`n ${name}`);
    for (const place of places) {
      const column = batch.columns[place]!;
      if (!isPresent(column, row)) {
        if (!this.#allowsAbsent) return -1;
        key = this.#both(key, this.#numberOf("none"));
        continue;
      }
      if (column.kind === "dictionary")
        key = this.#both(key, this.#textOf(column.dictionary, column.codes[row]!));
      else if (column.kind === "number" && column.values.BYTES_PER_ELEMENT <= 4)
        key = this.#withInteger(key, Number(column.values[row]));
      else key = this.#both(key, this.#numberOf(`v ${String(valueAt(column, row))}`));
    }
    return key;
  }

  /** A number for two, that is no other pair's. */
  #both(a: number, b: number): number {
    if (a === 0) return b;
    if (a >= MAX_NUMBER || b >= MAX_NUMBER) return this.#numberOf(`j ${a} ${b}`);
    const pair = a * MAX_NUMBER + b;
    let number = this.#joined.get(pair);
    if (number === undefined) {
      number = ++this.#next;
      this.#joined.set(pair, number);
      this.#bound();
    }
    return number;
  }

  /** Not below 2^32, so that it is no number of a text. */
  #withInteger(before: number, value: number): number {
    const isSmall = before < MAX_NUMBER && value >= -TWO_31 && value < TWO_32;
    if (!isSmall) return this.#numberOf(`i ${before} ${value}`);
    return (before + 1) * 2 * TWO_32 + value + TWO_31;
  }

  #textOf(dictionary: DictionaryTexts, code: number): number {
    let known = this.#texts.get(dictionary);
    if (known === undefined) {
      known = [];
      this.#texts.set(dictionary, known);
    }
    known[code] ??= this.#numberOf(`t ${dictionary.text(code)}`);
    return known[code];
  }

  #numberOf(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = ++this.#next;
      this.#numbers.set(text, number);
      this.#bound();
    }
    return number;
  }

  #bound(): void {
    if (this.#numbers.size + this.#joined.size <= MAX_NUMBERS) return;
    this.#numbers.clear();
    this.#joined = new Map();
    this.#texts = new WeakMap();
  }
}
