/**
 * What the columns that a query asks for turn out to be in given traces: names, sources and types. A column's type is
 * settled over the event classes that are known when the first of them has its field, and does not change from then on.
 * Until then it is a column of nulls.
 */

import type {
  EventClass,
  FieldClass,
  StreamClass,
  StructureClass,
  TraceClass,
} from "../ctf/trace-class.ts";
import type { ColumnType, NumberType } from "./column.ts";
import { eventClassesWith } from "./payload-index.ts";
import {
  BUILT_IN,
  type ColumnRequest,
  columnName,
  findRequested,
  type PlacePart,
} from "./request.ts";
import type { PlannedColumn } from "./schema.ts";
import { defaultContext } from "./selection.ts";

/** Text arrays up to this many bytes are dictionary-coded: they are names (procname, comm), not messages. */
export const MAX_DICTIONARY_TEXT_BYTES = 64;

/** The columns of a query without a selection: facts, every context the traces have, the payload as JSON. */
export function defaultRequests(traceClasses: readonly TraceClass[]): ColumnRequest[] {
  return [
    ...BUILT_IN.map((kind): ColumnRequest => ({ kind })),
    ...contextNames(traceClasses).map(defaultContext),
    { kind: "payload", style: "json" },
  ];
}

/** Names of common context fields, in the order in which they are met. */
function contextNames(traceClasses: readonly TraceClass[]): string[] {
  const names = new Set<string>();
  for (const { streamClass } of eachStreamClass(traceClasses)) {
    for (const { name, fieldClass, isHidden } of streamClass.commonContext?.members ?? []) {
      if (isHidden !== true && !isHelper(name, fieldClass, streamClass.commonContext))
        names.add(name);
    }
  }
  return [...names];
}

/** Lengths and tags that stand before the field they belong to (`_callstack_length`) are not worth a column. */
function isHelper(
  name: string,
  fieldClass: FieldClass,
  structure: StructureClass | undefined,
): boolean {
  if (fieldClass.kind !== "integer" || fieldClass.slot === undefined) return false;
  const owner = name.replace(/^_/, "").replace(/_(length|tag)$/, "");
  return structure?.members.some((member) => member.name === owner) ?? false;
}

/** Settles the columns over the event classes that the query can meet. */
export function planColumns(
  requests: readonly ColumnRequest[],
  traceClasses: readonly TraceClass[],
): PlannedColumn[] {
  return requests.map((request) => planColumn(request, traceClasses));
}

/**
 * Settles the columns whose fields no event class had so far.
 *
 * @param planned of the same requests
 * @param widens whether types that were settled may become wider, too: for readers that take any type
 * @returns `planned` itself where nothing is new
 */
export function replanColumns(
  planned: readonly PlannedColumn[],
  requests: readonly ColumnRequest[],
  traceClasses: readonly TraceClass[],
  widens: boolean,
): readonly PlannedColumn[] {
  const isOpen = ({ type, request }: PlannedColumn): boolean =>
    type.kind === "null" || (widens && (request.kind === "field" || request.kind === "context"));
  if (!planned.some(isOpen)) return planned;
  const replanned = planned.map((column, i) => {
    if (!isOpen(column)) return column;
    const anew = planColumn(requests[i]!, traceClasses);
    return sameType(anew.type, column.type) ? column : anew;
  });
  return replanned.every((column, i) => column === planned[i]) ? planned : replanned;
}

function sameType(a: ColumnType, b: ColumnType): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** A requested field or context that no event class has. */
export type UnknownColumn = Extract<ColumnRequest, { kind: "context" | "field" | "name" }>;

/** Requested fields and contexts that no event class has. */
export function unknownColumns(
  requests: readonly ColumnRequest[],
  traceClasses: readonly TraceClass[],
): UnknownColumn[] {
  return requests
    .filter(({ kind }) => kind === "context" || kind === "field" || kind === "name")
    .map((request) => request as UnknownColumn)
    .filter(({ isOptional }) => isOptional !== true)
    .filter(
      (request) => fieldClassesOf(settle(request, traceClasses), traceClasses).next().done === true,
    );
}

