import pc from "picocolors";
import type { StreamOrigin } from "../base/item.ts";
import { type ColumnRequest, columnRequest } from "../column/request.ts";
import { type Feed, openFeed } from "../feed/feed.ts";
import { describeLoss, type Loss, LossAccount } from "../feed/losses.ts";
import type { Program } from "../filter/bytecode.ts";
import { type ContainerCondition, named } from "../filter/container-condition.ts";
import type { BatchWriter } from "../format/batch-writer.ts";
import {
  NAMED_TEXT_REQUESTS,
  TEXT_HEAD_COUNT,
  TEXT_REQUESTS,
  type TextColors,
  textWriter,
} from "../format/text.ts";
import { asksForContainers, namesOf, runQuestion } from "../operators/run-question.ts";
import type { Execution } from "../query/execution.ts";
import type { Question } from "../query/question.ts";
import { batchFacts } from "../query/result.ts";
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
  readonly format: "text" | "babeltrace" | "ndjson" | "csv" | "arrow";
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
  const writer = options.count ? undefined : await batchWriter(options);
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
  const rows = await run(questionOf(options, filter), execution, feed, writer, options);
  if (options.count && rows !== undefined) process.stdout.write(`${rows}\n`);
}

/** How many events are looked at: where none is left out, a limit tells. */
function eventsSeen({ limit, where, event, container }: TailOptions): number | undefined {
  return where === undefined && event.length === 0 && container.length === 0 ? limit : undefined;
}

/**
 * Runs the query to its end, or until limit, duration, Ctrl-C or a reader that went away. Gives the number of rows seen,
 * nothing after an error.
 */
function run(
  question: Question,
  execution: Execution,
  feed: Feed,
  writer: BatchWriter | undefined,
  options: TailOptions,
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
    // Before the first row of a container, a recorded trace is read for what it tells of them.
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
      // Detaching from a relayd may take a moment; it must not take for ever.
      setTimeout(() => process.exit(), GRACE_MS).unref();
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
    const results = runQuestion(question, execution, share, () =>
      namesOf(feed, execution.threads, progress && looking),
    );
    const hasOneLayout = feed.isLive && options.format === "arrow";
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
              const bytes = writer.batch(item.batch, facts);
              output.write(bytes, () => writer.recycle?.(bytes));
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

function questionOf(options: TailOptions, filter: Program | undefined): Question {
  return {
    filter,
    container: containerCondition(options.container),
    events: options.event,
    select: selection(options, filter),
    begin: options.begin === undefined ? undefined : parseTimeBound(options.begin),
    end: options.end === undefined ? undefined : parseTimeBound(options.end),
    order: options.count ? "none" : "time",
    limit: options.limit,
  };
}

/** Any of the names. */
function containerCondition(names: readonly string[]): ContainerCondition | undefined {
  return names.length === 0 ? undefined : { kind: "or", operands: names.map(named) };
}

function selection(options: TailOptions, filter: Program | undefined): Question["select"] {
  if (options.count) return [];
  if (options.format === "babeltrace") return [{ kind: "record" }, { kind: "timestamp" }];
  if (options.format !== "text") return options.select;
  // Who asks for containers by name sees them by name.
  const isByName = options.container.length > 0 || filter?.containers !== undefined;
  const head = isByName ? NAMED_TEXT_REQUESTS : TEXT_REQUESTS;
  if (options.select === undefined) return head;
  const selected = options.select
    .map(columnRequest)
    .filter(({ kind }) => kind !== "timestamp" && kind !== "event");
  return [...head.slice(0, TEXT_HEAD_COUNT), ...selected.map(asText)];
}

function asText(request: ColumnRequest): ColumnRequest {
  return request.kind === "payload" ? { kind: "payload", style: "text" } : request;
}

async function batchWriter(options: TailOptions): Promise<BatchWriter> {
  switch (options.format) {
    case "text":
      return textWriter(textColors(options.color));
    case "babeltrace": {
      const { babeltraceWriter } = await import("../format/babeltrace.ts");
      return babeltraceWriter(options.delta ?? false);
    }
    case "ndjson": {
      const { ndjsonWriter } = await import("../format/ndjson.ts");
      return ndjsonWriter();
    }
    case "csv": {
      const { csvWriter } = await import("../format/csv.ts");
      return csvWriter();
    }
    case "arrow": {
      const { ipcWriter } = await import("../format/arrow/ipc-writer.ts");
      return ipcWriter({ dictionaries: "delta", framing: "stream" });
    }
  }
}

function textColors(when: TailOptions["color"]): TextColors {
  const isOn = when === "always" || (when === "auto" && hasColors(process.stdout));
  const colors = pc.createColors(isOn);
  const around = (paint: (text: string) => string): readonly [string, string] => {
    const [open = "", close = ""] = paint("|").split("|");
    return [open, close];
  };
  return {
    time: around(colors.dim),
    container: around(colors.cyan),
    process: around(colors.green),
    event: around(colors.bold),
    name: around(colors.dim),
    loss: around(colors.yellow),
  };
}
