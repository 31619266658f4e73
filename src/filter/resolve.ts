/** Symbols → places in the records of one event class. */
import { counted } from "../base/text.ts";
import { type FieldRef, findField, mayBeAbsent } from "../ctf/field-ref.ts";
import {
  type ArrayClass,
  type EventClass,
  type FieldClass,
  type Scope,
  type StreamClass,
  scopeRoot,
  type TraceClass,
} from "../ctf/trace-class.ts";
import type { Integer } from "./literals.ts";
import { isBareRoot, type ProgramSymbol, type SymbolRoot } from "./symbol.ts";

/** One event class and what stands around it. */
export interface LinkEnvironment {
  readonly traceClass: TraceClass;
  readonly streamClass: StreamClass;
  readonly eventClass: EventClass;
}

export type Load = "integer" | "double" | "text";

/** What a symbol is for one event class. */
export type Resolution =
  /** The same for every record of the class. */
  | { readonly kind: "integer"; readonly value: Integer }
  | { readonly kind: "text"; readonly value: string }
  /** The record's time. */
  | { readonly kind: "time" }
  /** `mayBeAbsent`: inside a variant option, which a record may not have. */
  | {
      readonly kind: "field";
      readonly field: FieldRef;
      readonly load: Load;
      readonly mayBeAbsent: boolean;
    }
  /** An array's element, inside the bounds if they are static. */
  | {
      readonly kind: "element";
      readonly field: FieldRef;
      readonly index: number;
      readonly mayBeAbsent: boolean;
    }
  /** A variant: the options a filter can load. None: it is absent from every record, known when evaluated. */
  | {
      readonly kind: "choices";
      readonly choices: readonly { readonly field: FieldRef; readonly load: Load }[];
      readonly reason: string;
    }
  | { readonly kind: "missing"; readonly reason: string }
  | { readonly kind: "unusable"; readonly reason: string };

/** Looks a symbol up among the facts and fields of an event class. */
export function resolve(symbol: ProgramSymbol, env: LinkEnvironment): Resolution {
  const missing: Resolution = { kind: "missing", reason: missingReason(symbol, env) };
  switch (symbol.root) {
    case "payload":
      return inField(symbol, env, findIn(env, ["payload"], symbol.names)) ?? missing;
    case "$ctx":
      return inField(symbol, env, findContext(env, symbol.names)) ?? missing;
    case "column": {
      const context = findContext(env, symbol.names);
      return inField(symbol, env, context ?? findIn(env, ["payload"], symbol.names)) ?? missing;
    }
    case "$app":
      // LTTng takes a context of an absent provider for an empty one: an error only where it is evaluated.
      return (
        inField(symbol, env, findAppContext(env, symbol.names)) ?? {
          kind: "choices",
          choices: [],
          reason: missing.reason,
        }
      );
    case "$event":
      return eventFact(symbol, env) ?? missing;
    case "$trace":
      return (
        environmentFact(env, symbol.names[0] === "name" ? "trace_name" : "hostname") ?? missing
      );
    case "$container":
      return missing;
  }
}

const WHAT: ReadonlyMap<SymbolRoot, string> = new Map([
  ["payload", "field"],
  ["column", "context or field"],
  ["$ctx", "context"],
]);

function missingReason(symbol: ProgramSymbol, env: LinkEnvironment): string {
  const { root, text } = symbol;
  const what = WHAT.get(root) ?? "value";
  const name = isBareRoot(root) ? `"${text}"` : text;
  return `no ${what} ${name} in ${env.eventClass.name}`;
}

function eventFact(symbol: ProgramSymbol, env: LinkEnvironment): Resolution | undefined {
  const { eventClass } = env;
  switch (symbol.names[0]) {
    case "name":
      return { kind: "text", value: eventClass.name };
    case "loglevel": {
      const level = eventClass.logLevel;
      return level === undefined ? undefined : { kind: "integer", value: halves(BigInt(level)) };
    }
    case "cpu_id":
      return inField(symbol, env, findIn(env, ["packet-context"], ["cpu_id"]));
    case "domain":
      return environmentFact(env, "domain");
    case "timestamp":
      return env.streamClass.clock === undefined ? undefined : { kind: "time" };
    default:
      return undefined;
  }
}

function environmentFact(env: LinkEnvironment, name: string): Resolution | undefined {
  const value = env.traceClass.environment.get(name);
  if (value === undefined) return undefined;
  return typeof value === "string"
    ? { kind: "text", value }
    : { kind: "integer", value: halves(value) };
}

function halves(value: bigint): Integer {
  return { hi: Number(BigInt.asIntN(32, value >> 32n)), lo: Number(BigInt.asIntN(32, value)) };
}

const CONTEXTS: readonly Scope[] = ["common-context", "specific-context"];

