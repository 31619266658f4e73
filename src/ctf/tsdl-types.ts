/** TSDL type nodes → field templates: looks up aliases in their lexical scopes and checks attributes (CTF 1.8.3 §4, §7.3). */

import type { MetadataError } from "../base/errors.ts";
import { nearestName, type Span } from "../base/text.ts";
import type { FieldPath, IntegerTemplate, Template, TemplateMember } from "./field-template.ts";
import type { ByteOrder, Mapping } from "./trace-class.ts";
import type {
  AliasNode,
  Attribute,
  BodyNode,
  Declarator,
  Enumerator,
  TypeNode,
  Value,
} from "./tsdl-ast.ts";
import { metadataError } from "./tsdl-lexer.ts";

/** Arrays longer than this cannot fit any packet that is accepted. */
const MAX_STATIC_LENGTH = 1 << 28;

/** Names declared in one lexical scope: `name`, `struct name`, `variant name`, `enum name` do not clash. */
export class TypeScope {
  readonly parent: TypeScope | undefined;
  readonly #types = new Map<string, Template>();

  constructor(parent: TypeScope | undefined) {
    this.parent = parent;
  }

  find(key: string): Template | undefined {
    return this.#types.get(key) ?? this.parent?.find(key);
  }

  /** False if this very scope has the name already. */
  declare(key: string, template: Template): boolean {
    if (this.#types.has(key)) return false;
    this.#types.set(key, template);
    return true;
  }

  *names(): Generator<string> {
    yield* this.#types.keys();
    if (this.parent !== undefined) yield* this.parent.names();
  }
}

/** What type nodes mean depends on the trace around them. */
export interface TypeContext {
  readonly source: string;
  readonly nativeByteOrder: ByteOrder;
  readonly environment: ReadonlyMap<string, string | bigint>;
  /** Templates of integer nodes, which the parser shares where their texts are equal. */
  readonly integers: Map<TypeNode, IntegerTemplate>;
}

/** The template of a type node. Named structures, variants and enumerations declare themselves in `scope`. */
export function buildType(node: TypeNode, scope: TypeScope, context: TypeContext): Template {
  switch (node.kind) {
    case "integer": {
      const known = context.integers.get(node);
      if (known !== undefined) return known;
      const template = integerTemplate(node.attributes, node.span, context);
      context.integers.set(node, template);
      return template;
    }
    case "float":
      return floatTemplate(node.attributes, node.span, context);
    case "string":
      return { kind: "string" };
    case "alias":
      return lookUp(node.name, node.span, scope, context);
    case "struct":
      return structTemplate(node, scope, context);
    case "variant":
      return variantTemplate(node, scope, context);
    case "enum":
      return enumTemplate(node, scope, context);
  }
}

/** Declares a typealias or typedef. */
export function declareAlias(node: AliasNode, scope: TypeScope, context: TypeContext): void {
  const template = withLengths(
    buildType(node.type, scope, context),
    node.lengths,
    node.span,
    context,
  );
  declare(node.name, template, node.span, scope, context);
}

function declare(
  key: string,
  template: Template,
  span: Span,
  scope: TypeScope,
  context: TypeContext,
): void {
  if (!scope.declare(key, template)) {
    throw fail(context, "TSDL_REDEFINED", `${key} is declared twice in one scope`, span);
  }
}

function lookUp(key: string, span: Span, scope: TypeScope, context: TypeContext): Template {
  const template = scope.find(key);
  if (template !== undefined) return template;
  const near = nearestName(key, scope.names());
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  throw fail(context, "TSDL_UNKNOWN_TYPE", `expected the name of a type, got ${key}${hint}`, span);
}

function structTemplate(
  node: TypeNode & { kind: "struct" },
  scope: TypeScope,
  context: TypeContext,
): Template {
  if (node.body === undefined) return lookUp(`struct ${node.name}`, node.span, scope, context);
  const minimumAlign = node.align === undefined ? 1 : alignment(node.align, node.span, context);
  const members = bodyMembers(node.body, scope, context);
  const template: Template = { kind: "structure", minimumAlign, members };
  if (node.name !== undefined) declare(`struct ${node.name}`, template, node.span, scope, context);
  return template;
}

function variantTemplate(
  node: TypeNode & { kind: "variant" },
  scope: TypeScope,
  context: TypeContext,
): Template {
  const selector: FieldPath | undefined =
    node.tag === undefined ? undefined : { names: node.tag, span: node.span };
  if (node.body === undefined) {
    const named = lookUp(`variant ${node.name}`, node.span, scope, context);
    return named.kind === "variant" ? { ...named, selector: selector ?? named.selector } : named;
  }
  const options = bodyMembers(node.body, scope, context);
  const template: Template = { kind: "variant", selector, options, span: node.span };
  if (node.name !== undefined) declare(`variant ${node.name}`, template, node.span, scope, context);
  return template;
}

function bodyMembers(
  body: readonly BodyNode[],
  outer: TypeScope,
  context: TypeContext,
): readonly TemplateMember[] {
  const scope = new TypeScope(outer);
  const members: TemplateMember[] = [];
  const seen = new Set<string>();
  for (const item of body) {
    if (item.kind === "alias") {
      declareAlias(item, scope, context);
    } else if (item.kind === "type") {
      buildType(item.type, scope, context);
    } else {
      const { name, lengths, span } = item.declarator;
      if (seen.has(name))
        throw fail(context, "TSDL_DUPLICATE_FIELD", `field ${name} stands here twice`, span);
      seen.add(name);
      const template = withLengths(buildType(item.type, scope, context), lengths, span, context);
      members.push({ rawName: name, template });
    }
  }
  return members;
}

/** `t x[2][3]` is an array of 2 arrays of 3: the last bracket is the innermost. */
function withLengths(
  element: Template,
  lengths: Declarator["lengths"],
  span: Span,
  context: TypeContext,
): Template {
  let template = element;
  for (const length of lengths.toReversed()) {
    template = { kind: "array", length: arrayLength(length, span, context), element: template };
  }
  return template;
}

function arrayLength(
  length: bigint | readonly string[],
  span: Span,
  context: TypeContext,
): number | FieldPath {
  let count: string | bigint | undefined;
  if (typeof length === "bigint") count = length;
  else if (length[0] === "env") count = context.environment.get(length.slice(1).join("."));
  else return { names: length, span };
  if (typeof count !== "bigint" || count < 0n || count > MAX_STATIC_LENGTH) {
    throw fail(
      context,
      "TSDL_LENGTH",
      `expected a length from 0 to ${MAX_STATIC_LENGTH}, got ${count}`,
      span,
    );
  }
  return Number(count);
}

function enumTemplate(
  node: TypeNode & { kind: "enum" },
  scope: TypeScope,
  context: TypeContext,
): Template {
  if (node.enumerators === undefined) return lookUp(`enum ${node.name}`, node.span, scope, context);
  const base =
    node.base === undefined
      ? lookUp("int", node.span, scope, context)
      : buildType(node.base, scope, context);
  if (base.kind !== "integer") {
    throw fail(
      context,
      "TSDL_ENUM_BASE",
      `expected an integer below the enumeration, got a ${base.kind}`,
      node.span,
    );
  }
  const template: Template = { ...base, mappings: enumMappings(node.enumerators, context) };
  if (node.name !== undefined) declare(`enum ${node.name}`, template, node.span, scope, context);
  return template;
}

/** Values without `=` follow the end of the one before; repeated labels gather their ranges. */
function enumMappings(
  enumerators: readonly Enumerator[],
  context: TypeContext,
): readonly Mapping[] {
  const byLabel = new Map<string, { low: bigint; high: bigint }[]>();
  let next = 0n;
  for (const { label, low: given, high: givenHigh, span } of enumerators) {
    const low = given ?? next;
    const high = givenHigh ?? low;
    if (high < low)
      throw fail(
        context,
        "TSDL_ENUM_RANGE",
        `expected a range from low to high, got ${low} ... ${high}`,
        span,
      );
    const ranges = byLabel.get(label);
    if (ranges === undefined) byLabel.set(label, [{ low, high }]);
    else ranges.push({ low, high });
    next = high + 1n;
  }
  return [...byLabel].map(([label, ranges]) => ({ label, ranges }));
}

function integerTemplate(
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
    size: Number(size),
    align: align === undefined ? (size % 8n === 0n ? 8 : 1) : alignment(align, span, context),
    signed: booleanAttribute(given.get("signed"), context),
    byteOrder: byteOrderOf(given.get("byte_order"), context),
    base: baseAttribute(given.get("base"), context),
    isText: size === 8n && isTextEncoding(given.get("encoding")),
    mappings: undefined,
    clock: clock === undefined ? undefined : clockName(clock, context),
  };
}

