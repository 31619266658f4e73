/** What a reference names, independent of any event class. */
import { globalName, indexesOf, isLenient, type Reference, type Step, stepsOf } from "./ast.ts";
import { integerValue } from "./literals.ts";

/** Where the first name of a path is looked up; the payload has no `$`, and a column is a context or else a payload field. */
export type SymbolRoot =
  | "payload"
  | "column"
  | "$ctx"
  | "$app"
  | "$event"
  | "$trace"
  | "$container";

/** Whether names below a root may be payload fields. */
export function isBareRoot(root: SymbolRoot): boolean {
  return root === "payload" || root === "column";
}

/** A symbol of a program: `a.b[2]`, `$ctx.procname`. */
export interface ProgramSymbol {
  readonly root: SymbolRoot;
  /** Names below the root, outermost first. */
  readonly names: readonly string[];
  /** Elements asked for, in the order of the brackets behind the last name. */
  readonly indexes: readonly number[];
  /** Brackets behind an earlier name: elements of arrays of structures, which do not resolve. */
  readonly isIndexedInside: boolean;
  /** Where it is absent, only the comparison around it is false. */
  readonly optional: boolean;
  /** Ends in `?`: nothing need have it. */
  readonly isMarked: boolean;
  /** As written, blanks and brackets included, without `?`. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The symbol that a checked reference stands for. */
export function symbolOf(reference: Reference): ProgramSymbol {
  const { optional, start, end } = reference;
  const { root, path } = rootedPath(reference);
  const last = path.at(-1);
  const indexes = last === undefined ? [] : indexNumbers(last);
  return {
    root,
    names: path.map((step) => step.name),
    indexes,
    isIndexedInside: path.slice(0, -1).some((step) => step.indexes !== undefined),
    optional: isLenient(reference),
    isMarked: optional,
    text: symbolText(reference),
    start,
    end,
  };
}

/** Where a path begins, and its steps below that. */
function rootedPath(reference: Reference): { root: SymbolRoot; path: readonly Step[] } {
  const [first, ...below] = stepsOf(reference);
  const root = rootOf(first && globalName(first));
  // Brackets behind `$ctx` itself are ignored, as LTTng ignores them.
  if (first === undefined || root !== "payload") return { root, path: below };
  const path = [first, ...below];
  if (reference.isColumn !== true) return { root, path };
  const isField = first.name === "payload" && below.length > 0;
  return isField ? { root, path: below } : { root: "column", path };
}

/** A reference as people write it, without its `?`. */
export function symbolText(reference: Reference): string {
  return stepsOf(reference).map(stepText).join(".");
}

function stepText(step: Step): string {
  const brackets = indexesOf(step).map((index) =>
    index.kind === "integer" ? `[${index.text}]` : "[…]",
  );
  const name = step.isQuoted === true ? `\`${step.name}\`` : step.name;
  return name + brackets.join("");
}

function indexNumbers(step: Step): readonly number[] {
  return indexesOf(step).map((index) =>
    index.kind === "integer" ? indexValue(index.text) : Number.POSITIVE_INFINITY,
  );
}

function rootOf(name: string | undefined): SymbolRoot {
  switch (name) {
    case "$ctx":
    case "$app":
    case "$event":
    case "$trace":
    case "$container":
      return name;
    default:
      return "payload";
  }
}

/** Any index beyond 2^32 is as far outside as infinity. */
function indexValue(text: string): number {
  const value = integerValue(text);
  return typeof value === "string" || value.hi !== 0 ? Number.POSITIVE_INFINITY : value.lo >>> 0;
}
