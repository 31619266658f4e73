/** Folds the rows that a scan has appended: rows that are equal but for their time become one, with their number. */

import { floorTo } from "../../../base/time.ts";
import { cachedModule } from "../../../wasm/module-cache.ts";
import { instantiate } from "../../../wasm/runtime.ts";
import type { Fold } from "../../scanner.ts";
import { Slot } from "../memory/chunk.ts";
import type { ChunkPool } from "../memory/chunk-pool.ts";
import type { KernelMemory } from "../memory/memory.ts";
import { FOLD_REGION_BYTES, FoldRegion, foldModule, isFoldable } from "./fold-emitter.ts";

/** Beyond all times. */
const FIRST_TIME = -(2n ** 63n);
const LAST_TIME = 2n ** 63n - 1n;
/** Folding that leaves more than this part of the rows, again and again, is given up. */
const WORTH = 0.75;
const MOST_IN_VAIN = 8;

export class Folder {
  readonly #fold: Fold;
  readonly #memory: KernelMemory;
  readonly #chunks: ChunkPool;
  readonly #region: number;
  readonly #run: (...parameters: number[]) => number;
  #inVain = 0;

  private constructor(fold: Fold, memory: KernelMemory, chunks: ChunkPool, weight: number) {
    this.#fold = fold;
    this.#memory = memory;
    this.#chunks = chunks;
    this.#region = memory.allocate(FOLD_REGION_BYTES);
    const { columns: ignored = [], unless = -1 } = fold.ignored ?? {};
    const { columns, layout } = chunks;
    const bytes = foldModule({ columns, layout, weight, ignored, unless }, memory.isShared);
    const piece = (ns: bigint): void => this.#setPiece(ns);
    const kernel = { memory: memory.memory, piece };
    const { fold: run } = instantiate(cachedModule(bytes), { kernel });
    this.#run = run as (...parameters: number[]) => number;
  }

  /** `undefined` where rows of such columns cannot be folded. */
  static of(fold: Fold, memory: KernelMemory, chunks: ChunkPool): Folder | undefined {
    const { columns } = chunks;
    const weight = columns.findIndex(({ column }) => column.request.kind === "weight");
    if (weight === -1 || !columns.every(isFoldable)) return undefined;
    return new Folder(fold, memory, chunks, weight);
  }

  /**
   * Folds the rows `[from, rows)` of the chunk at an address, which are of one packet.
   * @returns how many rows the chunk then has
   */
  fold(address: number, from: number, rows: number): number {
    if (rows - from < 2 || this.#inVain >= MOST_IN_VAIN) return rows;
    // Where no pane says when the last row was, it stays.
    const end = this.#fold.paneNs === undefined ? rows - 1 : rows;
    const memory = this.#memory;
    const { places } = this.#chunks.layout;
    const marked = places.filter(({ slot }) => memory.get(address + slot + Slot.nulls) !== 0);
    const left = this.#run(address, from, rows, end, this.#region);
    this.#inVain = left - from > (rows - from) * WORTH ? this.#inVain + 1 : 0;
    for (const { validity } of marked) this.#unmark(address + validity, left, rows);
    return left;
  }

  /** Sets the piece of time, between panes and cuts, that a time lies in. */
  #setPiece(ns: bigint): void {
    const { paneNs, cuts } = this.#fold;
    let [first, end] = [FIRST_TIME, LAST_TIME];
    if (paneNs !== undefined) {
      first = floorTo(ns, paneNs);
      end = first + paneNs;
    }
    const next = firstBehind(cuts, ns);
    if (next < cuts.length && cuts[next]! < end) end = cuts[next]!;
    if (next > 0 && cuts[next - 1]! > first) first = cuts[next - 1]!;
    const { memory } = this.#memory;
    const times = new BigInt64Array(memory.buffer, this.#region, 2);
    times[FoldRegion.first >> 3] = first;
    times[FoldRegion.end >> 3] = end;
  }

  /** Marks of rows that have gone are as if nothing had ever been there. */
  #unmark(bits: number, from: number, to: number): void {
    const { u8 } = this.#memory;
    const whole = (from + 7) & ~7;
    for (let row = from; row < Math.min(whole, to); row++) u8[bits + (row >> 3)]! |= 1 << (row & 7);
    if (whole < to) u8.fill(0xff, bits + (whole >> 3), bits + ((to + 7) >> 3));
  }
}

/** The place of the first time behind `ns` in an ascending list. */
function firstBehind(times: BigInt64Array, ns: bigint): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! <= ns) low = middle + 1;
    else high = middle;
  }
  return low;
}
