/** Aggregates that keep single values of a column, or distinguish them: min, max, first, last, distinct. */

import { grownCopy } from "../../base/grow.ts";
import type { Column, ColumnBatch } from "../../column/column.ts";
import { isPresent } from "../../column/row-reader.ts";
import type { ColumnLayout } from "../../column/schema.ts";
import { type Accumulator, Doubles, int64s, nullsWhere } from "./accumulator.ts";
import { GroupTable } from "./group-table.ts";
import { HyperLogLog } from "./hyper-log-log.ts";
import type { KeyColumns } from "./key-columns.ts";
import { textOrder } from "./row-order.ts";

/** One value for each group, as the words of a key. */
class KeptValues {
  readonly keys: KeyColumns;
  words: Int32Array;
  has: Uint8Array = new Uint8Array(16);

  /** @param keys shared by all that merge with each other: texts have their numbers there */
  constructor(keys: KeyColumns) {
    this.keys = keys;
    this.words = new Int32Array(16 * keys.stride);
  }

  get bytes(): number {
    return this.words.byteLength + this.has.byteLength;
  }

  grow(groups: number): void {
    const { stride } = this.keys;
    if (groups <= this.has.length) return;
    this.has = grownCopy(this.has, Uint8Array, groups);
    this.words = grownCopy(this.words, Int32Array, this.has.length * stride);
  }

  set(group: number, words: Int32Array, at: number): void {
    const { stride } = this.keys;
    for (let i = 0; i < stride; i++) this.words[group * stride + i] = words[at + i]!;
    this.has[group] = 1;
  }

  result(groups: Int32Array): Column {
    const column = this.keys.decode(this.words, groups)[0]!;
    return { ...column, ...nullsWhere(groups, (group) => this.has[group] === 0) };
  }
}

/** `first(x)` and `last(x)`: the values of the earliest and the latest row that have one. */
export class Edge implements Accumulator {
  readonly #column: number;
  readonly #isLast: boolean;
  readonly #kept: KeptValues;

  constructor(column: number, isLast: boolean, keys: KeyColumns) {
    this.#column = column;
    this.#isLast = isLast;
    this.#kept = new KeptValues(keys);
  }

  get bytes(): number {
    return this.#kept.bytes;
  }

  grow(groups: number): void {
    this.#kept.grow(groups);
  }

