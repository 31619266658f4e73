/**
 * Intervals that have begun: by their keys, in the order of their begin, with what the rows of their begin hold. Rows are
 * kept in blocks of their own memory only if they are still open when their batch has been taken.
 */

import { grownCopy } from "../../base/grow.ts";
import type { ColumnBatch } from "../../column/column.ts";
import { BatchGatherer } from "../../column/gather.ts";
import type { Schema } from "../../column/schema.ts";
import { KeyTable } from "./key-table.ts";
import { apart } from "./times.ts";

/** More are not kept open; the oldest go. */
export const MAX_OPEN = 1_000_000;
const NONE = -1;
/** The block of rows of the batch that is being taken. */
const CURRENT = -1;

export class OpenIntervals {
  #byKey = new KeyTable();
  #free: number[] = [];
  #slots = 0;
  /** By slot: the key, the begin's halves, the place of the begin's row, and the neighbours in the order of begins. */
  #keys = new Float64Array(64);
  #hi = new Int32Array(64);
  #lo = new Int32Array(64);
  #block = new Int32Array(64);
  #row = new Int32Array(64);
  #next = new Int32Array(64);
  #previous = new Int32Array(64);
  #oldest = NONE;
  #newest = NONE;
  #blocks: (ColumnBatch | undefined)[] = [];
  /** Open intervals of each block, and rows of all blocks. */
  #live: number[] = [];
  #kept = 0;
  /** Slots that were opened by the current batch. */
  #fresh: number[] = [];
  #current: ColumnBatch | undefined;
  /** Blocks whose rows are not needed once the current batch has been taken. */
  #empty: number[] = [];

  get size(): number {
    return this.#byKey.size;
  }

  /** A batch, whose rows are named from here on. */
  use(batch: ColumnBatch): void {
    this.#current = batch;
  }

  /** The interval that is open under a key; -1: none. */
  find(key: number): number {
    return this.#byKey.get(key);
  }

  /** Opens one at a row of the current batch; its key must not be open. */
  open(key: number, row: number, hi: number, lo: number): number {
    const slot = this.#free.pop() ?? this.#slots++;
    if (slot >= this.#keys.length) this.#grow(slot + 1);
    this.#byKey.set(key, slot);
    this.#keys[slot] = key;
    this.#hi[slot] = hi;
    this.#lo[slot] = lo;
    this.#block[slot] = CURRENT;
    this.#row[slot] = row;
    this.#previous[slot] = this.#newest;
    this.#next[slot] = NONE;
    if (this.#newest === NONE) this.#oldest = slot;
    else this.#next[this.#newest] = slot;
    this.#newest = slot;
    this.#fresh.push(slot);
    return slot;
  }

  /** Closes one. What it holds can be read until another is opened. */
  close(slot: number): void {
    this.#byKey.delete(this.#keys[slot]!);
    const [before, behind] = [this.#previous[slot]!, this.#next[slot]!];
    if (before === NONE) this.#oldest = behind;
    else this.#next[before] = behind;
    if (behind === NONE) this.#newest = before;
    else this.#previous[behind] = before;
    const block = this.#block[slot]!;
    if (block !== CURRENT && --this.#live[block]! === 0) this.#empty.push(block);
    this.#keys[slot] = Number.NaN;
    this.#free.push(slot);
  }

  get oldest(): number {
    return this.#oldest;
  }

  keyOf(slot: number): number {
    return this.#keys[slot]!;
  }

  /** Gives each of all that are open a new key, in the same order. */
  rename(slots: readonly number[], keys: readonly number[]): void {
    this.#byKey = new KeyTable();
    slots.forEach((slot, i) => {
      this.#keys[slot] = keys[i]!;
      this.#byKey.set(keys[i]!, slot);
    });
  }

  beginHi(slot: number): number {
    return this.#hi[slot]!;
  }

  beginLo(slot: number): number {
    return this.#lo[slot]!;
  }

  /** How long one has been open at a time, in ns. */
  age(slot: number, hi: number, lo: number): number {
    return apart(hi, lo, this.#hi[slot]!, this.#lo[slot]!);
  }

  /** The batch that holds the row of a begin. */
  batchOf(slot: number): ColumnBatch {
    const block = this.#block[slot]!;
    return block === CURRENT ? this.#current! : this.#blocks[block]!;
  }

  rowOf(slot: number): number {
    return this.#row[slot]!;
  }

  /** All that are open, oldest first. */
  *[Symbol.iterator](): Generator<number, void, void> {
    for (let slot = this.#oldest; slot !== NONE; ) {
      // The loop over it may close it.
      const next = this.#next[slot]!;
      yield slot;
      slot = next;
    }
  }

  /** The current batch has been taken: keeps the rows of those that are still open. */
  settle(schema: Schema): void {
    const open = this.#fresh.filter(
      (slot) => this.#block[slot] === CURRENT && !Number.isNaN(this.#keys[slot]!),
    );
    this.#fresh = [];
    // A slot may have been closed and opened again.
    this.#keep([...new Set(open)], schema);
    this.#current = undefined;
    for (const block of this.#empty) {
      this.#kept -= this.#blocks[block]?.rows ?? 0;
      this.#blocks[block] = undefined;
    }
    this.#empty = [];
    if (this.#kept > 4 * this.size + 4096 || this.#blocks.length > 65_536) this.#compact(schema);
  }

  #keep(slots: readonly number[], schema: Schema): void {
    if (slots.length === 0) return;
    const rows = new BatchGatherer(schema, slots.length);
    const block = this.#blocks.length;
    slots.forEach((slot, i) => {
      const row = this.#row[slot]!;
      rows.append(this.batchOf(slot), row, row + 1);
      this.#row[slot] = i;
    });
    for (const slot of slots) this.#block[slot] = block;
    this.#blocks.push(rows.take());
    this.#live.push(slots.length);
    this.#kept += slots.length;
  }

  /** Moves all that are open into one block. */
  #compact(schema: Schema): void {
    const slots = [...this];
    const blocks = this.#blocks;
    this.#keep(slots, schema);
    const last = this.#blocks.length - 1;
    this.#blocks = slots.length === 0 ? [] : [blocks[last]];
    this.#live = slots.length === 0 ? [] : [slots.length];
    this.#kept = slots.length;
    for (const slot of slots) this.#block[slot] = 0;
  }

  #grow(slots: number): void {
    this.#keys = grownCopy(this.#keys, Float64Array, slots);
    this.#hi = grownCopy(this.#hi, Int32Array, slots);
    this.#lo = grownCopy(this.#lo, Int32Array, slots);
    this.#block = grownCopy(this.#block, Int32Array, slots);
    this.#row = grownCopy(this.#row, Int32Array, slots);
    this.#next = grownCopy(this.#next, Int32Array, slots);
    this.#previous = grownCopy(this.#previous, Int32Array, slots);
  }
}
