/** `tracewire tail`: runs a query and writes its rows to stdout, its status and notes to stderr. */

import type { Observable } from "rxjs";
import type { StreamOrigin } from "../base/item.ts";
import { type Feed, type FeedSubscription, openFeed } from "../feed/feed.ts";
import { describeLoss, type Loss, LossAccount } from "../feed/losses.ts";
import type { Program } from "../filter/bytecode.ts";
import { namedBy } from "../filter/container-condition.ts";
import type { BatchWriter } from "../format/batch-writer.ts";
import { FORMAT_DEFAULTS, formatNamed, type OutputFormat } from "../format/formats.ts";
import {
  asksForContainers,
  type NameSource,
  namesOf,
  runQuestion,
} from "../operators/run-question.ts";
import type { Execution } from "../query/execution.ts";
import type { Question } from "../query/question.ts";
import { batchFacts, type ResultItem } from "../query/result.ts";
import { settled } from "../query/settled.ts";
import { hasSpareProcessors, startThreads } from "../query/threads.ts";
import { parseTimeBound } from "../source/time-bound.ts";
import { hasColors } from "./colors.ts";
import { Output } from "./output.ts";
import { ExitCode, GRACE_MS, note, report, warn } from "./report.ts";
import { describeLive, percent, progressLine } from "./status.ts";

export interface TailOptions {
  readonly where?: string;
  readonly event: readonly string[];
  readonly container: readonly string[];
  readonly select?: readonly string[];
  readonly limit?: number;
  readonly duration?: number;
  readonly from: "beginning" | "now";
  readonly wait?: true;
  readonly reconnect: boolean;
  readonly begin?: string;
  readonly end?: string;
  readonly format: string;
  readonly delta?: true;
  readonly count?: true;
  readonly maxLag: number;
  readonly settle: number;
  readonly nameWait?: number;
  readonly color: "auto" | "always" | "never";
  readonly quiet?: true;
  readonly engine: "kernel" | "interpreter";
  readonly workers?: number;
}

/** `tracewire tail`: one query, its rows on stdout. */
export async function tail(sources: readonly string[], options: TailOptions): Promise<void> {
  const { from, wait, reconnect } = options;
  const feed = openFeed(sources, { from, wait, reconnect, inThread: hasSpareProcessors(sources) });
  // They boot while the metadata is read.
  const threads = startThreads(sources, options.engine, options.workers, eventsSeen(options));
  const format = formatNamed(options.format);
  const writer = options.count ? undefined : await batchWriter(format, options);
  const filter = await program(options.where);
  const execution: Execution = {
    isLive: feed.isLive,
    maxLagMs: options.maxLag,
    nameWaitMs: options.nameWait,
    engine: options.engine,
    borrowBatches: true,
    threads,
    lines: writer?.lines,
  };
  // Until then, signals end the process at once.
  await feed.prepare();
  const question = await questionOf(options, format, filter);
  const asked: Asked = {
    question,
    run: (how, share, source) => runQuestion(question, how, share, source),
  };
  const rows = await runRows(asked, execution, feed, writer, format, options);
  if (options.count && rows !== undefined) process.stdout.write(`${rows}\n`);
}

/** What is asked, and how its rows come. */
export interface Asked {
  readonly question: Question;
  run(
    execution: Execution,
    share: FeedSubscription,
    source: () => NameSource,
  ): Observable<ResultItem>;
}

/** How many events are looked at: where none is left out, the limit. */
function eventsSeen({ limit, where, event, container }: TailOptions): number | undefined {
  return where === undefined && event.length === 0 && container.length === 0 ? limit : undefined;
}

/**
 * Runs the query to its end, or until limit, duration, Ctrl-C or a reader that went away. Gives the number of rows seen,
 * nothing after an error.
 */
