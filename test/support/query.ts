/** Runs queries in tests and gives their rows as plain objects. */

import type { Observable } from "rxjs";
import type { Column, ColumnType } from "../../src/column/column.ts";
import { openFeed } from "../../src/feed/feed.ts";
import type { Loss } from "../../src/feed/losses.ts";
import { EVERYTHING, type QuerySpec, type ResultItem, runQuery } from "../../src/query/query.ts";

export { EVERYTHING };

export type Row = Readonly<Record<string, unknown>>;

export interface Result {
  readonly rows: Row[];
  readonly losses: Loss[];
  readonly types: Readonly<Record<string, ColumnType>>;
}

/** All rows of a query over recorded traces. */
export function rowsOf(directory: string, spec: Partial<QuerySpec>): Promise<Result> {
  const feed = openFeed([directory], { from: "beginning" });
  return collect(runQuery({ ...EVERYTHING, ...spec }, feed.share().items));
}

/** All rows of a query, when it has ended. */
export function collect(items: Observable<ResultItem>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const result: Result = { rows: [], losses: [], types: {} };
    const names: string[] = [];
    const types: ColumnType[] = [];
    items.subscribe({
      next(item) {
        if (item.kind === "columns") {
          names.splice(0, names.length, ...item.columns.map(({ name }) => name));
          types.splice(0, types.length, ...item.columns.map(({ type }) => type));
        } else if (item.kind === "loss") {
          result.losses.push(item.loss);
        } else if (item.kind === "batch") {
          const { columns, rows } = item.batch;
          for (let row = 0; row < rows; row++) {
            result.rows.push(
              Object.fromEntries(names.map((name, i) => [name, cell(columns[i]!, row)])),
            );
          }
        }
      },
      error: reject,
      complete: () =>
        resolve({
          ...result,
          types: Object.fromEntries(names.map((name, i) => [name, types[i]!])),
        }),
    });
  });
}

const decoder = new TextDecoder();

/** One value: number, bigint, string, array, or null. */
export function cell(column: Column, row: number): unknown {
  const { validity } = column;
  if (validity !== undefined && (validity[row >> 3]! & (1 << (row & 7))) === 0) return null;
  switch (column.kind) {
    case "number":
      return column.values[row];
    case "dictionary":
      return column.dictionary.text(column.codes[row]!);
    case "utf8":
      return decoder.decode(column.bytes.subarray(column.offsets[row], column.offsets[row + 1]));
    case "list":
      return Array.from(
        column.values.subarray(column.offsets[row], column.offsets[row + 1]) as Float64Array,
      );
    case "null":
      return null;
  }
}