/** `perf:cpu:cycles` is recorded as `perf_cpu_cycles`; `cpu_id` stands in the packet context. */
function findContext(env: LinkEnvironment, names: readonly string[]): FieldRef | undefined {
  const [name = "", ...below] = names;
  return (
    findIn(env, CONTEXTS, names) ??
    findIn(env, CONTEXTS, [name.replaceAll(":", "_"), ...below]) ??
    (name === "cpu_id" ? findIn(env, ["packet-context"], names) : undefined)
  );
}

/** `$app.provider:type` is recorded as `_app_provider_type` before metadata adds its own underscore. */
function findAppContext(env: LinkEnvironment, names: readonly string[]): FieldRef | undefined {
  const [name = "", ...below] = names;
  const member = `app_${name.replaceAll(/[^A-Za-z0-9_]/g, "_")}`;
  return (
    findIn(env, CONTEXTS, [`_${member}`, ...below]) ?? findIn(env, CONTEXTS, [member, ...below])
  );
}

function findIn(
  env: LinkEnvironment,
  scopes: readonly Scope[],
  names: readonly string[],
): FieldRef | undefined {
  for (const scope of scopes) {
    const found = findField(scope, rootOf(scope, env), names);
    if (found !== undefined) return found;
  }
  return undefined;
}

function rootOf(
  scope: Scope,
  env: LinkEnvironment,
): (FieldClass & { kind: "structure" }) | undefined {
  return scopeRoot(scope, env.traceClass, env.streamClass, env.eventClass);
}

function inField(
  symbol: ProgramSymbol,
  env: LinkEnvironment,
  field: FieldRef | undefined,
): Resolution | undefined {
  if (field === undefined) return undefined;
  const unusable = (reason: string): Resolution => ({ kind: "unusable", reason });
  const where = `${symbol.text} of ${env.eventClass.name}`;
  if (symbol.isIndexedInside)
    return unusable(`${where} enters an array: only its last name can have an index`);
  const isConditional = mayBeAbsent(field, rootOf(field.scope, env));
  const { fieldClass } = field;
  const [index, second] = symbol.indexes;
  if (second !== undefined) return unusable(`${where} has more than one index`);
  if (index !== undefined) return element(symbol, field, fieldClass, index, isConditional);
  const load = loadOf(fieldClass);
  if (load !== undefined) return { kind: "field", field, load, mayBeAbsent: isConditional };
  if (fieldClass.kind === "variant") return choices(field, fieldClass.options, where);
  if (fieldClass.kind === "array")
    return unusable(`${where} is an array: it needs an index, as in ${symbol.text}[0]`);
  if (fieldClass.kind === "blob")
    return unusable(`${where} is a blob: filters cannot look into it`);
  return unusable(`${where} is a structure: name one of its members`);
}

function loadOf(fieldClass: FieldClass): Load | undefined {
  switch (fieldClass.kind) {
    case "integer":
      return "integer";
    case "float":
      return "double";
    case "string":
    case "text":
      return "text";
    default:
      return undefined;
  }
}

function choices(
  variant: FieldRef,
  options: readonly { readonly fieldClass: FieldClass }[],
  where: string,
): Resolution {
  const loadable = options.flatMap(({ fieldClass }, i) => {
    const load = loadOf(fieldClass);
    const field = { scope: variant.scope, path: [...variant.path, i], fieldClass };
    return load === undefined ? [] : [{ field, load }];
  });
  return { kind: "choices", choices: loadable, reason: `${where} has no option with a value` };
}

/** Tracers index arrays of byte-aligned 8-, 16-, 32- and 64-bit integers, and no others. */
function element(
  symbol: ProgramSymbol,
  field: FieldRef,
  fieldClass: FieldClass,
  index: number,
  isConditional: boolean,
): Resolution {
  if (fieldClass.kind !== "array" || !isIndexable(fieldClass)) {
    return {
      kind: "unusable",
      reason: `${symbol.text} is no element of an array of byte-aligned integers`,
    };
  }
  const { length } = fieldClass;
  if (length.kind === "static" && index >= length.count) {
    return {
      kind: "missing",
      reason: `${symbol.text} is outside the array's ${counted(length.count, "element")}`,
    };
  }
  // No dynamic array has as many elements either: lengths are 32 bits.
  if (index > 0x7fff_ffff)
    return { kind: "missing", reason: `${symbol.text} is outside any array` };
  return { kind: "element", field, index, mayBeAbsent: isConditional };
}

function isIndexable({ element }: ArrayClass): boolean {
  return (
    element.kind === "integer" &&
    element.coding === "plain" &&
    element.align % 8 === 0 &&
    (element.size === 8 || element.size === 16 || element.size === 32 || element.size === 64)
  );
}
