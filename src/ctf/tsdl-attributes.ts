/** Attributes of integers and floats: what may stand in their braces (CTF 1.8.3 §4.1). */

import type { MetadataError } from "../base/errors.ts";
import type { Span } from "../base/text.ts";
import type { IntegerTemplate, Template } from "./field-template.ts";
import { metadataError } from "./metadata-error.ts";
import type { ByteOrder } from "./trace-class.ts";
import type { Attribute, TypeNode, Value } from "./tsdl-ast.ts";

/** What type nodes mean depends on the trace around them. */
export interface TypeContext {
  readonly source: string;
  readonly nativeByteOrder: ByteOrder;
  readonly environment: ReadonlyMap<string, string | bigint>;
  /** Clocks declared so far, by name. */
  readonly clocks: ReadonlyMap<string, unknown>;
  /** Templates of integer nodes, which the parser shares where their texts are equal. */
  readonly integers: Map<TypeNode, IntegerTemplate>;
}

export function integerTemplate(
  attributes: readonly Attribute[],
  span: Span,
  context: TypeContext,
): IntegerTemplate {
  const given = attributeMap(attributes, context);
  const size = integerAttribute(given.get("size"), context);
  if (size === undefined || size < 1n || size > 64n) {
    throw fail(
      context,
      "TSDL_INTEGER_SIZE",
      `expected an integer size from 1 to 64 bits, got ${size ?? "none"}`,
      span,
    );
  }
  const align = integerAttribute(given.get("align"), context);
  const clock = given.get("map")?.value;
  return {
    kind: "integer",
    coding: "plain",
    form: "number",
    size: Number(size),
    align: align === undefined ? (size % 8n === 0n ? 8 : 1) : alignment(align, span, context),
    signed: booleanAttribute(given.get("signed"), context),
    byteOrder: byteOrderOf(given.get("byte_order"), context),
    base: baseAttribute(given.get("base"), context),
    isText: isText(given.get("encoding"), "an integer", context) && size === 8n,
    mappings: undefined,
    clock: clock === undefined ? undefined : clockName(clock, context),
    roles: undefined,
  };
}

export function stringTemplate(attributes: readonly Attribute[], context: TypeContext): Template {
  isText(attributeMap(attributes, context).get("encoding"), "a string", context);
  return { kind: "string", encoding: "utf-8" };
}

export function floatTemplate(
  attributes: readonly Attribute[],
  span: Span,
  context: TypeContext,
): Template {
  const given = attributeMap(attributes, context);
  const exponent = integerAttribute(given.get("exp_dig"), context);
  const mantissa = integerAttribute(given.get("mant_dig"), context);
  const size =
    exponent === 8n && mantissa === 24n
      ? 32
      : exponent === 11n && mantissa === 53n
        ? 64
        : undefined;
  if (size === undefined) {
    throw fail(
      context,
      "TSDL_FLOAT_SIZE",
      `expected exp_dig and mant_dig 8, 24 or 11, 53, got ${exponent ?? "none"}, ${mantissa ?? "none"}`,
      span,
    );
  }
  const align = integerAttribute(given.get("align"), context);
  return {
    kind: "float",
    coding: "plain",
    size,
    align: align === undefined ? 8 : alignment(align, span, context),
    byteOrder: byteOrderOf(given.get("byte_order"), context),
  };
}

function attributeMap(
  attributes: readonly Attribute[],
  context: TypeContext,
): ReadonlyMap<string, Attribute> {
  const map = new Map<string, Attribute>();
  for (const attribute of attributes) {
    if (map.has(attribute.name)) {
      throw fail(
        context,
        "TSDL_DUPLICATE_ATTRIBUTE",
        `attribute ${attribute.name} stands here twice`,
        attribute.span,
      );
    }
    map.set(attribute.name, attribute);
  }
  return map;
}

function integerAttribute(
  attribute: Attribute | undefined,
  context: TypeContext,
): bigint | undefined {
  if (attribute === undefined) return undefined;
  if (attribute.value.kind === "integer") return attribute.value.value;
  throw fail(
    context,
    "TSDL_ATTRIBUTE",
    `expected an integer for ${attribute.name}, got ${attribute.value.value}`,
    attribute.span,
  );
}

