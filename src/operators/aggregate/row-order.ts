/** The order of rows by what they have in a column. */

import type { Column } from "../../column/column.ts";
import { isPresent, valueAt } from "../../column/row-reader.ts";

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
