/** The order of a view's rows. */

import type { BoardRow, Cell } from "./board.ts";
import type { KeyName, View } from "./view.ts";

export interface SortOrder {
  /** A key or a column. */
  readonly by: string;
  readonly isReversed: boolean;
}

/** What rows can be sorted by: keys, then columns. */
export function sortNames({ keys, columns }: View): readonly string[] {
  return [...keys, ...columns.map(({ name }) => name)];
}

/** Numbers the largest first, texts from A; absent values last, whichever way; equal rows by their keys. */
export function sortedRows(
  view: View,
  rows: Iterable<BoardRow>,
  { by, isReversed }: SortOrder,
): readonly BoardRow[] {
  const key = view.keys.indexOf(by as KeyName);
  const column = view.columns.findIndex(({ name }) => name === by);
  const sortedBy = ({ keys, cells }: BoardRow): Cell =>
    (key === -1 ? cells[column] : keys[key]) ?? null;
  const sign = isReversed ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [sortedBy(a), sortedBy(b)];
    if (x === null || y === null) return x === y ? byKeys(a, b) : x === null ? 1 : -1;
    return sign * compared(x, y, key !== -1) || byKeys(a, b);
  });
}

function compared(a: Cell, b: Cell, isKey: boolean): number {
  if (typeof a === "number" && typeof b === "number") return isKey ? a - b : b - a;
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}

function byKeys(a: BoardRow, b: BoardRow): number {
  for (let i = 0; i < a.keys.length; i++) {
    const order = compared(a.keys[i]!, b.keys[i]!, true);
    if (order !== 0) return order;
  }
  return 0;
}
