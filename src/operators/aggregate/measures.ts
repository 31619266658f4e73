/** A query's aggregates over one input: which accumulators a window keeps, and what columns they give. */

import { type Column, type ColumnBatch, type ColumnType, typeName } from "../../column/column.ts";
import { isMarked } from "../../column/row-reader.ts";
import type { ColumnLayout, Schema } from "../../column/schema.ts";
import {
  type Accumulator,
  type AmountAccumulator,
  FLOAT64,
  INT64,
  type WindowSpan,
} from "./accumulator.ts";
import { KeyColumns } from "./key-columns.ts";
import { Histograms } from "./quantiles.ts";
import { Amount, Count, Deviation, Sum } from "./sums.ts";
import { Distinct, Edge, Extreme } from "./values.ts";

export const AGGREGATES = [
  "count",
  "sum",
  "min",
  "max",
  "avg",
  "stddev",
  "first",
  "last",
  "distinct",
  "rate",
  "usage",
  "quantile",
  "hist",
] as const;
export type Aggregate = (typeof AGGREGATES)[number];

/** One aggregate, by the places of its columns in the input. */
export interface MeasureSpec {
  readonly name: string;
  readonly aggregate: Aggregate;
  /** What is aggregated; `undefined` for whole rows. */
  readonly column: number | undefined;
  /** A column of 0 and 1: rows with 1 count. */
  readonly mask: number | undefined;
  /** Of whole rows: the column that says how many a row stands for. */
  readonly weight?: number | undefined;
  /** Of a quantile: from 0 to 1. */
  readonly q?: number | undefined;
  /** Whether the column is the length of an interval, which windows cut. */
  readonly isAmount: boolean;
}

interface Slot {
  /** What it keeps: accumulators of one kind can be merged. */
  readonly kind: string;
  readonly mask: number | undefined;
  readonly isAmount: boolean;
  open(): Accumulator;
}

export class Measures {
  /** The columns that they give, in the order of the aggregates. */
  readonly layouts: Schema;
  /** What a window keeps; aggregates of one histogram share it. */
  readonly slots: readonly Slot[];
  readonly #specs: readonly MeasureSpec[];
  /** Each aggregate's slot. */
  readonly #slotOf: readonly number[];

  constructor(specs: readonly MeasureSpec[], input: Schema) {
    this.#specs = specs;
    this.layouts = specs.map((spec) => layoutOf(spec, input));
    const slots: Slot[] = [];
    const known = new Map<string, number>();
    this.#slotOf = specs.map((spec) => {
      const isShared = spec.aggregate === "quantile" || spec.aggregate === "hist";
      const key = isShared ? `${spec.column} ${spec.mask}` : spec.name;
      let slot = known.get(key);
      if (slot === undefined) {
        const { mask, isAmount } = spec;
        const kind = `${spec.aggregate} ${typeName(layoutOf(spec, input).type)}`;
        slot = slots.push({ kind, mask, isAmount, open: opener(spec, input) }) - 1;
        known.set(key, slot);
      }
      return slot;
    });
    this.slots = slots;
  }

  /** The accumulators of a new window. */
  open(): Accumulator[] {
    return this.slots.map((slot) => slot.open());
  }

  /**
   * Takes the rows `[from, to)` into a window's accumulators.
   * @param groups the group of each row
   */
  add(
    accumulators: readonly Accumulator[],
    batch: ColumnBatch,
    from: number,
    to: number,
    groups: Int32Array,
  ): void {
    this.slots.forEach(({ mask }, i) => {
      accumulators[i]!.add(batch, from, to, masked(batch, mask, from, groups));
    });
  }

  /** Adds the part of a row's interval that lies in a window. */
  addAmount(
    accumulators: readonly Accumulator[],
    batch: ColumnBatch,
    row: number,
    group: number,
    ns: number,
  ): void {
    this.slots.forEach(({ mask, isAmount }, i) => {
      if (isAmount && isMarked(batch, mask, row))
        (accumulators[i] as AmountAccumulator).addAmount(group, ns);
    });
  }

  /** Where a measure's accumulator stands among those of a window. */
  slotOf(measure: number): number {
    return this.#slotOf[measure]!;
  }

  get haveAmounts(): boolean {
    return this.slots.some(({ isAmount }) => isAmount);
  }

  /** The columns of some groups. */
  results(
    accumulators: readonly Accumulator[],
    groups: Int32Array,
    span: WindowSpan,
  ): readonly Column[] {
    return this.#specs.map(({ aggregate, q = 0 }, i) => {
      const accumulator = accumulators[this.#slotOf[i]!]!;
      if (aggregate === "quantile") return (accumulator as Histograms).quantile(groups, q);
      return accumulator.result(groups, span);
    });
  }

  /** Names of the aggregates whose values are estimates. */
  estimated(accumulators: readonly Accumulator[]): readonly string[] {
    return this.#specs.flatMap(({ name }, i) => {
      const accumulator = accumulators[this.#slotOf[i]!];
      return accumulator instanceof Distinct && accumulator.isEstimated ? [name] : [];
    });
  }
}