/** Every name that `select` could give a value to. */
export function selectableNames(traceClasses: readonly TraceClass[]): Set<string> {
  const names = new Set<string>([...BUILT_IN, "payload", ...contextNames(traceClasses)]);
  for (const { eventClass } of eachEventClass(traceClasses)) {
    for (const scope of [eventClass.specificContext, eventClass.payload]) {
      for (const { name, isHidden } of scope?.members ?? []) if (isHidden !== true) names.add(name);
    }
  }
  return names;
}

const PLACE_TYPES: Readonly<Record<PlacePart, NumberType>> = {
  begin: "uint32",
  end: "uint32",
  clock: "uint64",
  // Ids are numbers, and those beyond 32 bits are exact, too.
  class: "float64",
};

function planColumn(request: ColumnRequest, traceClasses: readonly TraceClass[]): PlannedColumn {
  const settled = settle(request, traceClasses);
  const name = columnName(request);
  switch (settled.kind) {
    case "timestamp":
      // Events of streams without a clock have no time.
      return { name, request: settled, type: { kind: "timestamp" }, nullable: true };
    case "event":
      return { name, request: settled, type: { kind: "dictionary" }, nullable: false };
    case "host":
    case "domain":
    case "boot":
    case "container":
      return { name, request: settled, type: { kind: "dictionary" }, nullable: true };
    case "cpu_id":
      return { name, request: settled, type: { kind: "number", number: "uint32" }, nullable: true };
    case "payload":
      return {
        name,
        request: settled,
        type: utf8(settled.style === "json" ? "json" : "mixed"),
        nullable: false,
      };
    case "weight":
      return {
        name,
        request: settled,
        type: { kind: "number", number: "uint32" },
        nullable: false,
      };
    case "place":
      return {
        name,
        request: settled,
        type: { kind: "number", number: PLACE_TYPES[settled.part] },
        nullable: false,
      };
    case "match":
      return { name, request: settled, type: { kind: "number", number: "uint8" }, nullable: false };
    case "record":
      return { name, request: settled, type: utf8("mixed"), nullable: false };
    case "context":
    case "field": {
      const type = settled.type ?? commonType(fieldClassesOf(settled, traceClasses));
      const isHexadecimal =
        type.kind === "number" &&
        !type.number.startsWith("float") &&
        [...fieldClassesOf(settled, traceClasses)].every(isInBase16);
      return {
        name,
        request: settled,
        type,
        nullable: true,
        ...(isHexadecimal && { isHexadecimal }),
      };
    }
  }
}

function settle(
  request: ColumnRequest,
  traceClasses: readonly TraceClass[],
): Exclude<ColumnRequest, { kind: "name" }> {
  if (request.kind !== "name") return request;
  const isContext = !fieldClassesOf({ ...request, kind: "context" }, traceClasses).next().done;
  return { ...request, kind: isContext ? "context" : "field" };
}

function isInBase16(fieldClass: FieldClass): boolean {
  return fieldClass.kind === "integer" && fieldClass.base === 16;
}

/** The classes that a field has in the event classes that have it. */
function* fieldClassesOf(
  request: ColumnRequest,
  traceClasses: readonly TraceClass[],
): Generator<FieldClass> {
  if (request.kind === "context") {
    for (const { streamClass } of eachStreamClass(traceClasses)) {
      const ref = findRequested("common-context", streamClass.commonContext, request);
      if (ref !== undefined) yield ref.fieldClass;
    }
    for (const { eventClass } of eachEventClass(traceClasses)) {
      if (eventClass.specificContext === undefined) continue;
      const ref = findRequested("specific-context", eventClass.specificContext, request);
      if (ref !== undefined) yield ref.fieldClass;
    }
  } else if (request.kind === "field") {
    const [head = request.name] = request.path ?? [];
    for (const eventClass of payloadsWith(traceClasses, head)) {
      const ref = findRequested("payload", eventClass.payload, request);
      if (ref !== undefined) yield ref.fieldClass;
    }
  }
}

