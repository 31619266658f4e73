/** The groups of a table in the order of their keys, so that results are the same however they were made. */

import type { Column } from "../../column/column.ts";
import { isPresent, valueAt } from "../../column/row-reader.ts";
import type { GroupTable } from "./group-table.ts";
import type { KeyColumns } from "./key-columns.ts";

/** More groups are left in the order in which they came. */
const MAX_SORTED = 200_000;

/** Numbers of all groups; that of the keys beyond the bound is the last. */
export function sortedGroups(keys: KeyColumns, table: GroupTable): Int32Array {
  const all = Int32Array.from({ length: table.size }, (_, i) => i);
  if (table.stride === 0 || table.size > MAX_SORTED) return all;
  const orders = keys.decode(table.words, all).map((column) => rowOrder(column));
  return all.sort((a, b) => {
    if (a === table.overflow || b === table.overflow) return a === table.overflow ? 1 : -1;
    for (const order of orders) {
      const sign = order(a, b);
      if (sign !== 0) return sign;
    }
    return a - b;
  });
}

/** The order of two rows by a column: numbers by value, texts by code units, absent ones always last. */
export function rowOrder(
  column: Column,
  isDescending: boolean = false,
): (a: number, b: number) => number {
  const ascending = valueOrder(column);
  const compare = isDescending ? (a: number, b: number) => ascending(b, a) : ascending;
  if (column.validity === undefined && column.kind !== "null") return compare;
  return (a, b) => {
    const [hasA, hasB] = [isPresent(column, a), isPresent(column, b)];
    if (!hasA || !hasB) return Number(hasB) - Number(hasA);
    return compare(a, b);
  };
}

function valueOrder(column: Column): (a: number, b: number) => number {
  switch (column.kind) {
    case "number": {
      const { values } = column;
      return (a, b) => (values[a]! < values[b]! ? -1 : values[a]! > values[b]! ? 1 : 0);
    }
    case "dictionary": {
      const { codes, dictionary } = column;
      return (a, b) =>
        codes[a] === codes[b]
          ? 0
          : textOrder(dictionary.text(codes[a]!), dictionary.text(codes[b]!));
    }
    case "utf8":
      return (a, b) => textOrder(String(valueAt(column, a)), String(valueAt(column, b)));
    default:
      return () => 0;
  }
}

export function textOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
