/** Queries over files of rows: what is asked of traces, of the columns that are there. */

import { defer, from, mergeMap, type Observable } from "rxjs";
import { SourceError } from "../base/errors.ts";
import { type ContainerCondition, describeCondition } from "../filter/container-condition.ts";
import { planRows } from "../language/plan.ts";
import type { PlannedQuery } from "../language/planned-query.ts";
import { through } from "../operators/chain.ts";
import { Limit } from "../operators/limit.ts";
import { TimeRange } from "../operators/rows/time-range.ts";
import type { ResultItem } from "../query/result.ts";
import type { Gate } from "../source/gate.ts";
import { fromPull } from "../source/pull.ts";
import { resolveTime, type TimeBound, type TimeFrame } from "../source/time-bound.ts";
import type { SegmentPath } from "./find.ts";
import { hasTimes, lastTime, readSegments, segmentFacts } from "./read.ts";

export interface RowsAsked {
  /** A filter, and stages. */
  readonly text: string;
  /** Star globs over the column `event`. */
  readonly events: readonly string[];
  readonly container: ContainerCondition | undefined;
  readonly begin: TimeBound | undefined;
  readonly end: TimeBound | undefined;
  readonly limit: number | undefined;
  /** Groups of an aggregate, at most. */
  readonly maxGroups?: number | undefined;
}

/** A selection is a stage over rows that are there; types are what they are. */
export function rowsText(filter: string, select: readonly string[] | undefined): string {
  if (select === undefined) return filter;
  return `${filter} |> select ${select.join(", ").replace(/:[a-z0-9_<>]+/g, "")}`;
}

export interface RowFilesPlan {
  readonly planned: PlannedQuery;
  readonly frame: TimeFrame;
  /**
   * Runs it.
   * @param shown the planned query, or one that does more
   */
  run(gate: Gate, shown?: PlannedQuery): Observable<ResultItem>;
}

/**
 * Plans a query over the columns of some files.
 * @throws SourceError `SEGMENT_TIMES` for times asked of rows without; errors of the query language; what reading a file throws
 */
export async function planRowFiles(
  paths: readonly SegmentPath[],
  { text, events, container, begin, end, limit, maxGroups }: RowsAsked,
): Promise<RowFilesPlan> {
  const { columns, firstNs } = await segmentFacts(paths);
  if ((begin ?? end) !== undefined && !hasTimes(columns))
    throw new SourceError(
      "SEGMENT_TIMES",
      `${paths[0]!.path}: expected a column timestamp, by which --begin, --end and --last select, got none`,
    );
  const names = columns.map(({ name }) => name);
  const conditions = [
    ...(events.length === 0 ? [] : [events.map(isEvent).join(" || ")]),
    ...(container === undefined ? [] : [describeCondition(container)]),
  ].map((condition) => planRows(condition, names));
  const frame = { firstNs, lastNs: isFromEnd(begin, end) ? await lastTime(paths) : undefined };
  const planned = planRows(text, names);
  const range = [resolveTime(begin, frame, "begin"), resolveTime(end, frame, "end")] as const;
  return {
    planned,
    frame,
    run: (gate, shown = planned) => {
      const operators = [
        new TimeRange(...range),
        ...[...conditions, shown].flatMap((plan) => plan.open({ isLive: false, maxGroups })),
        ...(limit === undefined ? [] : [new Limit(limit)]),
      ];
      const rows = fromPull(() => readSegments(paths), gate);
      return through(rows, operators, { isLive: false, borrowBatches: true });
    },
  };
}

/** Plans and runs a query over files of rows. */
export function runRowFiles(
  paths: readonly SegmentPath[],
  asked: RowsAsked,
  gate: Gate,
): Observable<ResultItem> {
  return defer(() => from(planRowFiles(paths, asked))).pipe(mergeMap((plan) => plan.run(gate)));
}

function isEvent(glob: string): string {
  return `event == "${glob.replace(/["\\]/g, "\\$&")}"`;
}

/** Whether times count from the end of the rows. */
function isFromEnd(...bounds: readonly (TimeBound | undefined)[]): boolean {
  return bounds.some((bound) => bound?.kind === "relative" && bound.ns < 0n);
}
