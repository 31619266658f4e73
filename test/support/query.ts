/** Runs queries in tests and gives their rows as plain objects. */

import type { Observable } from "rxjs";
import type { Column, ColumnType } from "../../src/column/column.ts";
import type { DecodedItem } from "../../src/feed/decoded-item.ts";
import { type FeedSubscription, openFeed } from "../../src/feed/feed.ts";
import type { Loss } from "../../src/feed/losses.ts";
import { type NameSource, runQuestion } from "../../src/operators/run-question.ts";
import { type Execution, RECORDED } from "../../src/query/execution.ts";
import { EVERYTHING, type Question } from "../../src/query/question.ts";
import type { ResultItem } from "../../src/query/result.ts";
import { runQuery } from "../../src/query/run.ts";
import type { Gate } from "../../src/source/gate.ts";

export { EVERYTHING };

export type Row = Readonly<Record<string, unknown>>;

export interface Result {
  readonly rows: Row[];
  readonly losses: Loss[];
  readonly types: Readonly<Record<string, ColumnType>>;
}

/** What is asked and how it is executed, together. */
export type Spec = Partial<Question> & Partial<Execution>;

/** Runs a query; by default of recorded traces. */
export function runSpec(
  spec: Spec,
  items: Observable<DecodedItem>,
  gate?: Gate,
): Observable<ResultItem> {
  return runQuery({ ...EVERYTHING, ...spec }, { ...RECORDED, ...spec }, items, gate);
}

/** Runs a query that may ask for containers. */
export function askSpec(
  spec: Spec,
  share: FeedSubscription,
  source: () => NameSource,
): Observable<ResultItem> {
  return runQuestion({ ...EVERYTHING, ...spec }, { ...RECORDED, ...spec }, share, source);
}

/** All rows of a query over recorded traces. */
export function rowsOf(directory: string, spec: Spec): Promise<Result> {
  const feed = openFeed([directory], { from: "beginning" });
  return collect(runSpec(spec, feed.share().items));
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
