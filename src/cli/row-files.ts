/** Queries over files of rows that were recorded or exported: what `tail` and `query` ask of traces, of the columns that are there. */

import { EMPTY } from "rxjs";
import { SourceError } from "../base/errors.ts";
import { describeCondition, namedBy } from "../filter/container-condition.ts";
import { planRows } from "../language/plan.ts";
import type { PlannedQuery } from "../language/planned-query.ts";
import { ofProcesses, parseProcess } from "../language/process-filter.ts";
import { through } from "../operators/chain.ts";
import { Limit } from "../operators/limit.ts";
import { TimeRange } from "../operators/rows/time-range.ts";
import type { Execution } from "../query/execution.ts";
import type { SegmentPath } from "../segments/find.ts";
import { hasTimes, lastTime, readSegments, segmentFacts } from "../segments/read.ts";
import { Gate } from "../source/gate.ts";
import { fromPull } from "../source/pull.ts";
import { resolveTime, type TimeBound } from "../source/time-bound.ts";
import { queryOutput } from "./query-output.ts";
import type { RowsOptions } from "./rows-options.ts";
import { type Asked, lastRows, runRows } from "./rows-run.ts";
import { askedTimes } from "./times.ts";

export interface RowFilesQuery {
  /** A filter, and stages. */
  readonly text: string;
  readonly limit?: number | undefined;
  /** Rows are counted only. */
  readonly isCounted?: boolean;
}

/**
 * Runs a query over files of rows.
 * @returns how many rows there were; `undefined` after an error
 */
export async function answerRowFiles(
  paths: readonly SegmentPath[],
  { text, limit, isCounted = false }: RowFilesQuery,
  options: RowsOptions,
): Promise<number | undefined> {
  const { begin, end, lastRows: last } = askedTimes(options, false);
  const { columns, firstNs } = await segmentFacts(paths);
  if ((begin ?? end) !== undefined && !hasTimes(columns))
    throw new SourceError(
      "SEGMENT_TIMES",
      `${paths[0]!.path}: expected a column timestamp, by which --begin, --end and --last select, got none`,
    );
  const names = columns.map(({ name }) => name);
  const conditions = conditionsOf(options).map((condition) => planRows(condition, names));
  const processes = (options.pid ?? []).map(parseProcess);
  const planned = planRows(ofProcesses(text, processes) ?? "", names);
  const frame = { firstNs, lastNs: isFromEnd(begin, end) ? await lastTime(paths) : undefined };
  const { shown, writer, hasOneLayout } = await queryOutput(planned, options, frame);
  const range = new TimeRange(resolveTime(begin, frame, "begin"), resolveTime(end, frame, "end"));
  const operators = [
    range,
    ...[...conditions, shown].flatMap((plan: PlannedQuery) => plan.open({ isLive: false })),
    ...(limit === undefined ? [] : [new Limit(limit)]),
  ];
  const asked: Asked = {
    question: shown.question,
    run: (how, { gate }) => {
      const rows = fromPull(() => readSegments(paths), gate);
      return lastRows(last, how, through(rows, operators, { isLive: false, borrowBatches: true }));
    },
  };
  const execution: Execution = { isLive: false, borrowBatches: true };
  const feed = {
    isLive: false,
    share: () => ({ items: EMPTY, gate: new Gate(), canBlock: () => true }),
  };
  return await runRows({
    asked,
    execution,
    feed,
    writer: isCounted ? undefined : writer,
    format: { hasOneLayout },
    options,
  });
}

/** What options ask besides the text, as conditions on columns. */
function conditionsOf({ event, container }: RowsOptions): readonly string[] {
  const containers = namedBy(container);
  const events = event.map((glob) => `event == "${glob.replace(/["\\]/g, "\\$&")}"`);
  return [
    ...(events.length === 0 ? [] : [events.join(" || ")]),
    ...(containers === undefined ? [] : [describeCondition(containers)]),
  ];
}

/** Whether times count from the end of the rows. */
function isFromEnd(...bounds: readonly (TimeBound | undefined)[]): boolean {
  return bounds.some((bound) => bound?.kind === "relative" && bound.ns < 0n);
}
