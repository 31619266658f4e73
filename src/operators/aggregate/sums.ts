/** Aggregates that are sums, or made of them: count, sum, avg, rate, stddev, and amounts of intervals. */

import type { Column, ColumnBatch } from "../../column/column.ts";
import { halvesOf, isWide } from "../../column/halves.ts";
import { isPresent } from "../../column/row-reader.ts";
import {
  type Accumulator,
  type AmountAccumulator,
  Doubles,
  doubles,
  int64s,
  type WindowSpan,
} from "./accumulator.ts";
import { doubleReader, WideSums } from "./numbers.ts";

/** `count()`: rows; `count(x)`: rows that have a value. As `rate()`, a second. */
export class Count implements Accumulator {
  readonly #counts = new Doubles();
  readonly #column: number | undefined;
  readonly #isRate: boolean;
  readonly #weight: number | undefined;

  /** @param weight the column that says how many rows a row stands for */
  constructor(column: number | undefined, isRate: boolean = false, weight?: number) {
    this.#column = column;
    this.#isRate = isRate;
    this.#weight = weight;
  }

  get bytes(): number {
    return this.#counts.bytes;
  }

  grow(groups: number): void {
    this.#counts.grow(groups);
  }

  add(batch: ColumnBatch, from: number, to: number, groups: Int32Array): void {
    const { values } = this.#counts;
    if (this.#weight !== undefined) {
      const weights = doubleReader(batch.columns[this.#weight]!);
      for (let row = from; row < to; row++) {
        const group = groups[row - from]!;
        if (group >= 0) values[group]! += weights(row);
      }
      return;
    }
    const column = this.#column === undefined ? undefined : batch.columns[this.#column]!;
    if (column === undefined || (column.validity === undefined && column.kind !== "null")) {
      for (let i = 0; i < to - from; i++) if (groups[i]! >= 0) values[groups[i]!]! += 1;
      return;
    }
    for (let row = from; row < to; row++) {
      const group = groups[row - from]!;
      if (group >= 0 && isPresent(column, row)) values[group]! += 1;
    }
  }

  merge(other: Count, groups: Int32Array): void {
    groups.forEach((group, source) => {
      this.#counts.values[group]! += other.#counts.values[source]!;
    });
  }

  result(groups: Int32Array, { seconds }: WindowSpan): Column {
    const { values } = this.#counts;
    return this.#isRate
      ? doubles(groups, (group) => (seconds > 0 ? values[group]! / seconds : undefined))
      : int64s(groups, (group) => BigInt(values[group]!));
  }
}

/** `sum(x)`, `avg(x)`, and the sum a second, `rate(x)`; sums of integers are exact. */
export class Sum implements Accumulator {
  readonly #column: number;
  readonly #form: "sum" | "avg" | "rate";
  readonly #isFloat: boolean;
  readonly #counts = new Doubles();
  readonly #doubles = new Doubles();
  readonly #wide = new WideSums();

  constructor(column: number, form: "sum" | "avg" | "rate", isFloat: boolean) {
    this.#column = column;
    this.#form = form;
    this.#isFloat = isFloat;
  }

  get bytes(): number {
    return this.#counts.bytes + this.#doubles.bytes + this.#wide.bytes;
  }

  grow(groups: number): void {
    this.#counts.grow(groups);
    if (this.#isFloat) this.#doubles.grow(groups);
    else this.#wide.grow(groups);
  }

  add(batch: ColumnBatch, from: number, to: number, groups: Int32Array): void {
    const column = batch.columns[this.#column]!;
    if (column.kind !== "number") return;
    const counts = this.#counts.values;
    const { values } = column;
    const words = isWide(values) ? halvesOf(values) : undefined;
    const isSigned = values instanceof BigInt64Array;
    const read = doubleReader(column);
    for (let row = from; row < to; row++) {
      const group = groups[row - from]!;
      if (group < 0 || !isPresent(column, row)) continue;
      counts[group]! += 1;
      if (this.#isFloat) {
        this.#doubles.values[group]! += read(row);
      } else if (words === undefined) {
        this.#wide.add(group, 0, read(row));
      } else {
        const hi = words[row * 2 + 1]!;
        this.#wide.add(group, isSigned ? hi : hi >>> 0, words[row * 2]! >>> 0);
      }
    }
  }

  merge(other: Sum, groups: Int32Array): void {
    groups.forEach((group, source) => {
      this.#counts.values[group]! += other.#counts.values[source]!;
      if (this.#isFloat) this.#doubles.values[group]! += other.#doubles.values[source]!;
      else this.#wide.merge(other.#wide, source, group);
    });
  }

  result(groups: Int32Array, { seconds }: WindowSpan): Column {
    const counts = this.#counts.values;
    const sum = (group: number): number =>
      this.#isFloat ? this.#doubles.values[group]! : this.#wide.double(group);
    const isNone = (group: number): boolean => counts[group] === 0;
    switch (this.#form) {
      case "avg":
        return doubles(groups, (group) =>
          isNone(group) ? undefined : sum(group) / counts[group]!,
        );
      case "rate":
        return doubles(groups, (group) => (seconds > 0 ? sum(group) / seconds : undefined));
      case "sum":
        return this.#isFloat
          ? doubles(groups, (group) => (isNone(group) ? undefined : sum(group)))
          : int64s(groups, (group) => (isNone(group) ? undefined : this.#wide.int64(group)));
    }
  }
}

/** `stddev(x)`, that of a sample, by Welford's recurrence. */
export class Deviation implements Accumulator {
  readonly #column: number;
  readonly #counts = new Doubles();
  readonly #means = new Doubles();
  readonly #squares = new Doubles();

  constructor(column: number) {
    this.#column = column;
  }

  get bytes(): number {
    return 3 * this.#counts.bytes;
  }

  grow(groups: number): void {
    this.#counts.grow(groups);
    this.#means.grow(groups);
    this.#squares.grow(groups);
  }

  add(batch: ColumnBatch, from: number, to: number, groups: Int32Array): void {
    const column = batch.columns[this.#column]!;
    const read = doubleReader(column);
    const [counts, means, squares] = [
      this.#counts.values,
      this.#means.values,
      this.#squares.values,
    ];
    for (let row = from; row < to; row++) {
      const group = groups[row - from]!;
      if (group < 0 || !isPresent(column, row)) continue;
      const value = read(row);
      const count = ++counts[group]!;
      const before = value - means[group]!;
      means[group]! += before / count;
      squares[group]! += before * (value - means[group]!);
    }
  }

  /** @see Chan, Golub, LeVeque: "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances" */
  merge(other: Deviation, groups: Int32Array): void {
    groups.forEach((group, source) => {
      this.#mergeOne(other, source, group);
    });
  }

  #mergeOne(other: Deviation, source: number, group: number): void {
    const more = other.#counts.values[source]!;
    if (more === 0) return;
    const own = this.#counts.values[group]!;
    const apart = other.#means.values[source]! - this.#means.values[group]!;
    const all = own + more;
    this.#counts.values[group] = all;
    this.#means.values[group]! += (apart * more) / all;
    this.#squares.values[group]! +=
      other.#squares.values[source]! + (apart * apart * own * more) / all;
  }

  result(groups: Int32Array): Column {
    const counts = this.#counts.values;
    const squares = this.#squares.values;
    return doubles(groups, (group) =>
      counts[group]! < 2
        ? undefined
        : Math.sqrt(Math.max(0, squares[group]!) / (counts[group]! - 1)),
    );
  }
}

/** `sum(dt)`, `rate(dt)`, `usage(dt)` of intervals, which windows cut at their borders. */
export class Amount implements AmountAccumulator {
  readonly #form: "sum" | "rate" | "usage";
  readonly #column: number | undefined;
  readonly #wide = new WideSums();

  /** @param column the lengths, where nothing cuts them; otherwise rows bring their amounts by `addAmount` */
  constructor(form: "sum" | "rate" | "usage", column?: number) {
    this.#form = form;
    this.#column = column;
  }

  get bytes(): number {
    return this.#wide.bytes;
  }

  grow(groups: number): void {
    this.#wide.grow(groups);
  }

  add(batch: ColumnBatch, from: number, to: number, groups: Int32Array): void {
    if (this.#column === undefined) return;
    const column = batch.columns[this.#column]!;
    const read = doubleReader(column);
    for (let row = from; row < to; row++) {
      const group = groups[row - from]!;
      if (group >= 0 && isPresent(column, row)) this.#wide.add(group, 0, read(row));
    }
  }

  addAmount(group: number, ns: number): void {
    this.#wide.add(group, 0, ns);
  }

  merge(other: Amount, groups: Int32Array): void {
    groups.forEach((group, source) => {
      this.#wide.merge(other.#wide, source, group);
    });
  }

  result(groups: Int32Array, { seconds }: WindowSpan): Column {
    const sum = (group: number): number => this.#wide.double(group);
    if (this.#form === "sum") return int64s(groups, (group) => this.#wide.int64(group));
    const scale = this.#form === "usage" ? 1e9 / 100 : 1;
    return doubles(groups, (group) => (seconds > 0 ? sum(group) / (seconds * scale) : undefined));
  }
}
