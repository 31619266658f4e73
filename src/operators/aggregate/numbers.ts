/** Numbers of columns, read row by row without bigints. */

import type { Column } from "../../column/column.ts";
import { halvesOf, isWide } from "../../column/halves.ts";

const TWO_32 = 2 ** 32;

/** Reads a column's numbers as doubles: 64-bit integers beyond 2^53 are rounded. */
export function doubleReader(column: Column): (row: number) => number {
  if (column.kind !== "number") return () => Number.NaN;
  const { values } = column;
  if (!isWide(values)) return (row) => values[row]!;
  const words = halvesOf(values);
  const isSigned = values instanceof BigInt64Array;
  return (row) => {
    const hi = words[row * 2 + 1]!;
    return (isSigned ? hi : hi >>> 0) * TWO_32 + (words[row * 2]! >>> 0);
  };
}

/** Exact sums of 64-bit integers, one for each group, as two doubles: the sums of upper and of lower halves. */
export class WideSums {
  #hi: Float64Array = new Float64Array(16);
  #lo: Float64Array = new Float64Array(16);

  grow(groups: number): void {
    if (groups <= this.#hi.length) return;
    const size = Math.max(groups, this.#hi.length * 2);
    const [hi, lo] = [new Float64Array(size), new Float64Array(size)];
    hi.set(this.#hi);
    lo.set(this.#lo);
    this.#hi = hi;
    this.#lo = lo;
  }

  get bytes(): number {
    return 2 * this.#hi.byteLength;
  }

  /** @param lo unsigned, or any double that is a whole number below 2^53 */
  add(group: number, hi: number, lo: number): void {
    const sum = this.#lo[group]! + lo;
    const carry = Math.floor(sum / TWO_32);
    this.#lo[group] = sum - carry * TWO_32;
    this.#hi[group]! += hi + carry;
  }

  merge(from: WideSums, source: number, group: number): void {
    this.add(group, from.#hi[source]!, from.#lo[source]!);
  }

  double(group: number): number {
    return this.#hi[group]! * TWO_32 + this.#lo[group]!;
  }

  /** The sum as an int64; what is beyond its range is its end. */
  int64(group: number): bigint {
    const sum = BigInt(this.#hi[group]!) * BigInt(TWO_32) + BigInt(this.#lo[group]!);
    if (sum > MAX_INT64) return MAX_INT64;
    return sum < MIN_INT64 ? MIN_INT64 : sum;
  }
}

const MAX_INT64 = (1n << 63n) - 1n;
const MIN_INT64 = -(1n << 63n);
