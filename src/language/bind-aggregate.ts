/** `count(), p99(dt) by container every 1s`, bound to the columns of its input. */

import type { FilterError } from "../base/errors.ts";
import type { ColumnRequest } from "../column/request.ts";
import { compileExpression } from "../filter/compile.ts";
import { AGGREGATES, type Aggregate, type MeasureSpec } from "../operators/aggregate/measures.ts";
import type { WindowSpec } from "../operators/aggregate/windows.ts";
import { conditionOnEvents } from "./event-columns.ts";
import { foreignFunction } from "./foreign-names.ts";
import { unknownName, wrongStage, wrongType } from "./language-error.ts";
import { durationNs } from "./number-literals.ts";
import type { AggregateStage, Measure } from "./query-ast.ts";
import { computation, type Extra, rowProgram } from "./row-expressions.ts";
import type { Scope } from "./scope.ts";
import type { TypeRule } from "./type-check.ts";

/** Quantiles by their short names. */
const QUANTILES: ReadonlyMap<string, number> = new Map([
  ["p50", 0.5],
  ["p90", 0.9],
  ["p95", 0.95],
  ["p99", 0.99],
  ["p999", 0.999],
]);

export const FUNCTIONS: readonly string[] = [...AGGREGATES, ...QUANTILES.keys()];

/** How many values each takes; of `quantile`, the second is the quantile. */
const ARGUMENTS: Readonly<Record<Aggregate, readonly [number, number]>> = {
  count: [0, 1],
  sum: [1, 1],
  min: [1, 1],
  max: [1, 1],
  avg: [1, 1],
  stddev: [1, 1],
  first: [1, 1],
  last: [1, 1],
  distinct: [1, 1],
  rate: [0, 1],
  usage: [1, 1],
  quantile: [2, 2],
  hist: [1, 1],
};

const NUMERIC: ReadonlySet<Aggregate> = new Set<Aggregate>([
  "sum",
  "avg",
  "stddev",
  "rate",
  "usage",
  "quantile",
  "hist",
]);

/** Aggregates of the length of intervals that windows cut. */
const AMOUNTS: ReadonlySet<Aggregate> = new Set<Aggregate>(["sum", "rate", "usage"]);

/** A column of the input, or one that is computed behind it. */
export type Place = { readonly at: number } | { readonly extra: number };

interface BoundMeasure extends Omit<MeasureSpec, "column" | "mask"> {
  readonly column: Place | undefined;
  readonly mask: Place | undefined;
}

export interface BoundAggregate {
  readonly keys: readonly number[];
  readonly measures: readonly BoundMeasure[];
  readonly window: WindowSpec | undefined;
  /** The place of the length of intervals, where it is needed. */
  readonly length: number | undefined;
  readonly extras: readonly Extra[];
  readonly rules: readonly TypeRule[];
  /** The names of the result's columns. */
  readonly names: readonly string[];
}

/**
 * Binds a stage.
 * @param ask asks the scan for a column of events; `undefined` where the rows are no events
 * @throws FilterError
 */
export function bindAggregate(
  stage: AggregateStage,
  scope: Scope,
  text: string,
  ask?: (request: ColumnRequest) => number,
): BoundAggregate {
  const extras: Extra[] = [];
  const rules: TypeRule[] = [];
  const keys = stage.by.map((name) => {
    const at = scope.place(name.reference);
    rules.push({ at, needs: "value", what: "by", span: name });
    return at;
  });
  const window = windowOf(stage, text);
  const length = stage.measures.some(({ name }) => AMOUNTS.has(name.text as Aggregate))
    ? scope.length()
    : undefined;
  const measures = stage.measures.map((measure) => {
    const bound = bindFunction(measure, scope, text, extras, rules);
    const { aggregate, column, isPlain } = bound;
    const isLength = isPlain && column !== undefined && "at" in column && column.at === length;
    if (aggregate === "usage" && !isLength)
      throw wrongType(
        text,
        measure,
        "usage",
        "expected dt of a table of intervals (syscalls, slices, blocked, wakeups, irqs, io, pair)",
      );
    const isAmount = isLength && window !== undefined && AMOUNTS.has(aggregate);
    const mask = maskOf(measure, scope, text, extras, ask);
    const { q } = bound;
    return { name: nameOf(measure), aggregate, column, mask, q, isAmount };
  });
  const names = [
    ...(window === undefined ? [] : ["window"]),
    ...keys.map((at) => scope.name(at)),
    ...measures.map(({ name }) => name),
    "lost_events",
    "overflow",
  ];
  checkDistinct(names, stage, text);
  const usesLength = measures.some(({ isAmount, aggregate }) => isAmount || aggregate === "usage");
  return {
    keys,
    measures,
    window,
    length: usesLength ? length : undefined,
    extras,
    rules,
    names,
  };
}

