/** CTF 2 field classes (CTF2-SPEC-2.0 §5.3): JSON objects → field templates. */

import type { Span } from "../base/text.ts";
import {
  compound,
  type FieldReference,
  type IntegerTemplate,
  type StructureTemplate,
  shapeProblem,
  type Template,
  type TemplateMember,
  type TemplateOption,
} from "./field-template.ts";
import type { JsonValue } from "./json.ts";
import type { Properties } from "./json-properties.ts";
import type { ByteOrder, Mapping, Range, Role, Scope, TextEncoding } from "./trace-class.ts";

/** Blobs, texts and arrays longer than this cannot fit any packet that is accepted. */
const MAX_STATIC_LENGTH = 1n << 28n;
const MAX_ALIGN = 1n << 20n;
const LEAST_INTEGER = -(1n << 63n);
const MOST_INTEGER = (1n << 64n) - 1n;

/** Field classes that have a name, in order of declaration. */
export type Aliases = Map<string, Template>;

/** Reads field classes, in which aliases declared so far may stand. */
export class FieldClassReader {
  readonly #aliases: Aliases;

  constructor(aliases: Aliases) {
    this.#aliases = aliases;
  }

  /** The structure of a scope, `undefined` where the property is absent. */
  scope(owner: Properties, name: string): StructureTemplate | undefined {
    const value = owner.optionalValue(name);
    if (value === undefined) return undefined;
    const template = this.read(value, owner);
    if (template.kind === "structure") return template;
    throw owner.fail(
      "CTF2_SCOPE",
      `expected a structure for ${name}, got ${template.kind}`,
      value.span,
    );
  }

  /** A field class: an object, or the name of an alias. */
  read(value: JsonValue, owner: Properties): Template {
    if (value.kind === "string") {
      const template = this.#aliases.get(value.value);
      if (template !== undefined) return template;
      throw owner.fail(
        "CTF2_ALIAS",
        `expected the name of an earlier field class alias, got ${value.value}`,
        value.span,
      );
    }
    const properties = owner.asObject(value, "a field class");
    const template = this.#fieldClass(properties);
    const problem = shapeProblem(template);
    if (problem !== undefined) throw properties.fail("METADATA_NESTING", problem);
    return template;
  }

