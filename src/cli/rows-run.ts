/** One run of a query on the command line: its rows on stdout, its report on stderr, and the ways in which it ends. */

import type { Observable } from "rxjs";
import type { Feed, FeedSubscription } from "../feed/feed.ts";
import type { BatchWriter } from "../format/batch-writer.ts";
import { FORMAT_DEFAULTS, type OutputFormat } from "../format/formats.ts";
import { through } from "../operators/chain.ts";
import { LastRows } from "../operators/last-rows.ts";
import { asksForContainers, type NameSource, namesOf } from "../operators/run-question.ts";
import type { Execution } from "../query/execution.ts";
import type { Question } from "../query/question.ts";
import { batchFacts, type ResultBatch, type ResultItem } from "../query/result.ts";
import { settled } from "../query/settled.ts";
import { mayShareTerminal, Output } from "./output.ts";
import { ExitCode, GRACE_MS, report, reportIncomplete } from "./report.ts";
import type { RowsOptions } from "./rows-options.ts";
import { RowsReport } from "./rows-report.ts";

/** What is asked, and how its rows come. */
export interface Asked {
  readonly question: Question;
  run(
    execution: Execution,
    share: FeedSubscription,
    source: () => NameSource,
  ): Observable<ResultItem>;
}

/** @param rows how many to keep, the last ones; all where this is `undefined` */
export function lastRows(
  rows: number | undefined,
  { isLive }: Execution,
  results: Observable<ResultItem>,
): Observable<ResultItem> {
  if (rows === undefined) return results;
  return through(results, [new LastRows(rows)], { isLive, borrowBatches: true });
}

/** What a run needs of a feed. */
export type RowsFeed = Pick<Feed, "isLive" | "share" | "traces">;

/** A query, and where its rows go. */
export interface RowsRunSpec {
  readonly asked: Asked;
  readonly execution: Execution;
  readonly feed: RowsFeed;
  /** Without one, rows are counted only. */
  readonly writer: BatchWriter | undefined;
  readonly format: Pick<OutputFormat, "hasOneLayout">;
  readonly options: Pick<RowsOptions, "quiet" | "duration" | "settle">;
}

/**
 * Runs the query to its end, or until limit, duration, Ctrl-C or a reader that went away. Gives the number of rows seen,
 * nothing after an error.
 */
export function runRows(spec: RowsRunSpec): Promise<number | undefined> {
  return new Promise((resolve) => {
    new RowsRun(spec, resolve).start();
  });
}

class RowsRun {
  readonly #spec: RowsRunSpec;
  readonly #onEnd: (rows: number | undefined) => void;
  readonly #report: RowsReport;
  readonly #share: FeedSubscription;
  readonly #output: Output;
  #timer: NodeJS.Timeout | undefined;
  #subscription: { unsubscribe(): void } | undefined;
  #hasBegun = false;
  #hasFinished = false;
  #isInterrupted = false;

  constructor(spec: RowsRunSpec, onEnd: (rows: number | undefined) => void) {
    this.#spec = spec;
    this.#onEnd = onEnd;
    const { asked, feed, writer, options } = spec;
    const { isLive } = feed;
    this.#report = new RowsReport({
      isLive,
      isQuiet: options.quiet === true,
      isStill: writer === undefined || !mayShareTerminal(),
      readsContainersFirst: asksForContainers(asked.question) && !isLive,
    });
    this.#share = feed.share({
      begin: asked.question.begin,
      end: asked.question.end,
      deferPacketReads: true,
      onProgress: this.#report.onProgress,
    });
    this.#output = new Output(process.stdout, this.#share.gate, (error) => this.#finish(error));
  }

  start(): void {
    process.on("SIGINT", this.#interrupt);
    process.on("SIGTERM", this.#interrupt);
    const { duration } = this.#spec.options;
    if (duration !== undefined) this.#timer = setTimeout(() => this.#finish(), duration);
    // A source may fail before `subscribe` returns.
    this.#subscription = this.#results().subscribe({
      next: (item) => this.#take(item),
      error: (error) => this.#finish(error),
      complete: () => this.#finish(),
    });
  }

  #results(): Observable<ResultItem> {
    const { asked, execution, feed, writer, format, options } = this.#spec;
    const results = asked.run(execution, this.#share, () =>
      namesOf(feed, execution.threads, this.#report.onContainerSearch),
    );
    const hasOneLayout =
      feed.isLive && writer !== undefined && format.hasOneLayout(FORMAT_DEFAULTS);
    return hasOneLayout ? settled(results, options.settle) : results;
  }

  #take(item: ResultItem): void {
    const { writer } = this.#spec;
    switch (item.kind) {
      case "columns":
        this.#report.onColumns();
        if (writer !== undefined)
          this.#output.write(
            this.#hasBegun ? writer.change(item.columns) : writer.begin(item.columns),
          );
        this.#hasBegun = true;
        break;
      case "batch":
        this.#report.onBatch(item.batch);
        if (writer !== undefined) this.#write(item.batch, writer);
        break;
      case "loss":
        this.#report.onLoss(item.loss, this.#lossLine);
        break;
      case "note":
        this.#report.onNote(item.text);
        break;
    }
  }

  /** Writes a loss among the rows, where their format has lines for it. */
  readonly #lossLine: (text: string) => boolean = (text) => {
    const line = this.#spec.writer?.loss?.(text);
    if (line === undefined) return false;
    this.#output.write(line);
    return true;
  };

  #write(batch: ResultBatch, writer: BatchWriter): void {
    const bytes = writer.batch(batch, batchFacts(batch, 0));
    this.#output.write(bytes, (written) => writer.recycle?.(written));
  }

  readonly #interrupt = (): void => {
    this.#isInterrupted = true;
    // A second Ctrl-C ends it at once.
    process.once("SIGINT", () => process.exit(ExitCode.ok));
    this.#finish();
  };

  #finish(error?: unknown): void {
    if (this.#hasFinished) {
      // What was written last could not be, or its reader has gone.
      if (error !== undefined) report(error);
      else if (process.exitCode === ExitCode.incomplete) process.exitCode = ExitCode.ok;
      return;
    }
    this.#hasFinished = true;
    clearTimeout(this.#timer);
    process.off("SIGINT", this.#interrupt);
    process.off("SIGTERM", this.#interrupt);
    this.#subscription?.unsubscribe();
    this.#report.endProgress();
    const { writer } = this.#spec;
    if (error !== undefined) report(error);
    else if (writer !== undefined) this.#output.write(writer.end());
    this.#report.showTotals();
    if (this.#report.isIncomplete && !this.#output.isClosed) reportIncomplete();
    this.#leave();
    this.#onEnd(error === undefined ? this.#report.rows : undefined);
  }

  /** Detaching from a relayd may take a moment; it must not take for ever. A slow reader gets all rows, unless interrupted. */
  #leave(): void {
    const grace = this.#spec.feed.isLive ? GRACE_MS : 0;
    const leave = (): void => void setTimeout(() => process.exit(), grace).unref();
    if (this.#isInterrupted) leave();
    else this.#output.afterAll(leave);
  }
}
