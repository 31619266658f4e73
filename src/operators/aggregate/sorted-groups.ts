/** The groups of a table in the order of their keys, so that results are the same however they were made. */

import type { Column } from "../../column/column.ts";
import type { GroupTable } from "./group-table.ts";
import type { KeyColumns } from "./key-columns.ts";
import { ranksOf } from "./key-ranks.ts";
import { rowOrder } from "./row-order.ts";

/** More groups are left in the order in which they came. */
const MAX_SORTED = 200_000;

/** Numbers of all groups; that of the keys beyond the bound is the last. */
export function sortedGroups(keys: KeyColumns, table: GroupTable): Int32Array {
  const all = Int32Array.from({ length: table.size }, (_, i) => i);
  if (table.stride === 0 || table.size > MAX_SORTED) return all;
  const columns = keys.decode(table.words, all);
  return sortedByRanks(columns, table) ?? all.sort(groupOrder(columns, table));
}

/** By all keys as one number; `undefined` where that would not be exact. */
function sortedByRanks(
  columns: readonly Column[],
  { size, overflow }: GroupTable,
): Int32Array | undefined {
  const combined = new Float64Array(size);
  let combinations = size;
  for (const column of columns) {
    const ranks = ranksOf(column, size);
    if (ranks === undefined) return undefined;
    combinations *= ranks.count;
    if (combinations > Number.MAX_SAFE_INTEGER) return undefined;
    for (let group = 0; group < size; group++)
      combined[group] = combined[group]! * ranks.count + ranks.of[group]!;
  }
  for (let group = 0; group < size; group++) combined[group] = combined[group]! * size + group;
  if (overflow !== -1) combined[overflow] = Number.MAX_SAFE_INTEGER;
  combined.sort();
  const groups = Int32Array.from(combined, (one) => one % size);
  if (overflow !== -1) groups[size - 1] = overflow;
  return groups;
}

/** Groups of equal keys, which differ in bytes that are no text, in the order in which they came. */
function groupOrder(
  columns: readonly Column[],
  { overflow }: GroupTable,
): (a: number, b: number) => number {
  const orders = columns.map((column) => rowOrder(column));
  return (a, b) => {
    if (a === overflow || b === overflow) return a === overflow ? 1 : -1;
    for (const order of orders) {
      const sign = order(a, b);
      if (sign !== 0) return sign;
    }
    return a - b;
  };
}
