/** `tracewire tail`: runs a query and writes its rows to stdout, its status and notes to stderr. */

import { SourceError } from "../base/errors.ts";
import type { Program } from "../filter/bytecode.ts";
import { namedBy } from "../filter/container-condition.ts";
import { formatNamed, type OutputFormat } from "../format/formats.ts";
import { runQuestion } from "../operators/run-question.ts";
import type { Question } from "../query/question.ts";
import { startThreads } from "../query/threads.ts";
import { type SegmentPath, segmentPaths } from "../segments/find.ts";
import { rowWriter } from "./row-writer.ts";
import { executionOf, feedOf, type RowsOptions } from "./rows-options.ts";
import { type Asked, lastRows, runRows } from "./rows-run.ts";
import { type AskedTimes, askedTimes } from "./times.ts";

export interface TailOptions extends RowsOptions {
  readonly where?: string;
  readonly select?: readonly string[];
  readonly limit?: number;
  readonly count?: true;
  readonly order?: "time" | "none";
}

/** `tracewire tail`: one query, its rows on stdout. A filter with stages is answered as `tracewire query` does. */
export async function tail(sources: readonly string[], options: TailOptions): Promise<void> {
  const { where } = options;
  const files = segmentPaths(sources);
  if (files !== undefined) {
    await tailRowFiles(files, options);
    return;
  }
  if (where !== undefined && (await hasStages(where))) {
    refuseBesideStages(options);
    const { answer } = await import("./query.ts");
    await answer(sources, where, options);
    return;
  }
  const feed = feedOf(sources, options);
  const times = askedTimes(options, feed.isLive);
  // They boot while the metadata is read.
  const threads = startThreads(feed.stored, options.engine, options.workers, eventsSeen(options));
  const format = formatNamed(options.format);
  const filter = await compiledFilter(options);
  // Until it has been opened, signals end the process at once.
  const frame = await feed.span();
  const writer = options.count ? undefined : await rowWriter(format, options, frame);
  const lines = times.lastRows === undefined ? writer?.lines : undefined;
  const execution = executionOf(feed, options, { threads, lines });
  const question = await questionOf(options, times, format, filter);
  const asked: Asked = {
    question,
    run: (how, share, source) =>
      lastRows(times.lastRows, how, runQuestion(question, how, share, source)),
  };
  const rows = await runRows({ asked, execution, feed, writer, format, options });
  if (options.count && rows !== undefined) process.stdout.write(`${rows}\n`);
}

/** Files of rows have columns only: the options become stages on them. */
async function tailRowFiles(files: readonly SegmentPath[], options: TailOptions): Promise<void> {
  const { where = "", select, limit, count } = options;
  if (await hasStages(where)) refuseBesideStages(options);
  const names = select?.map((one) => one.replace(/:[a-z0-9_<>]+$/, ""));
  const text = names === undefined ? where : `${where} |> select ${names.join(", ")}`;
  const { answerRowFiles } = await import("./row-files.ts");
  const rows = await answerRowFiles(files, { text, limit, isCounted: count === true }, options);
  if (count && rows !== undefined) process.stdout.write(`${rows}\n`);
}

/** The filter that is asked for. */
export async function compiledFilter(options: TailOptions): Promise<Program | undefined> {
  return program(await ofProcesses(options));
}

/** The filter, of the processes that are asked for. */
async function ofProcesses({ where, pid = [] }: TailOptions): Promise<string | undefined> {
  if (pid.length === 0) return where;
  const processes = await import("../language/process-filter.ts");
  return processes.ofProcesses(where, pid.map(processes.parseProcess));
}

async function hasStages(where: string): Promise<boolean> {
  if (!where.includes("|>")) return false;
  const parser = await import("../language/parse-query.ts");
  return parser.hasStages(where);
}

/** @throws SourceError `QUERY_OPTION` for what stages say themselves */
/** @throws SourceError `QUERY_OPTION` */
function orderOf({ order, count }: TailOptions, lastRows: number | undefined): "time" | "none" {
  if (lastRows === undefined) return order ?? (count ? "none" : "time");
  if (order !== "none") return "time";
  throw new SourceError(
    "QUERY_OPTION",
    `--last: expected events in the order of time, of which ${lastRows} are the last, got --order none`,
  );
}

function refuseBesideStages({ select, limit, count, order }: TailOptions): void {
  const asked = [
    select && (["--select", "select timestamp, event"] as const),
    limit !== undefined && (["--limit", `limit ${limit}`] as const),
    count && (["--count", "count()"] as const),
    order && (["--order", "sort timestamp"] as const),
  ];
  const first = asked.find((one) => one !== undefined && one !== false);
  if (!first) return;
  const [option, stage] = first;
  throw new SourceError(
    "QUERY_OPTION",
    `${option}: expected no such option beside stages in --where; add it to the query, as |> ${stage}`,
  );
}

/** How many events are looked at: where none is left out, the limit. */
function eventsSeen({ limit, where, event, container }: TailOptions): number | undefined {
  return where === undefined && event.length === 0 && container.length === 0 ? limit : undefined;
}

/** The parser and what is not asked for of the formats take longer to load than a short trace to read. */
async function program(where: string | undefined): Promise<Program | undefined> {
  if (where === undefined) return undefined;
  const { compileFilter } = await import("../filter/compile.ts");
  return compileFilter(where);
}

export async function questionOf(
  options: TailOptions,
  { begin, end, lastRows }: AskedTimes,
  format: OutputFormat,
  filter: Program | undefined,
): Promise<Question> {
  // A query for containers by name shows their names.
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
    order: orderOf(options, lastRows),
    limit: options.limit,
  };
}
