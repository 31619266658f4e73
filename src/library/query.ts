/** Queries as a program sees them: said once, run as often as they are subscribed to or iterated over. */

import { defer, Observable } from "rxjs";
import { SourceError } from "../base/errors.ts";
import { fitBatch } from "../column/null-column.ts";
import type { Schema } from "../column/schema.ts";
import { type Feed, type FeedSubscription, openFeed } from "../feed/feed.ts";
import { describeLoss } from "../feed/losses.ts";
import { type BatchWriter, NO_BYTES } from "../format/batch-writer.ts";
import type { Bytes } from "../format/bytes-in-order.ts";
import { FORMAT_DEFAULTS, type FormatOptions, formatNamed } from "../format/formats.ts";
import type { PlannedQuery } from "../language/planned-query.ts";
import { runAsked, runPlanned } from "../language/run-query.ts";
import { through } from "../operators/chain.ts";
import { Limit } from "../operators/limit.ts";
import type { Operator } from "../operators/operator.ts";
import { namesOf, runQuestion } from "../operators/run-question.ts";
import type { Execution } from "../query/execution.ts";
import type { Question } from "../query/question.ts";
import { batchFacts, type ResultItem } from "../query/result.ts";
import { settled } from "../query/settled.ts";
import { startThreads } from "../query/threads.ts";
import { type SegmentPath, segmentPaths } from "../segments/find.ts";
import { runRowFiles } from "../segments/row-query.ts";
import type { Gate } from "../source/gate.ts";
import type { SourceOptions } from "../source/source.ts";
import { Batch, type Row } from "./batch.ts";
import { iterate } from "./iterate.ts";
import { plannedOf, type QueryOptions, questionOf, rowsAsked } from "./query-options.ts";

/** How sources are followed, beside what is asked of them. */
export interface SourceQueryOptions extends QueryOptions, Partial<SourceOptions> {}

/**
 * A query over recorded traces (paths of directories) or live sessions (`net://` URLs; several of either kind are one
 * feed in one order of time), or over files of rows: Arrow and Parquet that this program wrote, or folders of them.
 *
 * @throws FilterError for a filter that does not compile; what its source is wrong with comes when it runs
 */
export function query(
  sources: string | readonly string[],
  { from: start, wait, reconnect, inThread, ...options }: SourceQueryOptions = {},
): Query {
  const all = typeof sources === "string" ? [sources] : sources;
  const files = segmentPaths(all);
  const feed = openFeed(all, { from: start, wait, reconnect, inThread });
  return new Query(feed, options, [], files);
}

const DEFAULT_SETTLE_MS = 5000;

/** A query that has been planned. Each subscription and each loop runs it anew, and cancels it when it ends. */
export class Query {
  readonly #feed: Feed;
  readonly #options: QueryOptions;
  readonly #question: Question;
  /** The plan of a query in the query language whose rows are not events as they are. */
  readonly #planned: PlannedQuery | undefined;
  readonly #operators: readonly (() => Operator)[];
  /** What is read instead of the feed: files of rows. */
  readonly #files: readonly SegmentPath[] | undefined;

  constructor(
    feed: Feed,
    options: QueryOptions,
    operators: readonly (() => Operator)[] = [],
    files?: readonly SegmentPath[],
  ) {
    this.#feed = feed;
    this.#options = options;
    this.#files = files;
    const planned = files === undefined ? plannedOf(options) : undefined;
    this.#question = planned?.question ?? questionOf(options);
    this.#planned = planned?.isPlain === true ? undefined : planned;
    this.#operators = operators;
  }

