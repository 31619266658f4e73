/** What stands in the JSON objects of CTF 2 field classes, apart from other field classes (CTF2-SPEC-2.0 §5.3). */

import type { Span } from "../base/text.ts";
import type { FieldReference, IntegerTemplate, Template } from "./field-template.ts";
import type { JsonValue } from "./json.ts";
import type { Properties } from "./json-properties.ts";
import { MappingsBuilder } from "./mappings.ts";
import { rangeProblem } from "./ranges.ts";
import type { ByteOrder, Mapping, Range, Role, Scope, TextEncoding } from "./trace-class.ts";

/** Blobs, texts and arrays longer than this cannot fit any packet that is accepted. */
const MAX_STATIC_LENGTH = 1n << 28n;
const MAX_ALIGN = 1n << 20n;
const LEAST_INTEGER = -(1n << 63n);
const MOST_INTEGER = (1n << 64n) - 1n;

/**
 * What any object of metadata may have beside its own: attributes, which are the producer's; and extensions, which change the
 * meaning of what follows, so that none is accepted (CTF2-SPEC-2.0 §5.1).
 */
export function checkExtras(properties: Properties): void {
  properties.optionalObject("attributes", "attributes");
  const extensions = properties.optionalObject("extensions", "extensions");
  const [name] = extensions?.object.members.keys() ?? [];
  if (extensions === undefined || name === undefined) return;
  throw extensions.fail("CTF2_EXTENSION", `expected no extensions, got some of ${name}`);
}

/** An object's first character: whole objects are too long to point at. */
export function headOf({ object: { span } }: Properties): Span {
  return { start: span.start, end: span.start + 1 };
}

/** An integer of variable length, as far as nothing else is said. */
export const VARIABLE_LENGTH: IntegerTemplate = {
  kind: "integer",
  coding: "leb128",
  form: "number",
  size: 64,
  align: 8,
  signed: false,
  byteOrder: "little-endian",
  base: 10,
  isText: false,
  mappings: undefined,
  clock: undefined,
  roles: [],
};

/** Whatever has a fixed length in bits and a byte order. */
export function bitsTemplate(
  properties: Properties,
  form: IntegerTemplate["form"],
  rest: Partial<IntegerTemplate>,
): IntegerTemplate {
  const byteOrder = byteOrderOf(properties);
  return {
    ...VARIABLE_LENGTH,
    coding: coding(properties, byteOrder),
    form,
    size: Number(properties.integer("length", 1n, 64n)),
    align: alignment(properties, "alignment"),
    byteOrder,
    base: form === "number" ? 10 : 16,
    ...rest,
  };
}

export function floatTemplate(properties: Properties): Template {
  const size = Number(properties.integer("length", 1n, MAX_STATIC_LENGTH));
  if (size !== 32 && size !== 64) {
    throw properties.fail(
      "CTF2_FLOAT_SIZE",
      `expected a floating point number of 32 or 64 bits, got ${size}`,
      properties.value("length").span,
    );
  }
  const byteOrder = byteOrderOf(properties);
  const align = alignment(properties, "alignment");
  return { kind: "float", coding: coding(properties, byteOrder), size, align, byteOrder };
}

function byteOrderOf(properties: Properties): ByteOrder {
  return properties.oneOf("byte-order", ["little-endian", "big-endian"]);
}

/** Little endian goes from the first bit to the last, big endian from the last to the first, unless it is said otherwise. */
function coding(properties: Properties, byteOrder: ByteOrder): "plain" | "reversed" {
  const natural = byteOrder === "little-endian" ? "first-to-last" : "last-to-first";
  const given = properties.oneOf("bit-order", ["first-to-last", "last-to-first"], natural);
  return given === natural ? "plain" : "reversed";
}

function alignment(properties: Properties, name: string): number {
  const align = properties.integer(name, 1n, MAX_ALIGN, 1n);
  if ((align & (align - 1n)) === 0n) return Number(align);
  throw properties.fail(
    "CTF2_ALIGN",
    `expected ${name} to be a power of two, got ${align}`,
    properties.value(name).span,
  );
}

/** Least alignment of a structure or array, in bits. */
export function minimumAlign(properties: Properties): number {
  return alignment(properties, "minimum-alignment");
}

/** Elements, or bytes. */
export function staticLength(properties: Properties): number {
  return Number(properties.integer("length", 0n, MAX_STATIC_LENGTH));
}

/** Display base and labels of an integer. */
export function integerProperties(
  properties: Properties,
  signed: boolean,
): Pick<IntegerTemplate, "base" | "mappings" | "signed"> {
  const base = Number(properties.integer("preferred-display-base", 2n, 16n, 10n));
  if (base !== 2 && base !== 8 && base !== 10 && base !== 16) {
    throw properties.fail(
      "CTF2_VALUE",
      `expected preferred-display-base 2, 8, 10 or 16, got ${base}`,
      properties.value("preferred-display-base").span,
    );
  }
  const mappings = properties.optionalObject("mappings", "mappings");
  if (mappings === undefined || mappings.object.members.size === 0)
    return { base, signed, mappings: undefined };
  const builder = new MappingsBuilder(signed);
  for (const [label, value] of mappings.object.members)
    builder.addNew(label, labelled(value, mappings, signed));
  return { base, signed, mappings: builder.finish() };
}