/** The groups of the rows that a mask lets through; -1 for the others. */
function masked(
  batch: ColumnBatch,
  mask: number | undefined,
  from: number,
  groups: Int32Array,
): Int32Array {
  if (mask === undefined) return groups;
  return groups.map((group, i) => (isMarked(batch, mask, from + i) ? group : -1));
}

function opener(
  { aggregate, column, isAmount, weight }: MeasureSpec,
  input: Schema,
): () => Accumulator {
  const layout = column === undefined ? undefined : input[column];
  if (isAmount) {
    const form = aggregate === "usage" || aggregate === "rate" ? aggregate : "sum";
    return () => new Amount(form);
  }
  if (column === undefined || layout === undefined)
    return () => new Count(undefined, aggregate === "rate", weight);
  switch (aggregate) {
    case "count":
      return () => new Count(column);
    case "sum":
    case "avg":
    case "rate":
      return () => new Sum(column, aggregate, isFloat(layout));
    case "stddev":
      return () => new Deviation(column);
    case "quantile":
    case "hist":
      return () => new Histograms(column);
    case "usage":
      return () => new Amount("usage", column);
    default: {
      const keys = new KeyColumns([layout]);
      if (aggregate === "distinct") return () => new Distinct(column, keys);
      if (aggregate === "min" || aggregate === "max")
        return () => new Extreme(column, aggregate === "max", layout, keys);
      return () => new Edge(column, aggregate === "last", keys);
    }
  }
}

function isFloat({ type }: ColumnLayout): boolean {
  return type.kind === "number" && type.number.startsWith("float");
}

function layoutOf({ name, aggregate, column }: MeasureSpec, input: Schema): ColumnLayout {
  const of = column === undefined ? undefined : input[column];
  const keepsUnit = ["sum", "min", "max", "avg", "stddev", "first", "last", "quantile", "hist"];
  const unit = aggregate === "usage" ? "%" : keepsUnit.includes(aggregate) ? of?.unit : undefined;
  const nullable = aggregate !== "count" && aggregate !== "distinct";
  return { name, type: typeOf(aggregate, of), nullable, ...(unit !== undefined && { unit }) };
}

function typeOf(aggregate: Aggregate, of: ColumnLayout | undefined): ColumnType {
  switch (aggregate) {
    case "count":
    case "distinct":
      return INT64;
    case "sum":
      return of !== undefined && isFloat(of) ? FLOAT64 : INT64;
    case "min":
    case "max":
    case "first":
    case "last":
      return of?.type.kind === "utf8" ? { kind: "dictionary" } : (of?.type ?? { kind: "null" });
    case "hist":
      return { kind: "list", element: "float64" };
    default:
      return FLOAT64;
  }
}