  /**
   * The same query, its rows passed through an operator. What the operator needs stands behind the selected columns of
   * its input; a limit counts the rows that it lets through.
   * @param make called for each run, since operators keep state
   */
  pipe(make: () => Operator): Query {
    return new Query(this.#feed, this.#options, [...this.#operators, make], this.#files);
  }

  /** All that the query gives: columns, batches, losses, notes, in the order of the data. */
  items(): Observable<ResultItem> {
    return defer(() => this.#run(this.#share(), {}));
  }

  /** Batches of some ten thousand rows; live ones several times a second. */
  batches(): Observable<Batch> {
    return defer(() => this.#batches(this.#share()));
  }

  /** Rows as plain objects, for few: `for await (const row of query.rows())`. The source waits for a slow loop. */
  async *rows(): AsyncGenerator<Row, void, void> {
    const share = this.#share();
    for await (const batch of iterate(this.#batches(share), share.gate)) yield* batch;
  }

  /**
   * The result as bytes of a format: `arrow`, `ndjson`, `csv`, `text` or `babeltrace`. The source waits for a slow loop.
   * @throws SourceError `UNKNOWN_FORMAT`
   */
  async *to(name: string, options: Partial<FormatOptions> = {}): AsyncGenerator<Uint8Array> {
    const format = formatNamed(name);
    if (this.#planned !== undefined && format.selection !== undefined)
      throw new SourceError(
        "QUERY_FORMAT",
        `${format.name}: expected events, got rows that stages made; write csv, ndjson or arrow`,
      );
    const how: FormatOptions = { ...FORMAT_DEFAULTS, ...options };
    const writer = (await format.load())(how);
    const { select, container, filter } = this.#question;
    const isByName = container !== undefined || filter?.containers !== undefined;
    const share = this.#share();
    const results = this.#run(share, {
      select: (await format.selection?.(select, isByName)) ?? select,
      lines: this.#operators.length === 0 ? writer.lines : undefined,
    });
    const { settleMs = DEFAULT_SETTLE_MS } = this.#options;
    const isHeld = this.#feed.isLive && format.hasOneLayout(how);
    const items = isHeld ? settled(results, settleMs) : results;
    let hasBegun = false;
    for await (const item of iterate(items, share.gate)) {
      this.#report(item);
      const bytes = await written(writer, item, hasBegun);
      hasBegun ||= item.kind === "columns";
      if (bytes.length > 0) yield bytes;
    }
    const end = await writer.end();
    if (end.length > 0) yield end;
  }

  #share(): FeedSubscription {
    const { begin, end } = this.#question;
    return this.#feed.share({ begin, end, deferPacketReads: true });
  }

  #batches(share: FeedSubscription): Observable<Batch> {
    return new Observable((subscriber) => {
      let schema: Schema = [];
      return this.#run(share, {}).subscribe({
        next: (item) => {
          this.#report(item);
          if (item.kind === "columns") schema = item.columns;
          if (item.kind === "batch")
            subscriber.next(new Batch(schema, fitBatch(item.batch, schema)));
        },
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
  }

  #run(
    share: FeedSubscription,
    { select = this.#question.select, lines }: Pick<Execution, "lines"> & Partial<Question>,
  ): Observable<ResultItem> {
    if (this.#files !== undefined)
      return rowsOfFiles(this.#files, this.#options, this.#operators, share.gate);
    const { maxLagMs, nameWaitMs, engine, threads } = this.#options;
    const { isLive } = this.#feed;
    const started = startThreads(this.#feed.stored, engine ?? "kernel", threads);
    const execution = { isLive, maxLagMs, nameWaitMs, engine, threads: started, lines };
    const names = () => namesOf(this.#feed, started);
    const question = { ...this.#question, select };
    const planned = this.#planned;
    const operators = this.#operators.map((make) => make());
    if (operators.length === 0) return runAsked({ question, planned }, execution, share, names);
    if (planned !== undefined)
      return through(runPlanned(planned, execution, share, names), operators, {
        isLive,
        borrowBatches: false,
      });
    const { limit } = question;
    if (limit !== undefined) operators.push(new Limit(limit));
    const needs = operators[0]?.needs ?? [];
    const wanted = needs.length === 0 ? select : [...(select ?? []), ...needs];
    const rows = runQuestion(
      { ...question, select: wanted, limit: undefined },
      { ...execution, borrowBatches: true, reportWatermark: true },
      share,
      names,
    );
    return through(rows, operators, { isLive, borrowBatches: false });
  }

  #report(item: ResultItem): void {
    if (item.kind === "note") this.#options.onNote?.(item.text);
    if (item.kind === "loss") this.#options.onLoss?.(item.loss);
  }
}

/** A query over files of rows. */
function rowsOfFiles(
  files: readonly SegmentPath[],
  options: QueryOptions,
  operators: readonly (() => Operator)[],
  gate: Gate,
): Observable<ResultItem> {
  return defer(() => {
    const rows = runRowFiles(files, rowsAsked(options), gate);
    const made = operators.map((make) => make());
    return through(rows, made.length === 0 ? [new Limit(Number.MAX_SAFE_INTEGER)] : made, {
      isLive: false,
      borrowBatches: false,
    });
  });
}

/** What an item of a query's result is in a format. */
function written(writer: BatchWriter, item: ResultItem, hasBegun: boolean): Bytes {
  switch (item.kind) {
    case "columns":
      return hasBegun ? writer.change(item.columns) : writer.begin(item.columns);
    case "batch":
      return writer.batch(item.batch, batchFacts(item.batch, 0));
    case "loss":
      return writer.loss?.(describeLoss(item.loss)) ?? NO_BYTES;
    default:
      return NO_BYTES;
  }
}
