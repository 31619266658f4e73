/** What a program says about a query, in the words of the command line; texts are compiled when the query is made. */

import { SourceError } from "../base/errors.ts";
import { type ColumnRequest, columnName } from "../column/request.ts";
import type { Loss } from "../feed/losses.ts";
import type { Program } from "../filter/bytecode.ts";
import { compileFilter } from "../filter/compile.ts";
import { namedBy } from "../filter/container-condition.ts";
import { queryText } from "../language/named-queries.ts";
import { planQuery } from "../language/plan.ts";
import type { PlannedQuery } from "../language/planned-query.ts";
import type { Engine } from "../query/execution.ts";
import { EVERYTHING, type Question } from "../query/question.ts";
import { type RowsAsked, rowsText } from "../segments/row-query.ts";
import { parseTimeBound, type TimeBound } from "../source/time-bound.ts";

export interface QueryOptions {
  /**
   * A query in the query language: `ret < 0 |> syscalls |> count() by container every 1s`. It says by itself what `where`,
   * `select`, `order` and `limit` would.
   */
  readonly q?: string | undefined;
  /** A filter expression: `ret < 0 && $container.name == "web"`. */
  readonly where?: string | Program | undefined;
  /** Rows of these containers: names, or globs such as `web-*`; `!web-*` excludes. */
  readonly container?: string | readonly string[] | undefined;
  /** Names of event classes, or globs; `!sched_*` excludes. Default all. */
  readonly events?: string | readonly string[] | undefined;
  /** Columns: `timestamp`, `event`, `container`, fields and contexts by name, `x:int64`. Default: all that events share. */
  readonly select?: readonly (string | ColumnRequest)[] | undefined;
  /** Inclusive: a time as on the command line, a `Date`, or nanoseconds since the Unix epoch. */
  readonly begin?: string | Date | bigint | TimeBound | undefined;
  readonly end?: string | Date | bigint | TimeBound | undefined;
  /** `time`, the default, holds rows until no earlier ones can come; `none` gives them as they are decoded. */
  readonly order?: "time" | "none" | undefined;
  /** The query ends after so many rows. */
  readonly limit?: number | undefined;
  /** Live: how long a silent stream may hold the others up, in ms. Default 5000. */
  readonly maxLagMs?: number | undefined;
  /** Live: how long rows of a container without a name wait for it, in ms. Default 10 000 where names are asked for. */
  readonly nameWaitMs?: number | undefined;
  /** Live: how long formats of one layout wait for the types of undeclared columns, in ms. Default 5000. */
  readonly settleMs?: number | undefined;
  /** Compiled code, the default, or the reference interpreter. */
  readonly engine?: Engine | undefined;
  /** Recorded: threads that scan. Default: one less than there are processors, for traces that are worth it. */
  readonly threads?: number | undefined;
  /** Called with what a user should know: names that match nothing, columns that got their types. */
  readonly onNote?: ((text: string) => void) | undefined;
  /** Called with each loss, in its place among the rows. */
  readonly onLoss?: ((loss: Loss) => void) | undefined;
}

/**
 * The question that options ask.
 * @throws FilterError; SourceError `TIME_SYNTAX`
 */
export function questionOf(options: QueryOptions): Question {
  const { where, select, order = "time", limit } = options;
  return {
    ...EVERYTHING,
    ...baseOf(options),
    filter: typeof where === "string" ? compileFilter(where) : where,
    select,
    order,
    limit,
  };
}

/**
 * The options for files of rows: a selection is a stage there.
 * @throws FilterError; SourceError `TIME_SYNTAX`, `QUERY_OPTION`
 */
export function rowsAsked(options: QueryOptions): RowsAsked {
  const { q, where = "", select, limit } = options;
  refuseBeside(options);
  const { events, container, begin, end } = baseOf(options);
  const filter = typeof where === "string" ? where : where.text;
  const names = select?.map((one) => (typeof one === "string" ? one : columnName(one)));
  const text = q === undefined ? rowsText(filter, names) : queryText(q);
  return { text, events, container, begin, end, limit };
}

/**
 * The plan of options that have a query in the query language.
 * @throws FilterError; SourceError `TIME_SYNTAX`, `QUERY_OPTION` for what the query says by itself
 */
export function plannedOf(options: QueryOptions): PlannedQuery | undefined {
  const { q } = options;
  if (q === undefined) return undefined;
  refuseBeside(options);
  return planQuery(queryText(q), baseOf(options));
}

/** @throws SourceError `QUERY_OPTION` for what a query in the query language says by itself */
function refuseBeside(options: QueryOptions): void {
  if (options.q === undefined) return;
  const twice = (["where", "select", "order", "limit"] as const).find(
    (name) => options[name] !== undefined,
  );
  if (twice !== undefined)
    throw new SourceError("QUERY_OPTION", `${twice}: expected nothing, since q says it`);
}

function baseOf({
  container,
  events,
  begin,
  end,
}: QueryOptions): Pick<Question, "events" | "container" | "begin" | "end"> {
  return {
    container: container === undefined ? undefined : namedBy(listOf(container)),
    events: events === undefined ? [] : listOf(events),
    begin: boundOf(begin),
    end: boundOf(end),
  };
}

function listOf(one: string | readonly string[]): readonly string[] {
  return typeof one === "string" ? [one] : one;
}

function boundOf(time: QueryOptions["begin"]): TimeBound | undefined {
  if (typeof time === "string") return parseTimeBound(time);
  if (typeof time === "bigint") return { kind: "absolute", ns: time };
  if (time instanceof Date) return { kind: "absolute", ns: BigInt(time.getTime()) * 1_000_000n };
  return time;
}