function bindFunction(
  measure: Measure,
  scope: Scope,
  text: string,
  extras: Extra[],
  rules: TypeRule[],
): { aggregate: Aggregate; column: Place | undefined; q?: number | undefined; isPlain: boolean } {
  const { name, args } = measure;
  const short = QUANTILES.get(name.text);
  const aggregate =
    short === undefined ? AGGREGATES.find((known) => known === name.text) : "quantile";
  if (aggregate === undefined) throw unknownFunction(text, name);
  const [least, most] = short === undefined ? ARGUMENTS[aggregate] : [1, 1];
  if (args.length < least || args.length > most) {
    const wanted = least === most ? String(least) : `${least} or ${most}`;
    const problem = `expected ${wanted} ${most === 1 ? "value" : "values"}, got ${args.length}`;
    throw wrongStage(text, measure, name.text, problem);
  }
  const [arg, second] = args;
  const q = short ?? (second === undefined ? undefined : quantileOf(second, text));
  if (arg === undefined) return { aggregate, column: undefined, q, isPlain: false };
  if (arg.kind === "reference") {
    const at = scope.place(arg);
    const needs = NUMERIC.has(aggregate) ? "number" : "value";
    rules.push({ at, needs, what: name.text, span: arg });
    return { aggregate, column: { at }, q, isPlain: true };
  }
  const extra = extras.push({ kind: "compute", computation: computation(arg, scope, text) }) - 1;
  return { aggregate, column: { extra }, q, isPlain: false };
}

function quantileOf(
  expression: { readonly kind: string; readonly text?: string; start: number; end: number },
  text: string,
): number {
  const isNumber = expression.kind === "float" || expression.kind === "integer";
  const q = isNumber ? Number(expression.text) : Number.NaN;
  if (q >= 0 && q <= 1) return q;
  throw wrongType(text, expression, "quantile", "expected a number from 0 to 1, such as 0.95");
}

function maskOf(
  { condition }: Measure,
  scope: Scope,
  text: string,
  extras: Extra[],
  ask: ((request: ColumnRequest) => number) | undefined,
): Place | undefined {
  if (condition === undefined) return undefined;
  if (ask !== undefined) {
    const program = compileExpression(conditionOnEvents(condition), text);
    if (program.containers === undefined) return { at: ask({ kind: "match", program }) };
  }
  return { extra: extras.push({ kind: "truth", program: rowProgram(condition, scope, text) }) - 1 };
}

function unknownFunction(text: string, name: Measure["name"]): FilterError {
  const ours = foreignFunction(name.text);
  return unknownName(text, name, "aggregate", name.text, FUNCTIONS, ours);
}

function windowOf({ every, slide }: AggregateStage, text: string): WindowSpec | undefined {
  if (every === undefined) return undefined;
  const everyNs = durationNs(every, "every", text);
  const slideNs = slide === undefined ? everyNs : durationNs(slide, "slide", text);
  if (slideNs > everyNs)
    throw wrongStage(
      text,
      slide ?? every,
      "slide",
      "expected a duration no longer than the window",
    );
  if (everyNs / slideNs > MAX_OVERLAP)
    throw wrongStage(
      text,
      slide ?? every,
      "slide",
      `expected at most ${MAX_OVERLAP} windows at once`,
    );
  return { everyNs, slideNs };
}

/** Windows that a row may belong to. */
const MAX_OVERLAP = 10_000n;

/** `count`, `sum_bytes`, `p99_dt`, or the label. */
function nameOf({ label, name, args }: Measure): string {
  if (label !== undefined) return label.text;
  const [arg] = args;
  if (arg?.kind !== "reference") return name.text;
  return `${name.text}_${arg.path.step.name}`;
}

function checkDistinct(names: readonly string[], stage: AggregateStage, text: string): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  const measure = stage.measures.findLast((one) => nameOf(one) === twice);
  throw wrongStage(
    text,
    measure ?? stage,
    "aggregate",
    `expected names that differ, got ${twice} twice; name one, such as ${twice}_2 = count()`,
  );
}
