/** Which names a filter can use on an event class, and which names of a filter no class has. */
import { nearestName, type Span } from "../base/text.ts";
import type { FieldClass, StructureClass } from "../ctf/trace-class.ts";
import type { Program } from "./bytecode.ts";
import { EVENT_FACTS, TRACE_FACTS } from "./check-reference.ts";
import { type LinkEnvironment, resolve } from "./resolve.ts";
import type { ProgramSymbol } from "./symbol.ts";

/** A symbol that resolves in none of the event classes. */
export interface UnknownSymbol extends Span {
  readonly symbol: string;
  /** A name of one of the classes that may have been meant. */
  readonly nearest: string | undefined;
  /** Whether records can pass all the same: by `?`, or because LTTng takes an unknown `$app` context for an empty one. */
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
  return unknown.map(({ text, root, optional, start, end }) => ({
    symbol: text,
    nearest: nearestName(text, names),
    isAllowed: optional || root === "$app",
    start,
    end,
  }));
}

/** Whether an event class has nothing by that name. */
export function isMissing(symbol: ProgramSymbol, env: LinkEnvironment): boolean {
  const found = resolve(symbol, env);
  return found.kind === "missing" || (found.kind === "choices" && found.choices.length === 0);
}

/**
 * Every name that a filter can use on an event class, as it is written there: payload fields, `$ctx.…`,
 * `$event.…`, `$trace.…`. Members of structures and options of variants follow their parent.
 */
export function fieldNames(env: LinkEnvironment): readonly string[] {
  const { eventClass, streamClass } = env;
  const contexts = [
    ...memberNames(streamClass.commonContext, "$ctx."),
    ...memberNames(eventClass.specificContext, "$ctx."),
    ...memberNames(streamClass.packetContext, "$ctx.").filter((name) => name === "$ctx.cpu_id"),
  ];
  return [
    ...memberNames(eventClass.payload, ""),
    ...new Set(contexts),
    ...EVENT_FACTS.map((name) => `$event.${name}`),
    ...TRACE_FACTS.map((name) => `$trace.${name}`),
  ];
}

function memberNames(structure: StructureClass | undefined, prefix: string): readonly string[] {
  return (structure?.members ?? []).flatMap(({ name, fieldClass }) =>
    namesBelow(prefix + name, fieldClass),
  );
}

function namesBelow(name: string, fieldClass: FieldClass): readonly string[] {
  switch (fieldClass.kind) {
    case "structure":
      return memberNames(fieldClass, `${name}.`);
    case "variant":
      return [
        name,
        ...fieldClass.options.flatMap((option) =>
          namesBelow(`${name}.${option.name}`, option.fieldClass),
        ),
      ];
    default:
      return [name];
  }
}