  #fieldClass(properties: Properties): Template {
    const type = properties.string("type");
    const only = (...names: string[]): Properties => properties.only([...COMMON, ...names]);
    noExtensions(properties);
    switch (type) {
      case "fixed-length-bit-array":
        only(...BITS);
        return bits(properties, "bit-array", {});
      case "fixed-length-bit-map":
        only(...BITS, "flags");
        return bits(properties, "bit-map", { mappings: flags(properties) });
      case "fixed-length-boolean":
        only(...BITS);
        return bits(properties, "boolean", {});
      case "fixed-length-unsigned-integer":
        only(...BITS, ...INTEGER, "roles");
        return bits(properties, "number", { ...integer(properties), roles: roles(properties) });
      case "fixed-length-signed-integer":
        only(...BITS, ...INTEGER);
        return bits(properties, "number", { ...integer(properties), signed: true });
      case "fixed-length-floating-point-number":
        only(...BITS);
        return float(properties);
      case "variable-length-unsigned-integer":
        only(...INTEGER, "roles");
        return { ...VARIABLE_LENGTH, ...integer(properties), roles: roles(properties) };
      case "variable-length-signed-integer":
        only(...INTEGER);
        return { ...VARIABLE_LENGTH, ...integer(properties), signed: true };
      case "null-terminated-string":
        only("encoding");
        return { kind: "string", encoding: encoding(properties) };
      case "static-length-string":
        only("length", "encoding");
        return {
          kind: "text",
          length: staticLength(properties),
          encoding: encoding(properties),
        };
      case "dynamic-length-string":
        only("length-field-location", "encoding");
        return {
          kind: "text",
          length: location(properties, "length-field-location"),
          encoding: encoding(properties),
        };
      case "static-length-blob":
        only("length", "media-type", "roles");
        return this.#staticBlob(properties);
      case "dynamic-length-blob":
        only("length-field-location", "media-type");
        return {
          kind: "blob",
          length: location(properties, "length-field-location"),
          mediaType: mediaType(properties),
          roles: [],
        };
      case "static-length-array":
        only("length", "element-field-class", "minimum-alignment");
        return this.#array(properties, staticLength(properties));
      case "dynamic-length-array":
        only("length-field-location", "element-field-class", "minimum-alignment");
        return this.#array(properties, location(properties, "length-field-location"));
      case "structure":
        only("member-classes", "minimum-alignment");
        return this.#structure(properties);
      case "optional":
        only("field-class", "selector-field-location", "selector-field-ranges");
        return this.#optional(properties);
      case "variant":
        only("options", "selector-field-location");
        return this.#variant(properties);
      default:
        throw properties.fail(
          "CTF2_FIELD_CLASS",
          `expected the type of a field class, got ${type}`,
          properties.value("type").span,
        );
    }
  }

  #staticBlob(properties: Properties): Template {
    const length = staticLength(properties);
    const given = roles(properties, BLOB_ROLES);
    if (given.length > 0 && length !== 16) {
      throw properties.fail(
        "CTF2_ROLE",
        `expected a blob of 16 bytes as metadata-stream-uuid, got ${length}`,
      );
    }
    return { kind: "blob", length, mediaType: mediaType(properties), roles: given };
  }

  #array(properties: Properties, length: number | FieldReference): Template {
    const element = this.read(properties.value("element-field-class"), properties);
    return compound({ kind: "array", minimumAlign: minimumAlign(properties), length, element });
  }

  #structure(properties: Properties): Template {
    const members: TemplateMember[] = [];
    const names = new Set<string>();
    if (properties.has("member-classes")) {
      for (const item of properties.items("member-classes")) {
        const member = properties.asObject(item, "a structure member");
        member.only(["name", "field-class", "attributes", "extensions"]);
        noExtensions(member);
        const name = member.string("name");
        if (names.has(name))
          throw member.fail(
            "CTF2_DUPLICATE_FIELD",
            `field ${name} stands here twice`,
            member.value("name").span,
          );
        names.add(name);
        const template = this.read(member.value("field-class"), member);
        members.push({ rawName: name, name, template });
      }
    }
    return compound({ kind: "structure", minimumAlign: minimumAlign(properties), members });
  }

  #optional(properties: Properties): Template {
    const ranges = properties.optionalValue("selector-field-ranges");
    return compound({
      kind: "optional",
      selector: location(properties, "selector-field-location"),
      ranges: ranges && rangeSet(ranges, properties),
      template: this.read(properties.value("field-class"), properties),
      span: headOf(properties),
    });
  }

  #variant(properties: Properties): Template {
    const selector = location(properties, "selector-field-location");
    const options: TemplateOption[] = [];
    const names = new Set<string>();
    const items = properties.items("options");
    if (items.length === 0)
      throw properties.fail("CTF2_VARIANT", "expected at least one option, got none");
    for (const [i, item] of items.entries()) {
      const option = properties.asObject(item, "a variant option");
      option.only(["name", "field-class", "selector-field-ranges", "attributes", "extensions"]);
      noExtensions(option);
      const name = option.optionalString("name") ?? String(i);
      if (option.has("name") && names.has(name))
        throw option.fail("CTF2_DUPLICATE_FIELD", `option ${name} stands here twice`);
      names.add(name);
      const value = option.value("selector-field-ranges");
      const ranges = rangeSet(value, option);
      for (const other of options) {
        if (other.ranges?.some((a) => ranges.some((b) => a.low <= b.high && b.low <= a.high)))
          throw option.fail(
            "CTF2_VARIANT",
            `expected ranges of its own, but option ${other.name} has some of them`,
            value.span,
          );
      }
      const template = this.read(option.value("field-class"), option);
      options.push({ rawName: name, name, template, ranges });
    }
    return compound({ kind: "variant", selector, options, span: headOf(properties) });
  }
}