  add(batch: ColumnBatch, from: number, to: number, groups: Int32Array): void {
    const column = batch.columns[this.#column]!;
    const { keys, has } = this.#kept;
    const words = keys.encode(batch, [this.#column], from, to);
    for (let row = from; row < to; row++) {
      const group = groups[row - from]!;
      if (group < 0 || (!this.#isLast && has[group] === 1) || !isPresent(column, row)) continue;
      this.#kept.set(group, words, (row - from) * keys.stride);
    }
  }

  /** What is merged is the later. */
  merge(other: Edge, groups: Int32Array): void {
    const { keys, has } = this.#kept;
    groups.forEach((group, source) => {
      if (other.#kept.has[source] === 0 || (!this.#isLast && has[group] === 1)) return;
      this.#kept.set(group, other.#kept.words, source * keys.stride);
    });
  }

  result(groups: Int32Array): Column {
    return this.#kept.result(groups);
  }
}

/** `min(x)` and `max(x)`, in the type of `x`. */
export class Extreme implements Accumulator {
  readonly #column: number;
  readonly #isMax: boolean;
  readonly #kept: KeptValues;
  readonly #compare: (a: Int32Array, at: number, b: Int32Array, bt: number) => number;

  constructor(column: number, isMax: boolean, layout: ColumnLayout, keys: KeyColumns) {
    this.#column = column;
    this.#isMax = isMax;
    this.#kept = new KeptValues(keys);
    this.#compare = comparison(layout, keys);
  }

  get bytes(): number {
    return this.#kept.bytes;
  }

  grow(groups: number): void {
    this.#kept.grow(groups);
  }

  add(batch: ColumnBatch, from: number, to: number, groups: Int32Array): void {
    const column = batch.columns[this.#column]!;
    const { keys } = this.#kept;
    const words = keys.encode(batch, [this.#column], from, to);
    for (let row = from; row < to; row++) {
      const group = groups[row - from]!;
      if (group >= 0 && isPresent(column, row))
        this.#offer(group, words, (row - from) * keys.stride);
    }
  }

  merge(other: Extreme, groups: Int32Array): void {
    const { words, has, keys } = other.#kept;
    groups.forEach((group, source) => {
      if (has[source] === 1) this.#offer(group, words, source * keys.stride);
    });
  }

  result(groups: Int32Array): Column {
    return this.#kept.result(groups);
  }

  #offer(group: number, words: Int32Array, at: number): void {
    const kept = this.#kept;
    if (kept.has[group] === 1) {
      const order = this.#compare(words, at, kept.words, group * kept.keys.stride);
      // Not a number is never greater, nor less.
      if (!(this.#isMax ? order > 0 : order < 0)) return;
    }
    kept.set(group, words, at);
  }
}

/** The order of two values of a type, by their words: numbers by value, texts by code units. */
function comparison(
  { type }: ColumnLayout,
  keys: KeyColumns,
): (a: Int32Array, at: number, b: Int32Array, bt: number) => number {
  if (type.kind === "dictionary" || type.kind === "utf8")
    return (a, at, b, bt) => textOrder(keys.text(0, a[at]!), keys.text(0, b[bt]!));
  const number = type.kind === "number" ? type.number : "int64";
  switch (number) {
    case "int64":
      return (a, at, b, bt) => a[at + 1]! - b[bt + 1]! || (a[at]! >>> 0) - (b[bt]! >>> 0);
    case "uint64":
      return (a, at, b, bt) =>
        (a[at + 1]! >>> 0) - (b[bt + 1]! >>> 0) || (a[at]! >>> 0) - (b[bt]! >>> 0);
    case "float64":
      return (a, at, b, bt) => float64(a, at) - float64(b, bt);
    case "float32":
      return (a, at, b, bt) => float32(a[at]!) - float32(b[bt]!);
    case "uint32":
      return (a, at, b, bt) => (a[at]! >>> 0) - (b[bt]! >>> 0);
    default:
      return (a, at, b, bt) => a[at]! - b[bt]!;
  }
}

const scratch = new Int32Array(2);
const asFloat64 = new Float64Array(scratch.buffer);
const asFloat32 = new Float32Array(scratch.buffer);

function float64(words: Int32Array, at: number): number {
  scratch[0] = words[at]!;
  scratch[1] = words[at + 1]!;
  return asFloat64[0]!;
}

function float32(word: number): number {
  scratch[0] = word;
  return asFloat32[0]!;
}

/** Distinct values of a group that are counted exactly; beyond, they are estimated. */
export const MAX_EXACT_DISTINCT = 100_000;
/** Distinct values of all groups together; beyond, groups are estimated one by one. */
const MAX_EXACT_ALL = 4_000_000;

/** `distinct(x)`: how many different values there are. */
export class Distinct implements Accumulator {
  readonly #column: number;
  readonly #keys: KeyColumns;
  /** A group's number, and the words of a value. */
  #pairs: GroupTable;
  readonly #counts = new Doubles();
  readonly #pair: Int32Array;
  readonly #estimates = new Map<number, HyperLogLog>();

  constructor(column: number, keys: KeyColumns) {
    this.#column = column;
    this.#keys = keys;
    this.#pairs = new GroupTable(keys.stride + 1, Number.MAX_SAFE_INTEGER);
    this.#pair = new Int32Array(keys.stride + 1);
  }

  get bytes(): number {
    return this.#pairs.words.byteLength + this.#counts.bytes + this.#estimates.size * 16_500;
  }

  /** Whether any group's count is estimated. */
  get isEstimated(): boolean {
    return this.#estimates.size > 0;
  }

  grow(groups: number): void {
    this.#counts.grow(groups);
  }

  add(batch: ColumnBatch, from: number, to: number, groups: Int32Array): void {
    const column = batch.columns[this.#column]!;
    const { stride } = this.#keys;
    const words = this.#keys.encode(batch, [this.#column], from, to);
    for (let row = from; row < to; row++) {
      const group = groups[row - from]!;
      if (group >= 0 && isPresent(column, row)) this.#see(group, words, (row - from) * stride);
    }
  }

  merge(other: Distinct, groups: Int32Array): void {
    for (const [source, estimate] of other.#estimates)
      this.#estimateOf(groups[source]!).merge(estimate);
    const { words, size, stride } = other.#pairs;
    for (let i = 0; i < size; i++) this.#see(groups[words[i * stride]!]!, words, i * stride + 1);
  }

  result(groups: Int32Array): Column {
    return int64s(groups, (group) =>
      BigInt(this.#estimates.get(group)?.count ?? this.#counts.values[group]!),
    );
  }

  #see(group: number, words: Int32Array, at: number): void {
    const estimate = this.#estimates.get(group);
    const { stride } = this.#keys;
    if (estimate !== undefined) {
      estimate.add(words, at, stride);
      return;
    }
    const pair = this.#pair;
    pair[0] = group;
    for (let i = 0; i < stride; i++) pair[i + 1] = words[at + i]!;
    const before = this.#pairs.size;
    this.#pairs.groupOf(pair, 0);
    if (this.#pairs.size === before) return;
    const count = ++this.#counts.values[group]!;
    if (count > MAX_EXACT_DISTINCT || before >= MAX_EXACT_ALL) this.#estimateOf(group);
  }

  /** From here on the group's values are estimated, those that were seen among them. */
  #estimateOf(group: number): HyperLogLog {
    let estimate = this.#estimates.get(group);
    if (estimate !== undefined) return estimate;
    estimate = new HyperLogLog();
    this.#estimates.set(group, estimate);
    const { stride } = this.#pairs;
    const old = this.#pairs;
    this.#pairs = new GroupTable(stride, Number.MAX_SAFE_INTEGER);
    for (let i = 0; i < old.size; i++) {
      if (old.words[i * stride] === group) estimate.add(old.words, i * stride + 1, stride - 1);
      else this.#pairs.groupOf(old.words, i * stride);
    }
    return estimate;
  }
}
