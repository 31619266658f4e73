/** `tracewire watch`: a query whose rows are an alert. */

import { isoText } from "../base/time.ts";
import { valueAt } from "../column/row-reader.ts";
import type { Schema } from "../column/schema.ts";
import { openFeed } from "../feed/feed.ts";
import { LossAccount } from "../feed/losses.ts";
import { namedBy } from "../filter/container-condition.ts";
import { queryText } from "../language/named-queries.ts";
import { planQuery } from "../language/plan.ts";
import { runPlanned } from "../language/run-query.ts";
import { namesOf } from "../operators/run-question.ts";
import type { ResultBatch } from "../query/result.ts";
import { Actions, type Alert } from "../watch/actions.ts";
import { Alarm, type Notification } from "../watch/alarm.ts";
import { sourcesAndQuery } from "./query-words.ts";
import { GRACE_MS, note, report, reportIncomplete, warn } from "./report.ts";
import type { FollowOptions } from "./rows-options.ts";
import { askedRange } from "./times.ts";

export interface WatchOptions extends FollowOptions {
  readonly exec?: string;
  readonly webhook?: string;
  readonly exit?: true;
  readonly after: number;
  readonly clearAfter: number;
  readonly interval: number;
}

/** Rows that an alert carries; it says how many there were. */
const MAX_ROWS = 100;
const TICK_MS = 250;

export async function watch(words: readonly string[], options: WatchOptions): Promise<void> {
  const { sources, query } = sourcesAndQuery("watch", words);
  const text = queryText(query);
  const { from, wait, reconnect, clockOffset, maxLag } = options;
  const feed = openFeed(sources, { from, wait, reconnect, clockOffsetNs: clockOffset });
  const { begin, end } = askedRange(options, feed.isLive);
  const planned = planQuery(text, { container: namedBy(options.container), begin, end });
  const alarm = new Alarm({
    after: options.after,
    clearMs: options.clearAfter,
    intervalMs: options.interval,
  });
  const actions = new Actions(options.exec, options.webhook, warn);
  const losses = new LossAccount();
  let schema: Schema = [];
  let isAlerted = false;
  await new Promise<void>((resolve) => {
    const share = feed.share({ begin, end, deferPacketReads: false });
    const execution = {
      isLive: feed.isLive,
      maxLagMs: maxLag,
      borrowBatches: true,
      flushOnWatermark: true,
    };
    const finish = (error?: unknown): void => {
      clearInterval(timer);
      clearTimeout(limit);
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
      subscription?.unsubscribe();
      if (error !== undefined) report(error);
      resolve();
    };
    const interrupt = (): void => finish();
    const notify = (what: Notification | undefined, batch?: ResultBatch): void => {
      if (what === undefined) return;
      const alert = alertOf(what, text, schema, batch);
      process.stdout.write(`${JSON.stringify(alert)}\n`);
      actions.run(alert);
      if (what.state === "raised") isAlerted = true;
      if (what.state === "raised" && options.exit) finish();
    };
    const timer = feed.isLive
      ? setInterval(() => notify(alarm.onTime(performance.now())), TICK_MS)
      : undefined;
    const limit =
      options.duration === undefined ? undefined : setTimeout(() => finish(), options.duration);
    process.on("SIGINT", interrupt);
    process.on("SIGTERM", interrupt);
    const subscription = runPlanned(planned, execution, share, () => namesOf(feed)).subscribe({
      next: (item) => {
        if (item.kind === "columns") schema = item.columns;
        if (item.kind === "loss") losses.add(item.loss);
        if (item.kind === "note" && !options.quiet) note(item.text);
        if (item.kind === "batch")
          notify(alarm.onRows(item.batch.rows, nowOf(feed.isLive, item.batch)), item.batch);
      },
      error: finish,
      complete: () => finish(),
    });
  });
  await actions.ended();
  if (!losses.isEmpty) warn(`lost: ${losses}; alerts may be missing`);
  if (losses.isIncomplete) reportIncomplete();
  if (options.exit && !isAlerted) process.exitCode ??= 1;
  await feed.close();
  setTimeout(() => process.exit(), GRACE_MS).unref();
}

function alertOf(
  { state, rows, suppressed }: Notification,
  query: string,
  schema: Schema,
  batch: ResultBatch | undefined,
): Alert {
  const ns = batch?.timestamps[batch.rows - 1] || BigInt(Date.now()) * 1_000_000n;
  const shown = batch === undefined ? [] : rowsOf(schema, batch);
  return { state, query, time: isoText(ns), rows: shown, row_count: rows, suppressed };
}

/** Recorded, the time of the trace passes; live, that of the machine. */
function nowOf(isLive: boolean, batch: ResultBatch): number {
  const ns = batch.timestamps[batch.rows - 1] ?? 0n;
  return isLive || ns === 0n ? performance.now() : Number(ns / 1000n) / 1000;
}

function rowsOf(schema: Schema, { rows, columns }: ResultBatch): readonly unknown[] {
  return Array.from({ length: Math.min(rows, MAX_ROWS) }, (_, row) =>
    Object.fromEntries(
      schema.map(({ name, type }, i) => {
        const value = valueAt(columns[i]!, row);
        if (type.kind === "timestamp" && typeof value === "bigint") return [name, isoText(value)];
        return [name, typeof value === "bigint" ? Number(value) : value];
      }),
    ),
  );
}
