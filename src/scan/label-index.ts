/**
 * Which labels an enumeration's value has, of however many. Ranges lie in the order of where they begin, as a balanced tree: the root in
 * the middle, its halves left and right of it. Each knows how far any range below it reaches, so that whole halves are passed over.
 */

import { labelAt, rangeColumns } from "../ctf/mappings.ts";
import type { Mappings } from "../ctf/trace-class.ts";

export class LabelIndex {
  readonly #mappings: Mappings;
  readonly #lows: ArrayLike<bigint>;
  readonly #highs: ArrayLike<bigint>;
  /** The ranges in the order of where they begin. */
  readonly #order: Uint32Array;
  /** The mapping of each range. */
  readonly #owners: Uint32Array;
  /** How far those below reach, each by the range that does. */
  readonly #reaches: Uint32Array;

  constructor(mappings: Mappings) {
    this.#mappings = mappings;
    const { lows, highs, owners } = rangeColumns(mappings);
    this.#lows = lows;
    this.#highs = highs;
    this.#owners = owners;
    const order = Uint32Array.from(owners.keys());
    order.sort((a, b) => compare(lows[a]!, lows[b]!));
    this.#order = order;
    this.#reaches = order.slice();
    this.#reachOf(0, order.length);
  }

  /** In the order in which they are declared. */
  labelsOf(value: bigint): string[] {
    const found = new Set<number>();
    this.#find(value, 0, this.#order.length, found);
    return [...found].sort((a, b) => a - b).map((owner) => labelAt(this.#mappings, owner));
  }

  #find(value: bigint, begin: number, end: number, found: Set<number>): void {
    const root = (begin + end) >> 1;
    if (begin === end || this.#highs[this.#reaches[root]!]! < value) return;
    this.#find(value, begin, root, found);
    const range = this.#order[root]!;
    // What begins behind the value does not hold it, nor does what follows that.
    if (this.#lows[range]! > value) return;
    if (value <= this.#highs[range]!) found.add(this.#owners[range]!);
    this.#find(value, root + 1, end, found);
  }

  /** Enters which of the ranges from `begin` to `end` reaches farthest. */
  #reachOf(begin: number, end: number): number | undefined {
    if (begin === end) return undefined;
    const root = (begin + end) >> 1;
    let reach = this.#order[root]!;
    for (const half of [this.#reachOf(begin, root), this.#reachOf(root + 1, end)])
      if (half !== undefined && this.#highs[half]! > this.#highs[reach]!) reach = half;
    this.#reaches[root] = reach;
    return reach;
  }
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
