/**
 * Which groups a full table keeps where a question asks for the largest only. It is the space-saving algorithm in bulk: whenever the
 * table is full, its smaller half moves into the shared group, and new keys have room again. All counts together stay exact; a group's own may lack what it had when it was moved.
 */

import { doubleReader } from "./numbers.ts";
import type { Pane } from "./pane.ts";

/**
 * Gives a pane's larger groups to another, at most half of what it can tell apart, and all others to its shared group: it has
 * room then.
 *
 * @param slot the accumulator that counts
 * @param into empty, of the same time
 */
export function moveLargest(pane: Pane, slot: number, into: Pane): void {
  const { table, accumulators } = pane;
  const all = Int32Array.from({ length: table.size }, (_, group) => group);
  const read = doubleReader(accumulators[slot]!.result(all, { seconds: 0 }));
  const counts = Float64Array.from(all, (group) => (group === table.overflow ? 0 : read(group)));
  const least = counts.slice().sort()[Math.max(0, table.size - (table.bound >> 1) - 1)]!;
  const groups = all.map((group) =>
    counts[group]! > least
      ? into.table.groupOf(table.words, group * table.stride)
      : into.table.sharedGroup(),
  );
  into.grow();
  into.accumulators.forEach((accumulator, i) => {
    accumulator.merge(accumulators[i]!, groups);
  });
  into.missing = pane.missing + least;
}