function floatTemplate(
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
      `expected exp_dig and mant_dig 8, 24 or 11, 53, got ${exponent}, ${mantissa}`,
      span,
    );
  }
  const align = integerAttribute(given.get("align"), context);
  return {
    kind: "float",
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
  const value = String(attribute.value.value);
  if (/^(true|TRUE|1)$/.test(value)) return true;
  if (/^(false|FALSE|0)$/.test(value)) return false;
  throw fail(
    context,
    "TSDL_ATTRIBUTE",
    `expected true or false for ${attribute.name}, got ${value}`,
    attribute.span,
  );
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

function isTextEncoding(attribute: Attribute | undefined): boolean {
  return attribute !== undefined && /^(utf-?8|ascii)$/i.test(String(attribute.value.value));
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
  const match = /^clock\.(\w+)\.value$/.exec(String(value.value));
  if (match?.[1] !== undefined) return match[1];
  throw fail(
    context,
    "TSDL_ATTRIBUTE",
    `expected clock.NAME.value for map, got ${value.value}`,
    value.span,
  );
}

function alignment(align: bigint, span: Span, context: TypeContext): number {
  if (align >= 1n && align <= 1n << 20n && (align & (align - 1n)) === 0n) return Number(align);
  throw fail(
    context,
    "TSDL_ALIGN",
    `expected an alignment that is a power of two, got ${align}`,
    span,
  );
}

function fail(context: TypeContext, code: string, message: string, span: Span): MetadataError {
  return metadataError(context.source, code, message, span);
}
