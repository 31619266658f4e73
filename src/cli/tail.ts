/** `tracewire tail`: runs a query and writes its rows to stdout, its status and notes to stderr. */

import type { Observable } from "rxjs";
import type { StreamOrigin } from "../base/item.ts";
import { type Feed, type FeedSubscription, openFeed } from "../feed/feed.ts";
import { describeLoss, type Loss, LossAccount } from "../feed/losses.ts";
import type { Program } from "../filter/bytecode.ts";
import { namedBy } from "../filter/container-condition.ts";
import type { BatchWriter } from "../format/batch-writer.ts";
import { FORMAT_DEFAULTS, formatNamed, type OutputFormat } from "../format/formats.ts";
import { through } from "../operators/chain.ts";
import { LastRows } from "../operators/last-rows.ts";
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
import type { TimeFrame } from "../source/time-bound.ts";
import { hasColors } from "./colors.ts";
import { mayShareTerminal, Output, refuseTerminal } from "./output.ts";
import { ExitCode, GRACE_MS, note, report, reportIncomplete, warn } from "./report.ts";
import { describeLive, percent, progressLine } from "./status.ts";
import { type AskedTimes, askedTimes, type TimeOptions, timeStyle, zoneNote } from "./times.ts";
import { terminalWidth, wrapped } from "./wrap.ts";

export interface TailOptions extends TimeOptions {
  readonly where?: string;
  readonly event: readonly string[];
  readonly container: readonly string[];
  readonly select?: readonly string[];
  readonly limit?: number;
  readonly duration?: number;
  readonly from: "beginning" | "now";
  readonly wait?: true;
  readonly reconnect: boolean;
  readonly format: string;
  readonly delta?: true;
  readonly dict?: "plain" | "delta";
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
  const feed = feedOf(sources, options);
  const times = askedTimes(options, feed.isLive);
  // They boot while the metadata is read.
  const threads = startThreads(sources, options.engine, options.workers, eventsSeen(options));
  const format = formatNamed(options.format);
  const filter = await program(options.where);
  // Until it has been opened, signals end the process at once.
  const frame = await feed.span();
  const writer = options.count ? undefined : await batchWriter(format, options, frame);
  const execution: Execution = {
    isLive: feed.isLive,
    maxLagMs: options.maxLag,
    nameWaitMs: options.nameWait,
    engine: options.engine,
    borrowBatches: true,
    threads,
    lines: times.lastRows === undefined ? writer?.lines : undefined,
  };
  const question = await questionOf(options, times, format, filter);
  const asked: Asked = {
    question,
    run: (how, share, source) =>
      lastRows(times.lastRows, how, runQuestion(question, how, share, source)),
  };
  const rows = await runRows(asked, execution, feed, writer, format, options);
  if (options.count && rows !== undefined) process.stdout.write(`${rows}\n`);
}

export function feedOf(
  sources: readonly string[],
  { from, wait, reconnect, clockOffset }: TailOptions,
): Feed {
  const inThread = hasSpareProcessors(sources);
  return openFeed(sources, { from, wait, reconnect, inThread, clockOffsetNs: clockOffset });
}

function lastRows(
  rows: number | undefined,
  { isLive }: Execution,
  results: Observable<ResultItem>,
): Observable<ResultItem> {
  if (rows === undefined) return results;
  return through(results, [new LastRows(rows)], { isLive, borrowBatches: true });
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
    const isStill = options.count === true || !mayShareTerminal();
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
    let hasFinished = false;
    const finish = (error?: unknown): void => {
      if (hasFinished) {
        // What was written last could not be, or its reader has gone.
        if (error !== undefined) report(error);
        else if (process.exitCode === ExitCode.incomplete) process.exitCode = ExitCode.ok;
        return;
      }
      hasFinished = true;
      clearTimeout(timer);
      clearInterval(ticking);
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
      subscription?.unsubscribe();
      progress?.end();
      if (error !== undefined) report(error);
      else if (writer !== undefined) output.write(writer.end());
      if (!account.isEmpty) warn(`lost: ${account}`);
      if (account.isIncomplete && !output.isClosed) reportIncomplete();
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
  { begin, end, lastRows }: AskedTimes,
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
    begin,
    end,
    order: options.count && lastRows === undefined ? "none" : "time",
    limit: options.limit,
  };
}

export async function batchWriter(
  format: OutputFormat,
  options: Pick<TailOptions, "color" | "delta" | "dict" | "quiet"> & TimeOptions,
  frame: TimeFrame,
): Promise<BatchWriter> {
  refuseTerminal(format.name);
  const open = await format.load();
  const { color, delta = false, dict: dictionaries = FORMAT_DEFAULTS.dictionaries } = options;
  const times = timeStyle(options, frame, format.name === "text");
  const isRead = process.stdout.isTTY === true || process.stderr.isTTY === true;
  if (format.name === "text" && isRead && options.quiet !== true) note(zoneNote(times, frame));
  const isColored = color === "always" || (color === "auto" && hasColors(process.stdout));
  const writer = open({ ...FORMAT_DEFAULTS, dictionaries, showsDelta: delta, isColored, times });
  return format.name === "text" && terminalWidth() !== undefined ? wrapping(writer) : writer;
}

/** Long lines go on, indented, in the next line of the terminal. */
function wrapping(writer: BatchWriter): BatchWriter {
  return {
    ...writer,
    async batch(batch, facts) {
      const text = Buffer.from(await writer.batch(batch, facts)).toString();
      return Buffer.from(wrapped(text, terminalWidth()));
    },
  };
}