function booleanAttribute(attribute: Attribute | undefined, context: TypeContext): boolean {
  if (attribute === undefined) return false;
  const value = booleanOf(attribute.value);
  if (value !== undefined) return value;
  throw fail(
    context,
    "TSDL_ATTRIBUTE",
    `expected true or false for ${attribute.name}, got ${attribute.value.value}`,
    attribute.span,
  );
}

/** Words for true and false; any number but 0 is true, as babeltrace2 has it. `undefined` for anything else. */
export function booleanOf({ kind, value }: Value): boolean | undefined {
  if (kind === "integer") return value !== 0n;
  if (value === "true" || value === "TRUE") return true;
  return value === "false" || value === "FALSE" ? false : undefined;
}

const BASES: ReadonlyMap<string, 2 | 8 | 10 | 16> = new Map([
  ...["2", "binary", "b"].map((word) => [word, 2] as const),
  ...["8", "octal", "oct", "o"].map((word) => [word, 8] as const),
  ...["10", "decimal", "dec", "d", "i", "u"].map((word) => [word, 10] as const),
  ...["16", "hexadecimal", "hex", "x", "X", "p"].map((word) => [word, 16] as const),
]);

function baseAttribute(attribute: Attribute | undefined, context: TypeContext): 2 | 8 | 10 | 16 {
  if (attribute === undefined) return 10;
  const base = BASES.get(String(attribute.value.value));
  if (base !== undefined) return base;
  throw fail(
    context,
    "TSDL_ATTRIBUTE",
    `expected base 2, 8, 10 or 16, got ${attribute.value.value}`,
    attribute.span,
  );
}

const TEXT_ENCODINGS: ReadonlySet<string> = new Set([
  ...["UTF8", "utf8", "UTF-8", "utf-8"],
  ...["ASCII", "ascii"],
]);

/** Whether the encoding is one of text; `none` and no attribute are none. */
function isText(attribute: Attribute | undefined, of: string, context: TypeContext): boolean {
  if (attribute === undefined) return false;
  const { kind, value } = attribute.value;
  if (kind !== "integer" && value === "none") return false;
  if (kind !== "integer" && TEXT_ENCODINGS.has(value)) return true;
  throw fail(
    context,
    "TSDL_ATTRIBUTE",
    `expected encoding UTF8 or ASCII of ${of}, got ${value}`,
    attribute.span,
  );
}

function byteOrderOf(attribute: Attribute | undefined, context: TypeContext): ByteOrder {
  if (attribute === undefined || attribute.value.value === "native") return context.nativeByteOrder;
  const order = byteOrder(attribute.value);
  if (order !== undefined) return order;
  throw fail(
    context,
    "TSDL_ATTRIBUTE",
    `expected byte_order le, be, network or native, got ${attribute.value.value}`,
    attribute.span,
  );
}

/** `le`, `be`, `network`; `undefined` for anything else. */
export function byteOrder(value: Value): ByteOrder | undefined {
  if (value.value === "le") return "little-endian";
  return value.value === "be" || value.value === "network" ? "big-endian" : undefined;
}

function clockName(value: Value, context: TypeContext): string {
  const name = /^clock\.(\w+)\.value$/.exec(String(value.value))?.[1];
  if (name !== undefined && context.clocks.has(name)) return name;
  if (name !== undefined)
    throw fail(context, "TSDL_UNKNOWN_CLOCK", `expected a declared clock, got ${name}`, value.span);
  throw fail(
    context,
    "TSDL_ATTRIBUTE",
    `expected clock.NAME.value for map, got ${value.value}`,
    value.span,
  );
}

export function alignment(align: bigint, span: Span, context: TypeContext): number {
  if (align >= 1n && align <= 1n << 20n && (align & (align - 1n)) === 0n) return Number(align);
  throw fail(
    context,
    "TSDL_ALIGN",
    `expected an alignment that is a power of two, got ${align}`,
    span,
  );
}

export function fail(
  context: TypeContext,
  code: string,
  message: string,
  span: Span,
): MetadataError {
  return metadataError(context.source, code, message, span);
}
