/** A view's parts as queries of the language. */

import { textLiteral } from "../language/text-literal.ts";
import type { KeyName, View, ViewPart } from "./view.ts";

/** What narrows a view: keys of the rows that were opened, and the user's filter. */
export interface Scope {
  readonly container?: string;
  readonly pid?: number;
  readonly tid?: number;
  readonly syscall?: string;
  readonly filename?: string;
  /** A filter of the query language; empty for none. */
  readonly filter: string;
}

export const EVERYWHERE: Scope = { filter: "" };

/** Behind this, a value stands in for the one in front of it: where there is no `pid`, there may be a `vpid`. */
export interface QueriedKey {
  readonly name: KeyName;
  /** Columns of the rows, the first that has a value counts. */
  readonly columns: number;
}

export interface PartQuery {
  readonly text: string;
  readonly keys: readonly QueriedKey[];
  /** What amounts of all the time are multiplied by, to be per second or per cent: columns by name. */
  readonly scales: ReadonlyMap<string, number>;
}

const USUAL: Readonly<Partial<Record<KeyName, readonly string[]>>> = {
  container_type: ["$container.type"],
  pid: ["$ctx.pid"],
  tid: ["$ctx.tid"],
};
/** User-space events have the ids of their container, and those of the host where the kernel is traced, too. */
const EITHER: Readonly<Partial<Record<KeyName, readonly string[]>>> = {
  ...USUAL,
  pid: ["$ctx.pid", "$ctx.vpid"],
  tid: ["$ctx.tid", "$ctx.vtid"],
};
const CONTAINED: Readonly<Partial<Record<KeyName, readonly string[]>>> = {
  ...USUAL,
  pid: ["$ctx.vpid"],
  tid: ["$ctx.vtid"],
};

/**
 * The queries that may fill a part, best first: later ones do without contexts that the trace may not have.
 * @param time the window, such as `2s`; or, for totals, the nanoseconds that they are of
 */
export function partQueries(
  part: ViewPart,
  view: View,
  scope: Scope,
  time: string | number,
): readonly PartQuery[] {
  const { keys } = view;
  const hasIds = keys.some((key) => key === "pid" || key === "tid");
  const isScoped = scope.pid !== undefined || scope.tid !== undefined;
  const ways =
    part.table === "events" && (hasIds || isScoped) ? [EITHER, USUAL, CONTAINED] : [USUAL];
  const queries = ways.map((ids) => queryOf(part, view, scope, time, ids));
  return [queries, without(queries, "pid_ns"), without(queries, "procname")].flat();
}

/** The queries without measures of a context that not every trace has. */
function without(
  queries: readonly PartQuery[],
  context: "pid_ns" | "procname",
): readonly PartQuery[] {
  const contexts = context === "pid_ns" ? "pid_ns" : "(?:pid_ns|procname)";
  const measure = new RegExp(`, \\w+ = \\w+\\(\\$ctx\\.${contexts}\\)`, "g");
  return queries.flatMap((query) => {
    const text = query.text.replace(measure, "");
    return text === query.text ? [] : [{ ...query, text }];
  });
}

function queryOf(
  part: ViewPart,
  { keys, columns }: View,
  scope: Scope,
  time: string | number,
  ids: typeof USUAL,
): PartQuery {
  const spelt = keys.map((key) => {
    const own = part.keys?.[key];
    return own === undefined ? (ids[key] ?? [key]) : [own];
  });
  const scales = new Map<string, number>();
  const measures = Object.entries(part.measures)
    .filter(([measure]) => columns.some(({ name }) => name === measure))
    .map(([name, text]) => {
      if (typeof time === "string") return `${name} = ${text}`;
      const amount = amountOf(text, time);
      if (amount.scale !== 1) scales.set(name, amount.scale);
      return `${name} = ${amount.text}`;
    });
  const by = spelt.flat().join(", ");
  const table = part.table === "events" ? "" : ` |> ${part.table}`;
  const window = typeof time === "string" ? ` every ${time}` : "";
  const condition = conditionOf(scope, part.where, ids);
  return {
    text: `${condition}${table} |> ${measures.join(", ")} by ${by}${window}`.trim(),
    scales,
    keys: keys.map((name, i) => ({ name, columns: spelt[i]!.length })),
  };
}

/**
 * A measure of all the time as an amount, and what that is multiplied by. The query language relates rates and usages to
 * the time between the first and the last row, which is short where little happened.
 */
function amountOf(measure: string, spanNs: number): { text: string; scale: number } {
  const perSecond = 1e9 / spanNs;
  if (measure.startsWith("rate()"))
    return { text: measure.replace("rate()", "count()"), scale: perSecond };
  if (measure.startsWith("rate("))
    return { text: measure.replace("rate(", "sum("), scale: perSecond };
  if (measure.startsWith("usage("))
    return { text: measure.replace("usage(", "sum("), scale: 100 / spanNs };
  return { text: measure, scale: 1 };
}

/** The filters that may select the events of a scope, best first. */
export function eventConditions({ syscall, ...scope }: Scope): readonly string[] {
  const where = syscall === undefined ? undefined : eventsOfCall(syscall);
  return [EITHER, USUAL, CONTAINED].map((ids) => conditionOf(scope, where, ids));
}

function eventsOfCall(name: string): string {
  const sides = ["syscall_entry_", "syscall_exit_"];
  return `(${sides.map((side) => `$event.name == ${textLiteral(side + name)}`).join(" || ")})`;
}

/** The filter of a scope; empty for everything. */
export function conditionOf(scope: Scope, where?: string, ids: typeof USUAL = USUAL): string {
  const { filter, container, pid, tid, syscall, filename } = scope;
  const id = (key: "pid" | "tid", value: number | undefined): string[] => {
    if (value === undefined) return [];
    const tests = (ids[key] ?? []).map((name) => `${name} == ${value}`);
    return [tests.length > 1 ? `(${tests.join(" || ")})` : tests.join("")];
  };
  const conditions = [
    ...(container === undefined ? [] : [`$container.name == ${textLiteral(container)}`]),
    ...id("pid", pid),
    ...id("tid", tid),
    ...(syscall === undefined ? [] : [`syscall == ${textLiteral(syscall)}`]),
    ...(filename === undefined ? [] : [`filename == ${textLiteral(filename)}`]),
    ...(where === undefined ? [] : [where]),
    ...(filter.trim() === "" ? [] : [`(${filter})`]),
  ];
  return conditions.join(" && ");
}
