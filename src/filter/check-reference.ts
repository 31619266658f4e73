/** Compile-time rules for references: roots, what stands below them, and brackets. */
import type { FilterError } from "../base/errors.ts";
import { nearestName, type Span } from "../base/text.ts";
import { globalName, indexesOf, type Reference, type Step, stepsOf } from "./ast.ts";
import { filterError } from "./filter-error.ts";
import { integerValue } from "./literals.ts";

/** Facts of the event record and its trace that a filter can name. */
export const EVENT_FACTS: readonly string[] = ["name", "loglevel", "timestamp", "cpu_id", "domain"];
export const TRACE_FACTS: readonly string[] = ["hostname", "name"];

/**
 * Checks the form of a reference.
 *
 * @throws FilterError for an unknown root, a missing or unknown name below it, a bracket without an integer
 */
export function checkReference(reference: Reference, text: string): void {
  const [head, ...below] = stepsOf(reference);
  if (head === undefined) return;
  for (const step of [head, ...below]) checkIndexes(step, text);
  for (const step of below) {
    if (globalName(step) !== undefined)
      throw wrong(text, step, "path", "expected a name", step.name);
  }
  if (globalName(head) !== undefined) checkRoot(head, below, text);
}

function checkIndexes(step: Step, text: string): void {
  for (const index of indexesOf(step)) {
    const problem = index.kind === "integer" ? integerValue(index.text) : "got an expression";
    if (typeof problem !== "string") continue;
    const message = `expected one constant integer between brackets, ${problem}`;
    throw filterError("FILTER_INDEX", text, index, `index of ${step.name}`, message);
  }
}

function checkRoot(head: Step, below: readonly Step[], text: string): void {
  switch (head.name) {
    case "$ctx":
    case "$app":
      if (below.length === 0)
        throw wrong(text, head, "context", `expected a name after ${head.name}`);
      return;
    case "$event":
      checkFact(head, below, EVENT_FACTS, text);
      return;
    case "$trace":
      checkFact(head, below, TRACE_FACTS, text);
      return;
    default: {
      const nearest = nearestName(head.name, ROOTS);
      const hint = nearest === undefined ? "" : ` (did you mean ${nearest}?)`;
      const expected = `expected ${ROOTS.slice(0, -1).join(", ")} or ${ROOTS.at(-1)}`;
      throw wrong(text, head, "global name", expected, `${head.name}${hint}`, ROOTS);
    }
  }
}

const ROOTS: readonly string[] = ["$ctx", "$app", "$event", "$trace", "$container"];

function checkFact(
  head: Step,
  below: readonly Step[],
  facts: readonly string[],
  text: string,
): void {
  const [fact, extra] = below;
  const expected = `expected ${facts.slice(0, -1).join(", ")} or ${facts.at(-1)} after ${head.name}`;
  if (fact === undefined) throw wrong(text, head, "reference", expected, undefined, facts);
  if (!facts.includes(fact.name)) throw wrong(text, fact, "reference", expected, fact.name, facts);
  if (extra !== undefined || fact.indexes !== undefined || head.indexes !== undefined) {
    throw wrong(
      text,
      extra ?? fact,
      "reference",
      `expected nothing below ${head.name}.${fact.name}`,
    );
  }
}

function wrong(
  text: string,
  at: Span,
  subject: string,
  expected: string,
  got?: string,
  names: readonly string[] = [],
): FilterError {
  const problem = got === undefined ? expected : `${expected}, got ${got}`;
  return filterError("FILTER_NAME", text, at, subject, problem, names);
}
