/** Keys of the last windows: they appear in the next ones too, with 0 or null, where nothing came. */

import { grownCopy } from "../../base/grow.ts";
import { GroupTable } from "./group-table.ts";
import type { Pane } from "./pane.ts";

/** For so many windows a key is kept that nothing comes for. */
const KEPT_WINDOWS = 10;
/** More keys than these are not kept: each window would be as large as all of the last. */
const MAX_KEYS = 100_000;

export class RecentKeys {
  readonly #stride: number;
  #table: GroupTable;
  /** In which window each was seen last, counted from the first. */
  #seenIn = new Float64Array(32);
  #window = 0;
  #lastNs: bigint | undefined;

  constructor(stride: number) {
    this.#stride = stride;
    this.#table = new GroupTable(stride, MAX_KEYS);
  }

  /** Where the next window begins, if keys are kept for it. */
  nextNs(slideNs: bigint): bigint | undefined {
    return this.#lastNs === undefined || this.#table.size === 0
      ? undefined
      : this.#lastNs + slideNs;
  }

  /** A window is whole: remembers its keys, and adds to it those of the windows before. */
  seen(window: Pane, startNs: bigint, slideNs: bigint): void {
    const passed = this.#lastNs === undefined ? 1n : (startNs - this.#lastNs) / slideNs;
    this.#lastNs = startNs;
    if (passed > KEPT_WINDOWS) {
      // Numbers of windows years apart would not fit.
      this.#table = new GroupTable(this.#stride, MAX_KEYS);
      this.#window = 0;
    } else {
      this.#window += Number(passed);
    }
    const { table } = window;
    const own = table.size;
    for (let group = 0; group < own; group++) {
      if (group === table.overflow) continue;
      const key = this.#table.groupOf(table.words, group * this.#stride);
      if (key >= this.#seenIn.length) this.#seenIn = grownCopy(this.#seenIn, Float64Array, key + 1);
      if (key !== this.#table.overflow) this.#seenIn[key] = this.#window;
    }
    this.#forget();
    if (table.overflow !== -1) return;
    const { words, size } = this.#table;
    for (let key = 0; key < size; key++)
      if (key !== this.#table.overflow) table.groupOf(words, key * this.#stride);
  }

  /** Drops the keys that were seen too long ago. */
  #forget(): void {
    const old = this.#table;
    const isOld = (key: number): boolean =>
      key === old.overflow || this.#window - this.#seenIn[key]! > KEPT_WINDOWS;
    let isAny = false;
    for (let key = 0; key < old.size && !isAny; key++) isAny = isOld(key);
    if (!isAny) return;
    this.#table = new GroupTable(this.#stride, MAX_KEYS);
    for (let key = 0; key < old.size; key++) {
      if (isOld(key)) continue;
      const kept = this.#table.groupOf(old.words, key * this.#stride);
      // Keys only move to the front.
      this.#seenIn[kept] = this.#seenIn[key]!;
    }
  }
}
