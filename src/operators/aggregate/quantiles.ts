/** Quantiles and histograms of numbers. */

import type { Column, ColumnBatch } from "../../column/column.ts";
import { isPresent } from "../../column/row-reader.ts";
import { type Accumulator, doubles, nullsWhere } from "./accumulator.ts";
import { Histogram } from "./histogram.ts";
import { doubleReader } from "./numbers.ts";

/** One histogram a group: several quantiles of one column share it. */
export class Histograms implements Accumulator {
  readonly #column: number;
  readonly #histograms: (Histogram | undefined)[] = [];
  #bytes = 0;

  constructor(column: number) {
    this.#column = column;
  }

  get bytes(): number {
    return this.#bytes + 8 * this.#histograms.length;
  }

  grow(): void {}

  add(batch: ColumnBatch, from: number, to: number, groups: Int32Array): void {
    const column = batch.columns[this.#column]!;
    const read = doubleReader(column);
    for (let row = from; row < to; row++) {
      const group = groups[row - from]!;
      if (group < 0 || !isPresent(column, row)) continue;
      const histogram = this.#of(group);
      const before = histogram.bytes;
      histogram.add(read(row));
      this.#bytes += histogram.bytes - before;
    }
  }

  merge(other: Histograms, groups: Int32Array): void {
    groups.forEach((group, source) => {
      this.#mergeOne(other, source, group);
    });
  }

  #mergeOne(other: Histograms, source: number, group: number): void {
    const more = other.#histograms[source];
    if (more === undefined) return;
    const histogram = this.#of(group);
    const before = histogram.bytes;
    histogram.merge(more);
    this.#bytes += histogram.bytes - before;
  }

  quantile(groups: Int32Array, q: number): Column {
    return doubles(groups, (group) => this.#histograms[group]?.quantile(q));
  }

  /** A list for each group: a bucket's begin, its count, the next bucket's begin, … */
  result(groups: Int32Array): Column {
    const values: number[] = [];
    const offsets = new Int32Array(groups.length + 1);
    groups.forEach((group, i) => {
      for (const pair of this.#histograms[group]?.pairs() ?? []) values.push(...pair);
      offsets[i + 1] = values.length;
    });
    const nulls = nullsWhere(groups, (group) => this.#histograms[group] === undefined);
    return { kind: "list", offsets, values: Float64Array.from(values), ...nulls };
  }

  #of(group: number): Histogram {
    const known = this.#histograms[group];
    if (known !== undefined) return known;
    const histogram = new Histogram();
    this.#histograms[group] = histogram;
    this.#bytes += histogram.bytes;
    return histogram;
  }
}
