import { quotedName } from "../base/quoted-name.ts";
import type { FieldClass, StructureClass } from "../ctf/trace-class.ts";
import { EVENT_FACTS, TRACE_FACTS } from "./check-reference.ts";
import type { LinkEnvironment } from "./resolve.ts";

/** A name that filters can use, over all event classes. */
export interface FieldType {
  /** `integer`, `float`, `text`, `array`, `enumeration`, `variant`, as far as event classes differ. */
  readonly types: Set<string>;
  /** Event classes that have it. */
  classes: number;
}

/**
 * Every name that a filter can use, as it is written there, with its types: payload fields, `$ctx.…`, `$event.…`, `$trace.…`.
 * Members of structures and options of variants follow their parent.
 */
export function fieldTypes(environments: Iterable<LinkEnvironment>): Map<string, FieldType> {
  const all = new Map<string, FieldType>();
  for (const env of environments) {
    for (const [name, type] of new Map(namesOf(env))) {
      const known = all.get(name);
      if (known === undefined) all.set(name, { types: new Set([type]), classes: 1 });
      else {
        known.types.add(type);
        known.classes++;
      }
    }
  }
  // Facts can be named before anything is known of a trace.
  for (const [name, type] of FACTS) {
    if (!all.has(name)) all.set(name, { types: new Set([type]), classes: 0 });
  }
  return all;
}

const INTEGER_FACTS: readonly string[] = ["loglevel", "timestamp", "cpu_id"];

const FACTS: readonly Named[] = [
  ...EVENT_FACTS.map((name): Named => {
    return [`$event.${name}`, INTEGER_FACTS.includes(name) ? "integer" : "text"];
  }),
  ...TRACE_FACTS.map((name): Named => [`$trace.${name}`, "text"]),
];

type Named = readonly [name: string, type: string];

function* namesOf({ streamClass, eventClass }: LinkEnvironment): Generator<Named> {
  yield* members(eventClass.payload, "");
  yield* members(streamClass.commonContext, "$ctx.");
  yield* members(eventClass.specificContext, "$ctx.");
  for (const named of members(streamClass.packetContext, "$ctx."))
    if (named[0] === "$ctx.cpu_id") yield named;
  yield* FACTS;
}

function* members(structure: StructureClass | undefined, prefix: string): Generator<Named> {
  for (const { name, fieldClass, isHidden } of structure?.members ?? [])
    if (isHidden !== true) yield* below(prefix + quotedName(name), fieldClass);
}

function* below(name: string, fieldClass: FieldClass): Generator<Named> {
  if (fieldClass.kind === "structure") {
    yield* members(fieldClass, `${name}.`);
    return;
  }
  if (fieldClass.kind === "optional") {
    yield* below(name, fieldClass.fieldClass);
    return;
  }
  yield [name, typeOf(fieldClass)];
  if (fieldClass.kind !== "variant") return;
  for (const option of fieldClass.options)
    yield* below(`${name}.${quotedName(option.name)}`, option.fieldClass);
}

function typeOf(fieldClass: FieldClass): string {
  switch (fieldClass.kind) {
    case "integer":
      return fieldClass.form !== "number" || fieldClass.mappings === undefined
        ? "integer"
        : "enumeration";
    case "string":
      return "text";
    default:
      return fieldClass.kind;
  }
}