/** A bit map's flags, by numbers of bits, in the order of their names, as babeltrace2 has it. */
export function flagsOf(properties: Properties): readonly Mapping[] {
  const mappings = labels(properties.objectAt("flags", "flags"), false);
  const lastBit = properties.integer("length", 1n, 64n) - 1n;
  if (mappings.length === 0)
    throw properties.fail("CTF2_VALUE", "expected at least one flag, got none");
  for (const { label, ranges } of mappings) {
    for (const { low, high } of ranges) {
      if (high > lastBit)
        throw properties.fail(
          "CTF2_VALUE",
          `expected numbers of bits from 0 to ${lastBit} for flag ${label}, got ${low} to ${high}`,
          properties.value("flags").span,
        );
    }
  }
  return mappings.toSorted((a, b) => Buffer.compare(Buffer.from(a.label), Buffer.from(b.label)));
}

function labels(properties: Properties, signed: boolean): readonly Mapping[] {
  return Array.from(properties.object.members, ([label, value]) => {
    return { label, ranges: labelled(value, properties, signed) };
  });
}

/** What a label stands for. */
function labelled(value: JsonValue, owner: Properties, signed: boolean): readonly Range[] {
  const ranges = rangeSet(value, owner);
  const problem = rangeProblem(ranges, signed);
  if (problem !== undefined) throw owner.fail("CTF2_RANGE", problem, value.span);
  return ranges;
}

/** `[[low, high], …]`, both inclusive. */
export function rangeSet(value: JsonValue, owner: Properties): readonly Range[] {
  if (value.kind !== "array") throw owner.unexpected(value, "an array of ranges");
  if (value.items.length === 0)
    throw owner.fail("CTF2_RANGE", "expected at least one range, got none", value.span);
  return value.items.map((item) => {
    const [low, high, ...rest] = item.kind === "array" ? item.items : [];
    if (low?.kind !== "integer" || high?.kind !== "integer" || rest.length > 0)
      throw owner.fail("CTF2_RANGE", "expected a range of two integers", item.span);
    const isRange =
      low.value <= high.value && low.value >= LEAST_INTEGER && high.value <= MOST_INTEGER;
    if (isRange) return { low: low.value, high: high.value };
    throw owner.fail(
      "CTF2_RANGE",
      `expected a range from low to high, got ${low.value} to ${high.value}`,
      item.span,
    );
  });
}

export const BLOB_ROLES: readonly Role[] = ["metadata-stream-uuid"];
const INTEGER_ROLES: readonly Role[] = [
  "packet-magic-number",
  "data-stream-class-id",
  "data-stream-id",
  "packet-total-length",
  "packet-content-length",
  "packet-sequence-number",
  "discarded-event-record-counter-snapshot",
  "default-clock-timestamp",
  "packet-end-default-clock-timestamp",
  "event-record-class-id",
];

/** What a field means; only roles that its class can have. */
export function rolesOf(
  properties: Properties,
  allowed: readonly Role[] = INTEGER_ROLES,
): readonly Role[] {
  if (!properties.has("roles")) return [];
  return properties.items("roles").map((item) => {
    const role = allowed.find((known) => item.kind === "string" && known === item.value);
    if (role !== undefined) return role;
    const got = item.kind === "string" ? item.value : item.kind;
    throw properties.fail(
      "CTF2_ROLE",
      `expected a role that such a field can have, got ${got}`,
      item.span,
    );
  });
}

export function encodingOf(properties: Properties): TextEncoding {
  const allowed = ["utf-8", "utf-16le", "utf-16be", "utf-32le", "utf-32be"] as const;
  return properties.oneOf("encoding", allowed, "utf-8");
}

export function mediaTypeOf(properties: Properties): string {
  return properties.optionalString("media-type") ?? "application/octet-stream";
}

const ORIGINS: ReadonlyMap<string, Scope> = new Map([
  ["packet-header", "packet-header"],
  ["packet-context", "packet-context"],
  ["event-record-header", "event-header"],
  ["event-record-common-context", "common-context"],
  ["event-record-specific-context", "specific-context"],
  ["event-record-payload", "payload"],
]);

/** `{"origin": scope, "path": [name or null, …]}` (CTF2-SPEC-2.0 §5.3.2). */
export function locationOf(owner: Properties, name: string): FieldReference {
  const properties = owner.objectAt(name, "a field location").only(["origin", "path"]);
  const { span } = properties.object;
  const given = properties.optionalString("origin");
  const origin = given === undefined ? undefined : ORIGINS.get(given);
  if (given !== undefined && origin === undefined) {
    const allowed = [...ORIGINS.keys()].join(", ");
    throw properties.fail("CTF2_LOCATION", `expected one of ${allowed} as origin, got ${given}`);
  }
  const path = properties.items("path").map((item) => {
    if (item.kind === "string") return item.value;
    if (item.kind === "null") return null;
    throw properties.unexpected(item, "a name or null");
  });
  if (path.length === 0 || path.at(-1) === null)
    throw properties.fail("CTF2_LOCATION", "expected a path that ends with a name");
  const shortest = withoutDetours(path);
  return {
    kind: "location",
    origin,
    path: shortest,
    span: { start: span.start, end: span.start + 1 },
  };
}

/** A name and the way back behind it lead nowhere, whether or not there is such a field (babeltrace2 2.1.2, measured). */
function withoutDetours(path: readonly (string | null)[]): readonly (string | null)[] {
  const steps: (string | null)[] = [];
  for (const step of path) {
    const last = steps.at(-1);
    if (step === null && last !== undefined && last !== null) steps.pop();
    else steps.push(step);
  }
  return steps;
}
