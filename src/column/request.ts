/** What columns a query asks for. */

import { pathNames, plainName } from "../base/quoted-name.ts";
import { type FieldRef, findField } from "../ctf/field-ref.ts";
import type { Scope, StructureClass } from "../ctf/trace-class.ts";
import type { ColumnType } from "./column.ts";
import { NUMBER_TYPES } from "./column.ts";

/** Ways to write fields: JSON for programs, a compact form for reading, babeltrace2's form for comparing. */
export type RenderStyle = "json" | "text" | "babeltrace";

export const CONTAINER_FACTS = [
  "name",
  "type",
  "id",
  "image",
  "pod",
  "namespace",
  "cgroup",
] as const;
export type ContainerFact = (typeof CONTAINER_FACTS)[number];
/** What is known of a container; nothing where it is not. */
export type ContainerFacts = Readonly<Partial<Record<ContainerFact, string | undefined>>>;

export type PlacePart = "begin" | "end" | "clock" | "class";

export interface FieldRequest {
  /** Dotted where nested. */
  readonly name: string;
  /** The names on the way to it, where they are not those between the dots: a name may have dots of its own. */
  readonly path?: readonly string[] | undefined;
  /** Whether it may be absent everywhere without a word. */
  readonly isOptional?: boolean;
  /** The column's type; default: that of the first event classes that have the field. */
  readonly type?: ColumnType | undefined;
  /** Where it stands in a query's text, for messages. */
  readonly written?: Written | undefined;
}

/** A name in a text: half-open, in UTF-16 code units. */
export interface Written {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A compiled filter, of which columns know nothing but its text. */
export interface MatchProgram {
  readonly text: string;
}

/** `as` is the column's name, where it is not the request's own. */
export type ColumnRequest = { readonly as?: string | undefined } & (
  | { readonly kind: "timestamp" | "event" | "cpu_id" | "host" | "domain" }
  /** What distinguishes traced machines, from boot to boot: the clock's UUID, which LTTng takes from the kernel; else the host. */
  | { readonly kind: "boot" }
  /** A field of the common or specific context. */
  | ({ readonly kind: "context" } & FieldRequest)
  /** A payload field. */
  | ({ readonly kind: "field" } & FieldRequest)
  /** The context of that name where the traces have one, else the payload field. */
  | ({ readonly kind: "name" } & FieldRequest)
  /** A fact of the event's container; it is known behind the scan, in time order, unless it is the same for all rows. */
  | { readonly kind: "container"; readonly fact: ContainerFact; readonly text?: string | undefined }
  /** How many rows a row stands for: see `Fold`. */
  | { readonly kind: "weight" }
  /**
   * Where a record lies in its packet: its first bit and the one behind it, the clock behind it, and its event class's id. For
   * those who copy records.
   */
  | { readonly kind: "place"; readonly part: PlacePart }
  /** 1 if a filter holds for the record, else 0. */
  | { readonly kind: "match"; readonly program: MatchProgram }
  /** The whole payload as text. */
  | { readonly kind: "payload"; readonly style: RenderStyle }
  /** `event: { packet context }, { contexts }, { payload }` as babeltrace2 prints it. */
  | { readonly kind: "record" }
);

/** Names that mean something other than a field. */
export const BUILT_IN = ["timestamp", "event", "cpu_id", "host", "domain"] as const;

/** Columns with facts of an event's container. */
const CONTAINER_COLUMNS: ReadonlyMap<string, ContainerFact> = new Map(
  CONTAINER_FACTS.map((fact) => [containerColumn(fact), fact]),
);

/** The name of a fact's column. */
export function containerColumn(fact: ContainerFact): string {
  if (fact === "name") return "container";
  return fact === "cgroup" ? fact : `container_${fact}`;
}

export const CONTAINER_NAMES: readonly string[] = [...CONTAINER_COLUMNS.keys()];

/** Types that a selection can name: `latency:int64`, `path:text`. */
const DECLARED_TYPES: ReadonlyMap<string, ColumnType> = new Map<string, ColumnType>([
  ...NUMBER_TYPES.map((number): [string, ColumnType] => [number, { kind: "number", number }]),
  ["text", { kind: "utf8", content: "mixed" }],
]);

/**
 * The request that a name in `select` stands for. `$ctx.x` and `payload.x` say which they mean; `x:int64` also says the
 * column's type.
 */
export function columnRequest(text: string): ColumnRequest {
  const name = plainName(text);
  const builtIn = BUILT_IN.find((known) => known === name);
  if (builtIn !== undefined) return { kind: builtIn };
  const fact = CONTAINER_COLUMNS.get(name);
  if (fact !== undefined) return { kind: "container", fact };
  if (name === "payload") return { kind: "payload", style: "json" };
  const colon = name.lastIndexOf(":");
  const type = DECLARED_TYPES.get(name.slice(colon + 1));
  const isTyped = colon > 0 && type !== undefined;
  return isTyped ? { ...fieldRequest(name.slice(0, colon)), type } : fieldRequest(name);
}

function fieldRequest(
  name: string,
): FieldRequest & { readonly kind: "context" | "field" | "name" } {
  if (name.startsWith("$ctx.")) return { kind: "context", ...named(name.slice(5)) };
  if (name.startsWith("payload.")) return { kind: "field", ...named(name.slice(8)) };
  return { kind: "name", ...named(name) };
}

function named(text: string): FieldRequest {
  if (!text.includes("`")) return { name: text };
  const path = pathNames(text);
  return { name: path.join("."), path };
}

/** The field below a scope's root that a request names; a whole name goes before the path that its dots make. */
export function findRequested(
  scope: Scope,
  root: StructureClass | undefined,
  { name, path }: FieldRequest,
): FieldRef | undefined {
  if (path !== undefined) return findField(scope, root, path);
  const whole = findField(scope, root, [name]);
  return whole ?? (name.includes(".") ? findField(scope, root, name.split(".")) : undefined);
}

/** The name that a request's column bears. */
export function columnName(request: ColumnRequest): string {
  if (request.as !== undefined) return request.as;
  switch (request.kind) {
    case "context":
    case "field":
    case "name":
      return request.name;
    case "record":
      return "record";
    case "container":
      return containerColumn(request.fact);
    default:
      return request.kind;
  }
}
