/** What one aggregate knows of each group. */

import type { Column, ColumnBatch, ColumnType } from "../../column/column.ts";
import { type Validity, validityOf } from "../../column/validity.ts";

/** The time that a result stands for, in seconds; 0 where nothing is known of it. */
export interface WindowSpan {
  readonly seconds: number;
}

export interface Accumulator {
  /** Makes room for so many groups. */
  grow(groups: number): void;
  /**
   * Takes the rows `[from, to)`.
   * @param groups the group of each of them; -1: none
   */
  add(batch: ColumnBatch, from: number, to: number, groups: Int32Array): void;
  /**
   * Adds what another accumulator of the same aggregate knows.
   * @param groups the own group for each of the other's
   */
  merge(other: Accumulator, groups: Int32Array): void;
  /** The values of some groups. */
  result(groups: Int32Array, span: WindowSpan): Column;
  /** Bytes that it holds. */
  readonly bytes: number;
}

/** The part of an interval that lies in a window. */
export interface AmountAccumulator extends Accumulator {
  addAmount(group: number, ns: number): void;
}

export const INT64: ColumnType = { kind: "number", number: "int64" };
export const FLOAT64: ColumnType = { kind: "number", number: "float64" };

/** A column of doubles, null where there is none. */
export function doubles(groups: Int32Array, value: (group: number) => number | undefined): Column {
  const values = new Float64Array(groups.length);
  return {
    kind: "number",
    values,
    ...nullsWhere(groups, (group, i) => {
      const own = value(group);
      if (own !== undefined) values[i] = own;
      return own === undefined;
    }),
  };
}

/** A column of int64, null where there is none. */
export function int64s(groups: Int32Array, value: (group: number) => bigint | undefined): Column {
  const values = new BigInt64Array(groups.length);
  return {
    kind: "number",
    values,
    ...nullsWhere(groups, (group, i) => {
      const own = value(group);
      if (own !== undefined) values[i] = own;
      return own === undefined;
    }),
  };
}

/** Which rows are null. */
export function nullsWhere(
  groups: Int32Array,
  isNull: (group: number, i: number) => boolean,
): Validity {
  return validityOf(groups.length, (i) => isNull(groups[i]!, i));
}

/** An array that grows with the groups. */
export class Doubles {
  values: Float64Array = new Float64Array(16);
  readonly #initial: number;

  constructor(initial: number = 0) {
    this.#initial = initial;
    this.values.fill(initial);
  }

  grow(groups: number): void {
    if (groups <= this.values.length) return;
    const larger = new Float64Array(Math.max(groups, this.values.length * 2)).fill(this.#initial);
    larger.set(this.values);
    this.values = larger;
  }

  get bytes(): number {
    return this.values.byteLength;
  }
}
