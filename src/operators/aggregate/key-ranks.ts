/** Values of key columns as whole numbers in their order, so that groups can be sorted by one number each. */

import type { Column, DictionaryTexts, NumberArray } from "../../column/column.ts";
import { halvesOf } from "../../column/halves.ts";
import { isPresent } from "../../column/row-reader.ts";
import { textOrder } from "./row-order.ts";

/** Each row's rank, 0 to `count - 1`; rows of equal values have the same one, rows without a value the last. */
export interface KeyRanks {
  readonly of: Float64Array;
  readonly count: number;
}

/** Texts of a dictionary are ranked where rows use at least such a part of them, or they are few: all of them are sorted. */
const USED_PART = 1 / 4;
const FEW_TEXTS = 1024;
const TWO_32 = 2 ** 32;

/** `undefined` of columns that other code has to sort: floats, lists, dictionaries of which little is used. */
export function ranksOf(column: Column, rows: number): KeyRanks | undefined {
  const present = ranksOfValues(column, rows);
  if (present === undefined || column.validity === undefined) return present;
  const { of, count } = present;
  for (let row = 0; row < rows; row++) if (!isPresent(column, row)) of[row] = count;
  return { of, count: count + 1 };
}

function ranksOfValues(column: Column, rows: number): KeyRanks | undefined {
  switch (column.kind) {
    case "null":
      return { of: new Float64Array(rows), count: 1 };
    case "number":
      return ranksOfNumbers(column.values, rows);
    case "dictionary": {
      const { codes, dictionary } = column;
      if (dictionary.size > FEW_TEXTS && dictionary.size * USED_PART > rows) return undefined;
      const texts = ranksOfTexts(dictionary);
      const of = new Float64Array(rows);
      for (let row = 0; row < rows; row++) of[row] = texts[codes[row]!]!;
      return { of, count: dictionary.size + 1 };
    }
    default:
      return undefined;
  }
}

/** How far numbers are from the least of them; more than 2^53 is not exact, and its count says so. */
function ranksOfNumbers(values: NumberArray, rows: number): KeyRanks | undefined {
  if (values instanceof Float32Array || values instanceof Float64Array) return undefined;
  const of = new Float64Array(rows);
  if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
    let least = values[0] ?? 0n;
    for (let row = 1; row < rows; row++) if (values[row]! < least) least = values[row]!;
    const halves = halvesOf(values);
    const [leastHi, leastLo] = [Number(least >> 32n), Number(BigInt.asUintN(32, least))];
    const isSigned = values instanceof BigInt64Array;
    for (let row = 0; row < rows; row++) {
      const [lo, hi] = [halves[row * 2]! >>> 0, halves[row * 2 + 1]!];
      of[row] = ((isSigned ? hi : hi >>> 0) - leastHi) * TWO_32 + (lo - leastLo);
    }
  } else {
    let least = values[0] ?? 0;
    for (let row = 1; row < rows; row++) if (values[row]! < least) least = values[row]!;
    for (let row = 0; row < rows; row++) of[row] = values[row]! - least;
  }
  return { of, count: of.reduce((most, one) => Math.max(most, one), 0) + 1 };
}

/** The ranks of a dictionary's texts so far. */
const known = new WeakMap<DictionaryTexts, Float64Array>();

/** The rank of each text, by its code. */
function ranksOfTexts(dictionary: DictionaryTexts): Float64Array {
  const before = known.get(dictionary);
  if (before?.length === dictionary.size) return before;
  const texts = Array.from({ length: dictionary.size }, (_, code) => dictionary.text(code));
  const sorted = texts.map((_, code) => code).sort((a, b) => textOrder(texts[a]!, texts[b]!));
  const ranks = new Float64Array(texts.length);
  sorted.forEach((code, i) => {
    const previous = sorted[i - 1];
    // Bytes that are no UTF-8 may look the same.
    ranks[code] = previous !== undefined && texts[previous] === texts[code] ? ranks[previous]! : i;
  });
  known.set(dictionary, ranks);
  return ranks;
}
