/** The answers of several queries, joined by what their rows are of. */

import type { Row } from "./frames.ts";
import { type Fold, type KeyColumn, type MetricQuery, NO_NAME } from "./metric-queries.ts";
import type { RunningQuery } from "./running-query.ts";
import type { Range } from "./time.ts";

export interface MetricRow {
  /** Of what it is, a text for each key column. */
  readonly names: readonly string[];
  readonly values: ReadonlyMap<string, number>;
}

/** The same row always has the same id. */
export function idOf({ names }: Pick<MetricRow, "names">): string {
  return names.join("\u0000");
}

/**
 * Rows of what is in all the answers.
 * @param range of windows, whose values become one; undefined for the last window, or the total
 */
export function joinedRows(
  parts: readonly (MetricQuery & { readonly running: RunningQuery })[],
  keys: readonly KeyColumn[],
  range: Range | undefined,
): readonly MetricRow[] {
  const all = new Map<string, { names: readonly string[]; values: Map<string, number> }>();
  for (const { running, measures } of parts) {
    const { answer } = running;
    if (answer === undefined) continue;
    const isFolded = range !== undefined && answer.isWindowed;
    const windows = isFolded ? answer.rowsOf(range) : [answer.rows];
    for (const row of windows.flat()) {
      const names = namesOf(row, keys);
      if (names === undefined) continue;
      const id = idOf({ names });
      const entry = all.get(id) ?? { names, values: new Map<string, number>() };
      all.set(id, entry);
      for (const { key, fold } of measures) {
        const value = row[key];
        if (typeof value === "number")
          entry.values.set(key, folded(fold, entry.values.get(key), value, windows.length));
      }
    }
  }
  return [...all.values()];
}

/** Undefined for what belongs to nothing that has a name. */
function namesOf(row: Row, keys: readonly KeyColumn[]): readonly string[] | undefined {
  const names: string[] = [];
  for (const key of keys) {
    const name = key.names.map((one) => row[one]).find((one) => one !== undefined && one !== null);
    if (name === undefined && key.isOptional !== true) return undefined;
    names.push(String(name ?? NO_NAME));
  }
  return names;
}

function folded(fold: Fold, before: number | undefined, value: number, windows: number): number {
  if (fold === "max") return Math.max(before ?? value, value);
  return (before ?? 0) + (fold === "mean" ? value / windows : value);
}