export function runRows(
  { question, run }: Asked,
  execution: Execution,
  feed: Feed,
  writer: BatchWriter | undefined,
  format: Pick<OutputFormat, "hasOneLayout">,
  options: Pick<TailOptions, "count" | "quiet" | "duration" | "settle">,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    const account = new LossAccount();
    let rows = 0;
    let late = 0;
    let unnamed = 0;
    let hasBegun = false;
    let watermarkNs: bigint | undefined;
    let isInterrupted = false;
    let timer: NodeJS.Timeout | undefined;
    let subscription: { unsubscribe(): void } | undefined;
    const isNamed = asksForContainers(question);
    /** Its user would look at a still terminal otherwise. */
    const isStill = options.count === true || process.stdout.isTTY !== true;
    // Before the first row of a container, a recorded trace is read for container metadata.
    const isWanted = !options.quiet && (isStill || (isNamed && !feed.isLive));
    const progress = isWanted ? progressLine(process.stderr) : undefined;
    const share = feed.share({
      begin: question.begin,
      end: question.end,
      deferPacketReads: true,
      onProgress: progress && ((done, total) => progress.update(done, total, rows)),
    });
    const ticking = setInterval(() => {
      if (!feed.isLive) return;
      const live = { rows, late, watermarkNs, losses: String(account) };
      progress?.show((seconds) => describeLive(live, seconds, Date.now()));
    }, 500);
    const finish = (error?: unknown): void => {
      clearTimeout(timer);
      clearInterval(ticking);
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
      subscription?.unsubscribe();
      progress?.end();
      if (error !== undefined) report(error);
      else if (writer !== undefined) output.write(writer.end());
      if (!account.isEmpty) warn(`lost: ${account}`);
      if (late > 0)
        warn(`${late} ${late === 1 ? "row" : "rows"} came late, after rows of later events`);
      if (unnamed > 0) {
        const what = unnamed === 1 ? "1 row belongs" : `${unnamed} rows belong`;
        warn(`${what} to containers whose names came too late or never, and may be missing here`);
      }
      // Detaching from a relayd may take a moment; it must not take for ever. A slow reader gets all rows, unless interrupted.
      const grace = feed.isLive ? GRACE_MS : 0;
      const leave = (): void => void setTimeout(() => process.exit(), grace).unref();
      if (isInterrupted) leave();
      else output.afterAll(leave);
      resolve(error === undefined ? rows : undefined);
    };
    const unreadStreams = new Set<StreamOrigin>();
    const tellLoss = (loss: Loss): void => {
      // A file that has gone may have thousands of packets: they are counted.
      if (loss.kind === "gap" && loss.packets === 1 && loss.stream !== undefined) {
        if (unreadStreams.has(loss.stream)) return;
        unreadStreams.add(loss.stream);
      }
      const text = describeLoss(loss);
      if (writer?.loss !== undefined) {
        output.write(writer.loss(text));
        if (process.stdout.isTTY) return;
      }
      if (options.quiet || loss.kind === "discarded-events") return;
      progress?.erase();
      warn(text);
    };
    const interrupt = (): void => {
      isInterrupted = true;
      // A second Ctrl-C ends it at once.
      process.once("SIGINT", () => process.exit(ExitCode.ok));
      finish();
    };
    const output = new Output(process.stdout, share.gate, (error) => finish(error));
    process.on("SIGINT", interrupt);
    process.on("SIGTERM", interrupt);
    if (options.duration !== undefined) timer = setTimeout(() => finish(), options.duration);
    const looking = (done: number, total: number): void =>
      progress?.show(() => `looking for containers, ${percent(done, total)}`);
    const results = run(execution, share, () =>
      namesOf(feed, execution.threads, progress && looking),
    );
    const hasOneLayout =
      feed.isLive && writer !== undefined && format.hasOneLayout(FORMAT_DEFAULTS);
    const items = hasOneLayout ? settled(results, options.settle) : results;
    // A source may fail before `subscribe` returns.
    subscription = items.subscribe({
      next: (item) => {
        switch (item.kind) {
          case "columns":
            if (isStill) progress?.restart();
            else progress?.end();
            if (writer !== undefined)
              output.write(hasBegun ? writer.change(item.columns) : writer.begin(item.columns));
            hasBegun = true;
            break;
          case "batch":
            rows += item.batch.rows;
            ({ late, unnamedRows: unnamed } = item.batch);
            watermarkNs = item.batch.watermarkNs;
            if (writer !== undefined) {
              const facts = batchFacts(item.batch, 0);
              output.write(writer.batch(item.batch, facts), (bytes) => writer.recycle?.(bytes));
            }
            break;
          case "loss":
            account.add(item.loss);
            tellLoss(item.loss);
            break;
          case "note":
            if (options.quiet) break;
            progress?.erase();
            note(item.text);
            break;
        }
      },
      error: (error) => finish(error),
      complete: () => finish(),
    });
  });
}

/** The parser and what is not asked for of the formats take longer to load than a short trace to read. */
async function program(where: string | undefined): Promise<Program | undefined> {
  if (where === undefined) return undefined;
  const { compileFilter } = await import("../filter/compile.ts");
  return compileFilter(where);
}

async function questionOf(
  options: TailOptions,
  format: OutputFormat,
  filter: Program | undefined,
): Promise<Question> {
  // Who asks for containers by name sees them by name.
  const isByName = options.container.length > 0 || filter?.containers !== undefined;
  return {
    filter,
    container: namedBy(options.container),
    events: options.event,
    select: options.count
      ? []
      : ((await format.selection?.(options.select, isByName)) ?? options.select),
    begin: options.begin === undefined ? undefined : parseTimeBound(options.begin),
    end: options.end === undefined ? undefined : parseTimeBound(options.end),
    order: options.count ? "none" : "time",
    limit: options.limit,
  };
}

export async function batchWriter(
  format: OutputFormat,
  options: Pick<TailOptions, "color" | "delta">,
): Promise<BatchWriter> {
  const open = await format.load();
  const { color, delta = false } = options;
  const isColored = color === "always" || (color === "auto" && hasColors(process.stdout));
  return open({ ...FORMAT_DEFAULTS, showsDelta: delta, isColored });
}
