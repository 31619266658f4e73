import { SourceError } from "../base/errors.ts";
import { namedBy } from "../filter/container-condition.ts";
import { formatNamed } from "../format/formats.ts";
import { queryText } from "../language/named-queries.ts";
import { planQuery } from "../language/plan.ts";
import { ofProcesses, parseProcess } from "../language/process-filter.ts";
import { runPlanned } from "../language/run-query.ts";
import type { Question } from "../query/question.ts";
import { startThreads } from "../query/threads.ts";
import { segmentPaths } from "../segments/find.ts";
import { queryOutput } from "./query-output.ts";
import { sourcesAndQuery } from "./query-words.ts";
import { note } from "./report.ts";
import { executionOf, feedOf, type RowsOptions } from "./rows-options.ts";
import { type Asked, lastRows, runRows } from "./rows-run.ts";
import { type AskedTimes, askedTimes } from "./times.ts";

export interface QueryOptions extends RowsOptions {
  readonly queries?: string;
}

/** `tracewire query`: answers in the query language, as a table or in a format for programs. */
export async function query(words: readonly string[], options: QueryOptions): Promise<void> {
  const { sources, query } = sourcesAndQuery("query", words);
  await answer(sources, queryText(query, options.queries), options);
}

/** Runs a query and writes its rows. */
export async function answer(
  sources: readonly string[],
  text: string,
  options: RowsOptions,
): Promise<void> {
  const files = segmentPaths(sources);
  if (files !== undefined) {
    const { answerRowFiles } = await import("./row-files.ts");
    await answerRowFiles(files, { text }, options);
    return;
  }
  const feed = feedOf(sources, options);
  const times = askedTimes(options, feed.isLive);
  const processes = (options.pid ?? []).map(parseProcess);
  const planned = planQuery(ofProcesses(text, processes) ?? "", baseOf(options, times));
  if (times.lastRows !== undefined && !planned.isPlain)
    throw new SourceError(
      "QUERY_OPTION",
      `--last: expected a duration such as 5m beside stages, got a number of events, ${times.lastRows}`,
    );
  const limit = times.lastRows === undefined ? planned.question.limit : undefined;
  const threads = startThreads(feed.stored, options.engine, options.workers, limit);
  const { shown, writer, hasOneLayout } = await queryOutput(planned, options, await feed.span());
  const lines = times.lastRows === undefined ? writer.lines : undefined;
  const execution = executionOf(feed, options, { threads, lines });
  const asked: Asked = {
    question: shown.question,
    run: (how, share, source) =>
      lastRows(times.lastRows, how, runPlanned(shown, how, share, source)),
  };
  const rows = await runRows({ asked, execution, feed, writer, format: { hasOneLayout }, options });
  // A table without rows has no head either: nothing at all would be said.
  if (rows === 0 && formatNamed(options.format).name === "text" && !options.quiet) note("no rows");
}

function baseOf({ event, container }: RowsOptions, { begin, end }: AskedTimes): Partial<Question> {
  return { events: event, container: namedBy(container), begin, end };
}
