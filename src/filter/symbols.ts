/** Which names a filter can use on an event class, and which names of a filter no class has. */
import { nearestName, type Span } from "../base/text.ts";
import { eachMapping } from "../ctf/mappings.ts";
import type { Program } from "./bytecode.ts";
import { factMeant, WRITTEN_COLUMNS } from "./event-columns.ts";
import { fieldTypes } from "./field-types.ts";
import { type LinkEnvironment, resolve } from "./resolve.ts";
import type { ProgramSymbol, SymbolRoot } from "./symbol.ts";

/** Of facts that every event has a name for, though not every trace a value. */
const FACT_ROOTS: ReadonlySet<string> = new Set(["$event", "$trace"]);

/** A symbol that resolves in none of the event classes. */
export interface UnknownSymbol extends Span {
  readonly symbol: string;
  /** A name of one of the classes that may have been meant. */
  readonly nearest: string | undefined;
  /** A field that has a label of that name. */
  readonly labelOf?: string;
  /** Whether it is a fact that events or traces may have, such as `$event.domain`. */
  readonly isFact?: boolean;
  /** Whether an event class is called so. */
  readonly isEvent?: boolean;
  /**
   * Whether records can pass all the same: by `?`, because LTTng takes an unknown `$app` context for an empty one, or because
   * only these traces do not have the fact.
   */
  readonly isAllowed: boolean;
}

/**
 * The symbols of a program that no event class has: most likely slips. A symbol that some class has is fine, even
 * if the filter can then never match elsewhere.
 */
export function unknownSymbols(
  program: Program,
  classes: Iterable<LinkEnvironment>,
): readonly UnknownSymbol[] {
  const environments = [...classes];
  const unknown = program.symbols.filter((symbol) =>
    environments.every((env) => isMissing(symbol, env)),
  );
  if (unknown.length === 0) return [];
  const names = new Set(environments.flatMap(fieldNames));
  return unknown.map(({ text, root, isMarked, start, end }) => ({
    symbol: text,
    nearest: factMeant(text) ?? otherwise(text, root, names),
    ...labelOwner(text, environments),
    ...(environments.some(({ eventClass }) => eventClass.name === text) && { isEvent: true }),
    ...(FACT_ROOTS.has(root) && { isFact: true }),
    isAllowed: isMarked || root === "$app" || FACT_ROOTS.has(root),
    start,
    end,
  }));
}

/** How a name is written that was written as in a selection, or one that is nearly the same. */
function otherwise(text: string, root: SymbolRoot, names: ReadonlySet<string>): string | undefined {
  const field = text.replace(/^payload\./, "");
  const known = [`$ctx.${text}`, field].find((name) => names.has(name));
  if (known !== undefined) return known;
  if (root === "column")
    return nearestName(
      text,
      [...names].map((name) => name.replace(/^\$ctx\./, "")),
    );
  const nearest = nearestName(text, [...names, ...WRITTEN_COLUMNS.keys()]);
  return nearest === undefined || names.has(nearest) ? nearest : factMeant(nearest);
}

/** The first field that has a label of that name. */
function labelOwner(
  label: string,
  environments: readonly LinkEnvironment[],
): Pick<UnknownSymbol, "labelOf"> {
  for (const { streamClass, eventClass } of environments)
    for (const root of [eventClass.payload, eventClass.specificContext, streamClass.commonContext])
      for (const { name, fieldClass, isHidden } of root?.members ?? []) {
        if (isHidden === true) continue;
        const { mappings } = fieldClass.kind === "integer" ? fieldClass : {};
        for (const one of eachMapping(mappings)) if (one.label === label) return { labelOf: name };
      }
  return {};
}

/** Whether an event class has nothing by that name. */
export function isMissing(symbol: ProgramSymbol, env: LinkEnvironment): boolean {
  const found = resolve(symbol, env);
  return found.kind === "missing" || (found.kind === "choices" && found.choices.length === 0);
}

/** Every name that a filter can use on an event class, as it is written there. */
export function fieldNames(env: LinkEnvironment): readonly string[] {
  return [...fieldTypes([env]).keys()];
}
