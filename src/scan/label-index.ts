/**
 * Which labels an enumeration's value has, of however many. Ranges lie in the order of where they begin, as a balanced tree: the root in
 * the middle, its halves left and right of it. Each knows how far any range below it reaches, so that whole halves are passed over.
 */

import type { Mapping } from "../ctf/trace-class.ts";

export class LabelIndex {
  readonly #mappings: readonly Mapping[];
  readonly #lows: readonly bigint[];
  readonly #highs: readonly bigint[];
  /** The mapping of each range. */
  readonly #owners: Uint32Array;
  readonly #reaches: bigint[];

  constructor(mappings: readonly Mapping[]) {
    this.#mappings = mappings;
    const ranges = mappings.flatMap((mapping) => mapping.ranges);
    const owners = mappings.flatMap(({ ranges: { length } }, owner) => Array(length).fill(owner));
    const order = Uint32Array.from(ranges.keys());
    order.sort((a, b) => compare(ranges[a]!.low, ranges[b]!.low));
    this.#lows = Array.from(order, (i) => ranges[i]!.low);
    this.#highs = Array.from(order, (i) => ranges[i]!.high);
    this.#owners = order.map((i) => owners[i]!);
    this.#reaches = [...this.#highs];
    this.#reachOf(0, order.length);
  }

  /** In the order in which they are declared. */
  labelsOf(value: bigint): string[] {
    const found = new Set<number>();
    this.#find(value, 0, this.#owners.length, found);
    return [...found].sort((a, b) => a - b).map((owner) => this.#mappings[owner]!.label);
  }

  #find(value: bigint, begin: number, end: number, found: Set<number>): void {
    const root = (begin + end) >> 1;
    if (begin === end || this.#reaches[root]! < value) return;
    this.#find(value, begin, root, found);
    // What begins behind the value does not hold it, nor does what follows that.
    if (this.#lows[root]! > value) return;
    if (value <= this.#highs[root]!) found.add(this.#owners[root]!);
    this.#find(value, root + 1, end, found);
  }

  /** Enters how far the ranges from `begin` to `end` reach. */
  #reachOf(begin: number, end: number): bigint | undefined {
    if (begin === end) return undefined;
    const root = (begin + end) >> 1;
    let reach = this.#highs[root]!;
    for (const half of [this.#reachOf(begin, root), this.#reachOf(root + 1, end)])
      if (half !== undefined && half > reach) reach = half;
    this.#reaches[root] = reach;
    return reach;
  }
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
