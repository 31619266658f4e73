/**
 * Which event classes of a trace a filter can match, and what keeps the others out. LTTng says nothing of that: to a
 * tracer, a filter that names a field which an event lacks is false for that event, without a word.
 */
import { FilterError } from "../base/errors.ts";
import { type Expression, isComparison, isLenient } from "./ast.ts";
import type { LinkedProgram, Program } from "./bytecode.ts";
import { FALSE_FOR_EVERY_RECORD, link } from "./link.ts";
import { LinkKeys } from "./link-key.ts";
import { withOptional } from "./optional.ts";
import { print } from "./print.ts";
import type { LinkEnvironment } from "./resolve.ts";
import { isMissing } from "./symbols.ts";

/** A name that some event classes lack, and which keeps them out. */
export interface MissingName {
  /** As the filter writes it. */
  readonly name: string;
  /** The event classes without it. */
  readonly events: readonly string[];
}

/** Event classes that a filter can never match although they have its names. */
export interface Clash {
  readonly reason: string;
  readonly events: readonly string[];
}

/** Event classes, counted by what linking says of them. */
export interface Coverage {
  readonly classes: number;
  /** Every record passes. */
  readonly always: number;
  /** Each record decides. */
  readonly evaluate: number;
  /** No record passes. */
  readonly never: number;
  /** Names whose lack keeps classes out, those that keep most out first. */
  readonly missing: readonly MissingName[];
  /** Types that do not go together, arrays without an index, … */
  readonly clashes: readonly Clash[];
  /** The filter with `?` behind the missing names, and how many more classes it could match; if any. */
  readonly suggestion: { readonly expression: string; readonly gains: number } | undefined;
}

/** Links a filter to every event class and counts what comes of it. */
export function coverage(program: Program, environments: Iterable<LinkEnvironment>): Coverage {
  const counts = { always: 0, evaluate: 0, never: 0 };
  const missing = new Map<string, string[]>();
  const clashes = new Map<string, string[]>();
  const lacking: LinkEnvironment[] = [];
  const keys = new LinkKeys(program);
  const linked = new Map<string, Linked>();
  for (const env of environments) {
    const key = keys.of(env);
    const { verdict, reason, names } = linked.get(key) ?? linkOnce(program, env);
    linked.set(key, { verdict, reason, names });
    counts[verdict]++;
    if (verdict !== "never") continue;
    if (names.size > 0) lacking.push(env);
    for (const name of names) addTo(missing, name, env.eventClass.name);
    if (names.size > 0 || reason === undefined || reason === FALSE_FOR_EVERY_RECORD) continue;
    addTo(clashes, reason, env.eventClass.name);
  }
  return {
    classes: counts.always + counts.evaluate + counts.never,
    ...counts,
    missing: mostFirst(missing).map(([name, events]) => ({ name, events })),
    clashes: mostFirst(clashes).map(([reason, events]) => ({ reason, events })),
    suggestion: suggestion(program, new Set(missing.keys()), lacking),
  };
}

/** What linking says of the event classes of one key. */
interface Linked {
  readonly verdict: LinkedProgram["verdict"];
  /** Without the name of the class. */
  readonly reason: string | undefined;
  readonly names: ReadonlySet<string>;
}

function linkOnce(program: Program, env: LinkEnvironment): Linked {
  const { verdict, reason } = link(program, env);
  const names = verdict === "never" ? missingNames(program, env) : new Set<string>();
  return { verdict, reason: reason?.replaceAll(` of ${env.eventClass.name}`, ""), names };
}

/** Instructions to link: with more, in filters near the limits on traces of many classes, it would hold a query up. */
const MAX_LINKED_WORDS = 3_000_000;

/** `describeCoverage` for a query that is about to run: nothing where it would take too long to find out. */
export function coverageNote(
  program: Program,
  environments: readonly LinkEnvironment[],
): string | undefined {
  if (program.code.length * environments.length > MAX_LINKED_WORDS) return undefined;
  return describeCoverage(coverage(program, environments));
}

/** How much of a coverage is shown. */
const REPORTED_NAMES = 3;

/**
 * One line for people, or nothing if every event class can match, or is left out by what the filter says of its name,
 * level or trace: that was meant.
 */
