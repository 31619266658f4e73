/** Where a user is: the views that were opened one from another, each with its scope and order. */

import type { BoardRow } from "../analyses/board.ts";
import type { SortOrder } from "../analyses/sorting.ts";
import type { View } from "../analyses/view.ts";
import type { Scope } from "../analyses/view-query.ts";
import { viewNamed } from "./views.ts";

/** One step of the way. Without a view, the events of its scope. */
export interface Level {
  readonly view: View | undefined;
  readonly scope: Scope;
  readonly order: SortOrder;
  /** The row that is selected, by its keys; the first one without it. */
  readonly selected?: string | undefined;
  /** What this level shows of the one before, such as `some-redis`. */
  readonly label: string;
}

export function levelOf(view: View, scope: Scope, label: string = ""): Level {
  return { view, scope, order: { by: view.sort, isReversed: false }, label };
}

/** What Enter opens on a row; `undefined` where there is nothing more to see. */
export function opened({ view, scope }: Level, row: BoardRow): Level | undefined {
  if (view === undefined) return undefined;
  const narrowed: Record<string, unknown> = { ...scope };
  const labels: string[] = [];
  view.keys.forEach((key, i) => {
    const value = row.keys[i];
    if (value === null || value === undefined) return;
    if (key === "container" && scope.container === undefined) labels.push(String(value));
    if (key !== "container") labels.push(labelOf(key, value, row, view));
    if (["container", "pid", "tid", "syscall", "filename"].includes(key)) narrowed[key] = value;
  });
  const label = labels.join(" ");
  const next = view.opens === undefined ? undefined : viewNamed(view.opens);
  const inside = narrowed as unknown as Scope;
  if (next !== undefined) return levelOf(next, inside, label);
  const hasScope = ["container", "pid", "tid", "syscall", "filename"].some(
    (key) => narrowed[key] !== undefined,
  );
  if (!hasScope) return undefined;
  return { view: undefined, scope: inside, order: { by: "", isReversed: false }, label };
}

function labelOf(key: string, value: string | number, row: BoardRow, { columns }: View): string {
  if (key !== "pid" && key !== "tid") return String(value);
  const command = row.cells[columns.findIndex(({ name }) => name === "command")];
  return typeof command === "string" ? `${command} (${value})` : `${key} ${value}`;
}

/** The level in another view, of the same scope. */
export function withView(level: Level, view: View): Level {
  // Calls and files by name mean nothing elsewhere.
  const { syscall: _, filename: __, ...scope } = level.scope;
  return { ...levelOf(view, scope), label: level.label };
}
