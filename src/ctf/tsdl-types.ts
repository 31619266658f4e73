/** TSDL type nodes → field templates: looks up aliases in their lexical scopes and checks attributes (CTF 1.8.3 §4, §7.3). */

import { nearestName, type Span } from "../base/text.ts";
import { isAbsolute } from "./field-lookup.ts";
import {
  compound,
  type FieldReference,
  shapeProblem,
  type Template,
  type TemplateMember,
} from "./field-template.ts";
import { MappingsBuilder } from "./mappings.ts";
import type { Mappings } from "./trace-class.ts";
import type { AliasNode, BodyNode, Declarator, Enumerator, TypeNode } from "./tsdl-ast.ts";
import {
  alignment,
  fail,
  floatTemplate,
  integerTemplate,
  stringTemplate,
  type TypeContext,
} from "./tsdl-attributes.ts";

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
      return stringTemplate(node.attributes, context);
    case "alias":
      return usable(lookUp(node.name, node.span, scope, context), node.span, context);
    case "struct":
      return structTemplate(node, scope, context);
    case "variant":
      return variantTemplate(node, scope, context);
    case "enum":
      return enumTemplate(node, scope, context);
  }
}

/** The tag of a variant that is declared apart says nothing where it is used, unless it is named from a scope's root on. */
function usable(template: Template, span: Span, context: TypeContext): Template {
  const selector = template.kind === "variant" ? template.selector : undefined;
  if (selector?.kind !== "name" || isAbsolute(selector.names)) return template;
  throw fail(
    context,
    "TSDL_TAG",
    `expected the tag where the variant is used, got ${selector.names.join(".")} where it is declared`,
    span,
  );
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
  const template = compound({ kind: "structure", minimumAlign, members });
  checkShape(template, node.span, context);
  if (node.name !== undefined) declare(`struct ${node.name}`, template, node.span, scope, context);
  return template;
}

function variantTemplate(
  node: TypeNode & { kind: "variant" },
  scope: TypeScope,
  context: TypeContext,
): Template {
  const selector: FieldReference | undefined =
    node.tag === undefined ? undefined : { kind: "name", names: node.tag, span: node.span };
  if (node.body === undefined) {
    const named = lookUp(`variant ${node.name}`, node.span, scope, context);
    if (selector === undefined) return usable(named, node.span, context);
    return named.kind === "variant" ? { ...named, selector } : named;
  }
  const options = bodyMembers(node.body, scope, context).map((member) => ({
    ...member,
    ranges: undefined,
  }));
  const template = compound({ kind: "variant", selector, options, span: node.span });
  checkShape(template, node.span, context);
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
      members.push({ rawName: name, name: displayName(name), template });
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
    template = compound({
      kind: "array",
      minimumAlign: 1,
      length: arrayLength(length, span, context),
      element: template,
    });
    checkShape(template, span, context);
  }
  return template;
}

/** Names lose exactly one leading underscore for people (babeltrace2 does the same). */
function displayName(rawName: string): string {
  return rawName.startsWith("_") ? rawName.slice(1) : rawName;
}

/** Aliases of aliases can stand for any number of fields: more than a record could hold are refused before they are made. */
function checkShape(template: Template, span: Span, context: TypeContext): void {
  const problem = shapeProblem(template);
  if (problem !== undefined) throw fail(context, "METADATA_NESTING", problem, span);
}

function arrayLength(
  length: bigint | readonly string[],
  span: Span,
  context: TypeContext,
): number | FieldReference {
  let count: string | bigint | undefined;
  if (typeof length === "bigint") count = length;
  else if (length[0] === "env") count = environmentEntry(length.slice(1).join("."), span, context);
  else return { kind: "name", names: length, span };
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

function environmentEntry(name: string, span: Span, context: TypeContext): string | bigint {
  const value = context.environment.get(name);
  if (value !== undefined) return value;
  const problem = `expected an entry of the environment, got env.${name}`;
  throw fail(context, "TSDL_UNKNOWN_ENVIRONMENT", problem, span);
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
  if (base.kind !== "integer" || base.mappings !== undefined) {
    const got = base.kind === "integer" ? "an enumeration" : `a ${base.kind}`;
    throw fail(
      context,
      "TSDL_ENUM_BASE",
      `expected an integer below the enumeration, got ${got}`,
      node.span,
    );
  }
  const mappings = enumMappings(node.enumerators, base.signed, context);
  const template: Template = { ...base, mappings };
  if (node.name !== undefined) declare(`enum ${node.name}`, template, node.span, scope, context);
  return template;
}

/**
 * Values without `=` follow the end of the one before; repeated labels gather their ranges. A negative value of an unsigned
 * integer is what its 64 bits stand for without a sign, as babeltrace2 has it.
 */
function enumMappings(
  enumerators: Iterable<Enumerator>,
  signed: boolean,
  context: TypeContext,
): Mappings {
  const mappings = new MappingsBuilder(signed);
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
    if (!signed && low < 0n && high >= 0n)
      throw fail(
        context,
        "TSDL_ENUM_RANGE",
        `expected a range of an unsigned integer, got ${low} ... ${high}`,
        span,
      );
    if (signed) mappings.add(label, low, high);
    else mappings.add(label, unsigned(low), unsigned(high));
    next = high + 1n;
  }
  return mappings.finish();
}

function unsigned(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}