export function describeCoverage(result: Coverage): string | undefined {
  const { classes, never, missing, clashes } = result;
  if (classes === 0 || (missing.length === 0 && clashes.length === 0 && never < classes)) return;
  const kept = classes - never;
  const none = classes === 1 ? "not match the" : `match none of the ${classes}`;
  const which = kept === 0 ? none : `match ${kept} of ${classes}`;
  const reasons = missing.slice(0, REPORTED_NAMES).map(({ name, events: { length } }, i) => {
    const verb = i > 0 ? "" : length === 1 ? "has " : "have ";
    return `${length} ${verb}no ${name}`;
  });
  const more = missing.length - REPORTED_NAMES;
  if (more > 0) reasons.push(`others lack ${more} more name${more === 1 ? "" : "s"}`);
  const clash = clashes[0];
  if (clash !== undefined) reasons.push(`in ${clash.events.length}: ${clash.reason}`);
  const tail = reasons.length === 0 ? "" : `; ${reasons.join(", ")}${hint(result)}`;
  return `the filter can${which.startsWith("not") ? "" : " "}${which} event class${classes === 1 ? "" : "es"}${tail}`;
}

function hint({ missing, suggestion }: Coverage): string {
  if (suggestion === undefined) return "";
  const names = missing.slice(0, REPORTED_NAMES).map(({ name }) => `${name}?`);
  const more = missing.length > REPORTED_NAMES ? " and so on" : "";
  const [only] = missing;
  const isAll = missing.length === 1 && only?.events.length === suggestion.gains;
  return ` (${names.join(", ")}${more} would keep ${isAll ? "them" : `${suggestion.gains} of them`})`;
}

function missingNames(program: Program, env: LinkEnvironment): Set<string> {
  const lacking = program.symbols.filter((symbol) => !symbol.optional && isMissing(symbol, env));
  return new Set(lacking.map(({ text }) => text));
}

function suggestion(
  program: Program,
  names: ReadonlySet<string>,
  lacking: readonly LinkEnvironment[],
): Coverage["suggestion"] {
  if (names.size === 0) return undefined;
  try {
    const relaxed = withOptional(program, names);
    const gains = lacking.filter(
      (env) =>
        canBeTrue(relaxed.ast, absentNames(relaxed, env)) && link(relaxed, env).verdict !== "never",
    ).length;
    return gains === 0 ? undefined : { expression: relaxed.text, gains };
  } catch (error) {
    // Near the limits, the filter has no room for what would be added.
    if (error instanceof FilterError) return undefined;
    throw error;
  }
}

/** Optional names that an event class does not have, as they are written without the `?`. */
function absentNames(program: Program, env: LinkEnvironment): ReadonlySet<string> {
  const absent = program.symbols.filter((symbol) => symbol.optional && isMissing(symbol, env));
  return new Set(absent.map(({ text }) => text));
}

/** Whether an expression can hold where some optional names are absent: the comparisons around those are false. */
function canBeTrue(node: Expression, absent: ReadonlySet<string>): boolean {
  if (node.kind === "logical") {
    const [left, right] = [canBeTrue(node.left, absent), canBeTrue(node.right, absent)];
    return node.operator === "&&" ? left && right : left || right;
  }
  if (node.kind === "unary" && node.operator === "!") return true;
  return !touches(node, absent);
}

/** Whether one of the names stands here, and not inside a comparison of its own. */
function touches(node: Expression, absent: ReadonlySet<string>): boolean {
  const operands =
    node.kind === "binary"
      ? [node.left, node.right]
      : node.kind === "in"
        ? [node.left, ...node.list]
        : [];
  if (node.kind === "reference")
    return isLenient(node) && absent.has(print(node).replace(/\?$/, ""));
  if (node.kind === "unary") return node.operator !== "!" && touches(node.operand, absent);
  return operands.some((operand) => !isTruth(operand) && touches(operand, absent));
}

/** Yields 0 or 1 by itself, whatever is absent inside. */
function isTruth(node: Expression): boolean {
  if (node.kind === "binary") return isComparison(node.operator);
  return node.kind === "logical" || node.kind === "in";
}

function addTo(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

function mostFirst(lists: ReadonlyMap<string, string[]>): [string, string[]][] {
  return [...lists].sort(([, a], [, b]) => b.length - a.length);
}
