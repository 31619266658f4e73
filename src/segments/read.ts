/** Files of rows as the results of a query: what is read behind the scan, as other rows are. */

import { SourceError } from "../base/errors.ts";
import type { ColumnBatch } from "../column/column.ts";
import type { Schema } from "../column/schema.ts";
import { type Account, NOTHING_SO_FAR, type ResultItem } from "../query/result.ts";
import { SegmentAccount } from "./account.ts";
import { arrowFile } from "./arrow-file.ts";
import type { SegmentPath } from "./find.ts";
import { lossesBetween } from "./losses.ts";
import { parquetFile } from "./parquet-file.ts";
import { type Facts, type SegmentItem, timesAt } from "./segment.ts";

export type { SegmentPath } from "./find.ts";

function open({ path, format }: SegmentPath): AsyncGenerator<SegmentItem, void, void> {
  return format === "arrow" ? arrowFile(path) : parquetFile(path);
}

/** What is known of the rows before they are read. */
export interface SegmentFacts {
  readonly columns: Schema;
  readonly firstNs: bigint | undefined;
}

/** The columns of the first file, and the time of its first row. */
export async function segmentFacts(paths: readonly SegmentPath[]): Promise<SegmentFacts> {
  let columns: Schema = [];
  for await (const item of open(paths[0]!)) {
    if (item.kind === "columns") columns = item.columns;
    else if (item.kind === "batch" && item.batch.rows > 0)
      return { columns, firstNs: hasTimes(columns) ? item.batch.timestamps[0] : undefined };
  }
  return { columns, firstNs: undefined };
}

/** The time of the last row: reads the last file. */
export async function lastTime(paths: readonly SegmentPath[]): Promise<bigint | undefined> {
  let last: bigint | undefined;
  for await (const item of open(paths.at(-1)!))
    if (item.kind === "batch" && item.batch.rows > 0)
      last = item.batch.timestamps[item.batch.rows - 1];
  return last;
}

/** Whether rows have times to be ordered by. */
export function hasTimes(columns: Schema): boolean {
  return timesAt(columns) !== -1;
}

/**
 * All rows, file by file. Rows of a file that are earlier than those of the file before are counted as late. Losses of
 * the query that wrote the files come before the rows with which its account has grown.
 * @throws SourceError `SEGMENT_COLUMNS` where a file has other columns than the first; what reading a file throws
 */
export async function* readSegments(
  paths: readonly SegmentPath[],
): AsyncGenerator<ResultItem, void, void> {
  const account = new SegmentAccount();
  let known: Schema | undefined;
  let watermarkNs: bigint | undefined;
  let reported: Account = NOTHING_SO_FAR;
  let seq = 0;
  for (const path of paths) {
    for await (const item of open(path)) {
      if (item.kind === "columns") {
        checkNames(item.columns, known, path.path);
        if (JSON.stringify(item.columns) !== JSON.stringify(known)) yield item;
        known = item.columns;
        continue;
      }
      account.take(item.facts);
      const batch = item.kind === "batch" && item.batch.rows > 0 ? item.batch : undefined;
      const { late, lastNs } = batch === undefined ? NO_ROWS : lateness(batch, watermarkNs);
      account.late += late;
      const beginNs = watermarkNs;
      if (batch !== undefined) watermarkNs = hasTimes(known ?? []) ? lastNs : undefined;
      const totals = account.totals(watermarkNs);
      const times = { beginNs, endNs: endOf(item.facts, watermarkNs) };
      for (const loss of lossesBetween(reported, totals, path.path, times))
        yield { kind: "loss", loss };
      reported = totals;
      if (batch === undefined) continue;
      yield { kind: "batch", batch: { ...batch, ...totals, seq: seq++ } };
      if (watermarkNs !== undefined) yield { kind: "watermark", ns: watermarkNs };
    }
  }
}

const NO_ROWS = { late: 0, lastNs: undefined } as const;

/** Up to when the facts count: those of a whole file stand beside its first rows. */
function endOf(facts: Facts, lastNs: bigint | undefined): bigint | undefined {
  const text = facts.get("watermark_ns") ?? "";
  if (lastNs === undefined || !/^\d{1,19}$/.test(text)) return lastNs;
  const ns = BigInt.asIntN(64, BigInt(text));
  return ns > lastNs ? ns : lastNs;
}

function lateness(
  { timestamps, rows }: ColumnBatch,
  watermarkNs: bigint | undefined,
): { readonly late: number; readonly lastNs: bigint } {
  const lastNs = timestamps[rows - 1]!;
  if (watermarkNs === undefined || timestamps[0]! >= watermarkNs)
    return { late: 0, lastNs: lastNs };
  const late = timestamps.subarray(0, rows).findIndex((ns) => ns >= watermarkNs);
  return { late: late === -1 ? rows : late, lastNs: lastNs > watermarkNs ? lastNs : watermarkNs };
}

function checkNames(columns: Schema, known: Schema | undefined, path: string): void {
  const [got, expected] = [columns, known ?? columns].map((schema) =>
    schema.map(({ name }) => name).join(", "),
  );
  if (got === expected) return;
  throw new SourceError(
    "SEGMENT_COLUMNS",
    `${path}: expected the columns of the files before, ${expected}, got ${got}`,
  );
}
