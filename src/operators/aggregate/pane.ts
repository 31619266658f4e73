/** A piece of time, its groups, and what is known of them. */

import type { Accumulator } from "./accumulator.ts";
import type { GroupTable } from "./group-table.ts";

export class Pane {
  /** ns since the Unix epoch. */
  readonly startNs: bigint;
  readonly table: GroupTable;
  readonly accumulators: readonly Accumulator[];
  /** By how much counts of groups may be too low: see `largest-groups.ts`. */
  missing = 0;

  constructor(startNs: bigint, table: GroupTable, accumulators: readonly Accumulator[]) {
    this.startNs = startNs;
    this.table = table;
    this.accumulators = accumulators;
  }

  /** The groups of rows by the words of their keys, with room for them. */
  groupsOf(words: Int32Array, rows: number): Int32Array {
    const groups = this.table.groupsOf(words, rows);
    this.grow();
    return groups;
  }

  /** The same for as many of the first rows as there is room for, of keys that are new. */
  groupsWithRoom(words: Int32Array, rows: number): Int32Array {
    const groups = this.table.groupsWithRoom(words, rows);
    this.grow();
    return groups;
  }

  grow(): void {
    for (const accumulator of this.accumulators) accumulator.grow(this.table.size);
  }

  /** Adds what another pane knows. */
  merge(other: Pane): void {
    const { words, size, stride, overflow } = other.table;
    const groups = new Int32Array(size);
    for (let i = 0; i < size; i++)
      groups[i] =
        i === overflow ? this.table.makeOverflow() : this.table.groupOf(words, i * stride);
    this.grow();
    this.accumulators.forEach((accumulator, i) => {
      accumulator.merge(other.accumulators[i]!, groups);
    });
  }

  /** Bytes that it holds. */
  get bytes(): number {
    return this.accumulators.reduce(
      (sum, { bytes }) => sum + bytes,
      this.table.words.byteLength * 3,
    );
  }
}