/** The event classes that may have a field of that name, or of the path that its dots make. */
function* payloadsWith(traceClasses: readonly TraceClass[], name: string): Generator<EventClass> {
  if (name.includes("."))
    for (const { eventClass } of eachEventClass(traceClasses)) yield eventClass;
  else for (const traceClass of traceClasses) yield* eventClassesWith(traceClass, name);
}

/** The narrowest type that holds them all: one and the same, else int64, uint64, float64, utf8; nulls where there are none. */
function commonType(fieldClasses: Iterable<FieldClass>): ColumnType {
  let common: ColumnType | undefined;
  for (const fieldClass of fieldClasses) {
    const type = columnTypeOf(fieldClass);
    common = common === undefined ? type : wider(common, type);
  }
  return common ?? { kind: "null" };
}

/** The column type that suits one field class. */
function columnTypeOf(fieldClass: FieldClass): ColumnType {
  switch (fieldClass.kind) {
    case "integer":
      // A truth value is 0 or 1, in however many bits.
      if (fieldClass.form === "boolean") return { kind: "number", number: "uint8" };
      return { kind: "number", number: integerType(fieldClass.size, fieldClass.signed) };
    case "float":
      return { kind: "number", number: fieldClass.size === 32 ? "float32" : "float64" };
    case "text": {
      const { length } = fieldClass;
      const isName = length.kind === "static" && length.count <= MAX_DICTIONARY_TEXT_BYTES;
      return isName ? { kind: "dictionary" } : utf8("text");
    }
    case "array": {
      const { element } = fieldClass;
      const hasStride = element.kind === "integer" && element.coding !== "leb128";
      const elementType = hasStride || element.kind === "float" ? columnTypeOf(element) : undefined;
      return elementType?.kind === "number"
        ? { kind: "list", element: elementType.number }
        : utf8("json");
    }
    case "string":
      return utf8("text");
    case "blob":
      // Hexadecimal digits.
      return utf8("mixed");
    default:
      return utf8("json");
  }
}

function integerType(size: number, signed: boolean): NumberType {
  const bits = size <= 8 ? 8 : size <= 16 ? 16 : size <= 32 ? 32 : 64;
  return `${signed ? "" : "u"}int${bits}`;
}

function wider(a: ColumnType, b: ColumnType): ColumnType {
  if (a.kind === "number" && b.kind === "number")
    return { kind: "number", number: widerNumber(a.number, b.number) };
  if (a.kind === "list" && b.kind === "list")
    return { kind: "list", element: widerNumber(a.element, b.element) };
  if (a.kind === "dictionary" && b.kind === "dictionary") return a;
  // A dictionary column that meets longer texts goes on as text.
  const content = (type: ColumnType): "text" | "json" | "mixed" =>
    type.kind === "dictionary" ? "text" : type.kind === "utf8" ? type.content : "mixed";
  return utf8(content(a) === content(b) ? content(a) : "mixed");
}

function utf8(content: "text" | "json" | "mixed"): ColumnType {
  return { kind: "utf8", content };
}

function widerNumber(a: NumberType, b: NumberType): NumberType {
  if (a === b) return a;
  if (a.startsWith("float") || b.startsWith("float")) return "float64";
  // A signed and an unsigned 64-bit field share int64, as they do when a filter compares them.
  return a.startsWith("uint") && b.startsWith("uint") ? "uint64" : "int64";
}

function* eachStreamClass(
  traceClasses: readonly TraceClass[],
): Generator<{ streamClass: StreamClass }> {
  for (const { streamClasses } of traceClasses) {
    for (const streamClass of streamClasses.values()) yield { streamClass };
  }
}

function* eachEventClass(
  traceClasses: readonly TraceClass[],
): Generator<{ eventClass: EventClass }> {
  for (const { streamClass } of eachStreamClass(traceClasses)) {
    for (const eventClass of streamClass.eventClasses.values()) yield { eventClass };
  }
}