const COMMON = ["type", "attributes", "extensions"] as const;
const BITS = ["length", "byte-order", "bit-order", "alignment"] as const;
const INTEGER = ["preferred-display-base", "mappings"] as const;

/** Extensions change what follows in ways nobody here knows (CTF2-SPEC-2.0 §5.1). */
export function noExtensions(properties: Properties): void {
  const extensions = properties.optionalObject("extensions", "extensions");
  const [name] = extensions?.object.members.keys() ?? [];
  if (extensions === undefined || name === undefined) return;
  throw extensions.fail("CTF2_EXTENSION", `expected no extensions, got some of ${name}`);
}

function headOf({ object: { span } }: Properties): Span {
  return { start: span.start, end: span.start + 1 };
}

const VARIABLE_LENGTH: IntegerTemplate = {
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

function bits(
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

function float(properties: Properties): Template {
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

function minimumAlign(properties: Properties): number {
  return alignment(properties, "minimum-alignment");
}

function staticLength(properties: Properties): number {
  return Number(properties.integer("length", 0n, MAX_STATIC_LENGTH));
}

function integer(properties: Properties): Pick<IntegerTemplate, "base" | "mappings"> {
  const base = Number(properties.integer("preferred-display-base", 2n, 16n, 10n));
  if (base !== 2 && base !== 8 && base !== 10 && base !== 16) {
    throw properties.fail(
      "CTF2_VALUE",
      `expected preferred-display-base 2, 8, 10 or 16, got ${base}`,
      properties.value("preferred-display-base").span,
    );
  }
  const mappings = properties.optionalObject("mappings", "mappings");
  return { base, mappings: mappings && labels(mappings) };
}

function flags(properties: Properties): readonly Mapping[] {
  const mappings = labels(properties.objectAt("flags", "flags"));
  if (mappings.length === 0)
    throw properties.fail("CTF2_VALUE", "expected at least one flag, got none");
  for (const { label, ranges } of mappings) {
    for (const { low, high } of ranges) {
      if (low < 0n || high > 63n)
        throw properties.fail(
          "CTF2_VALUE",
          `expected numbers of bits from 0 to 63 for flag ${label}, got ${low} to ${high}`,
          properties.value("flags").span,
        );
    }
  }
  return mappings;
}

function labels(properties: Properties): readonly Mapping[] {
  return Array.from(properties.object.members, ([label, value]) => ({
    label,
    ranges: rangeSet(value, properties),
  }));
}

/** `[[low, high], …]`, both inclusive. */
function rangeSet(value: JsonValue, owner: Properties): readonly Range[] {
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

const BLOB_ROLES: readonly Role[] = ["metadata-stream-uuid"];
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

function roles(properties: Properties, allowed = INTEGER_ROLES): readonly Role[] {
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

function encoding(properties: Properties): TextEncoding {
  const allowed = ["utf-8", "utf-16le", "utf-16be", "utf-32le", "utf-32be"] as const;
  return properties.oneOf("encoding", allowed, "utf-8");
}

function mediaType(properties: Properties): string {
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
function location(owner: Properties, name: string): FieldReference {
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
  const names = path.slice(path.findIndex((step) => step !== null));
  if (path.length === 0 || path.at(-1) === null)
    throw properties.fail("CTF2_LOCATION", "expected a path that ends with a name");
  if (names.includes(null) || (origin !== undefined && path.includes(null)))
    throw properties.fail(
      "CTF2_LOCATION",
      "expected null only at the beginning of a path without origin",
    );
  return { kind: "location", origin, path, span: { start: span.start, end: span.start + 1 } };
}
