/**
 * Field templates → field classes: gives a slot to each field that a length or selector reads, and settles roles.
 * Where those fields are found: `field-lookup.ts`.
 */

import type { Span } from "../base/text.ts";
import { lookUp, type Place, placeKey, stepInto, type Target } from "./field-lookup.ts";
import type {
  FieldReference,
  IntegerTemplate,
  OptionalTemplate,
  StructureTemplate,
  Template,
  VariantTemplate,
} from "./field-template.ts";
import { rangeProblem } from "./ranges.ts";
import { integerRoles } from "./reserved-names.ts";
import type {
  FieldClass,
  IntegerClass,
  Length,
  Option,
  Range,
  Role,
  Scope,
  StructureClass,
} from "./trace-class.ts";

/** Root templates of the scopes that one event class sees; stream-level work leaves the last two out. */
export type ScopeTemplates = Partial<Record<Scope, StructureTemplate | undefined>>;

/** Where values that a later length or selector needs are kept. One table per trace, stream class or event class. */
export type SlotTable = Map<string, number>;

export interface SlotTables {
  /** The table that owns a scope's slots. */
  of(scope: Scope): SlotTable;
  /** A slot number not used before in this trace. */
  fresh(): number;
}

export interface FieldBuilderContext {
  readonly roots: ScopeTemplates;
  readonly slots: SlotTables;
  /** The clock of timestamps that name none: the stream's, or the trace's only one. */
  readonly clock: string | undefined;
  readonly fail: (code: string, message: string, span: { start: number; end: number }) => Error;
}

/** Gives slots to the fields that the lengths and selectors of a scope refer to. Run before any `instantiate`. */
export function assignSlots(scope: Scope, context: FieldBuilderContext): void {
  const root = context.roots[scope];
  if (root !== undefined) visit(root, { scope, path: [] }, context);
}

/** The structure class of a scope, with the slots given so far. */
export function instantiate(
  scope: Scope,
  context: FieldBuilderContext,
): StructureClass | undefined {
  const root = context.roots[scope];
  return root === undefined ? undefined : structure(root, { scope, path: [] }, context);
}

function visit(template: Template, place: Place, context: FieldBuilderContext): void {
  switch (template.kind) {
    case "text":
    case "blob":
      if (typeof template.length !== "number") lengthSlot(template.length, place, context);
      break;
    case "array":
      if (typeof template.length !== "number") lengthSlot(template.length, place, context);
      visit(template.element, stepInto(place, 0), context);
      break;
    case "structure":
      template.members.forEach((member, i) => {
        if (!isLeaf(member.template)) visit(member.template, stepInto(place, i), context);
      });
      break;
    case "variant":
      variantSelector(template, place, context);
      template.options.forEach((option, i) => {
        visit(option.template, stepInto(place, i), context);
      });
      break;
    case "optional":
      optionalSelector(template, place, context);
      visit(template.template, stepInto(place, 0), context);
      break;
    default:
      break;
  }
}

/** Fields that refer to no other. */
function isLeaf({ kind }: Template): boolean {
  return kind === "integer" || kind === "float" || kind === "string";
}

/** Most fields of most events: integers that mean nothing to the reader, whatever their place. */
function isPlain(
  template: Template,
  scope: Scope,
  context: FieldBuilderContext,
): template is IntegerTemplate {
  return (
    template.kind === "integer" &&
    template.clock === undefined &&
    (scope === "payload" || scope === "specific-context") &&
    context.slots.of(scope).size === 0
  );
}

function instantiateField(
  template: Template,
  place: Place,
  rawName: string,
  context: FieldBuilderContext,
): FieldClass {
  switch (template.kind) {
    case "integer": {
      const roles = template.roles ?? integerRoles(place, rawName, template);
      const slot = context.slots.of(place.scope).get(placeKey(place));
      const isClock = updatesClock(template.clock, roles, place.scope, context);
      if (roles.length === 0 && slot === undefined && !isClock) return plainInteger(template);
      return integerClass(template, roles, isClock, slot);
    }
    case "float":
      return template;
    case "string":
      return { kind: "string", align: 8, encoding: template.encoding };
    case "text": {
      const length = lengthOf(template.length, place, context);
      return { kind: "text", align: 8, length, encoding: template.encoding };
    }
    case "blob": {
      const { mediaType, roles } = template;
      const length = lengthOf(template.length, place, context);
      return { kind: "blob", align: 8, length, mediaType, roles };
    }
    case "array": {
      const length = lengthOf(template.length, place, context);
      const { element } = template;
      if (element.kind === "integer" && element.isText && element.align === 8) {
        return { kind: "text", align: 8, length, encoding: "utf-8" };
      }
      return {
        kind: "array",
        align: template.shape.align,
        length,
        element: instantiateField(element, stepInto(place, 0), rawName, context),
      };
    }
    case "structure":
      return structure(template, place, context);
    case "variant": {
      const { slot, target, rangesOf } = variantSelector(template, place, context);
      const options = template.options.map(
        (option, i): Option => ({
          name: option.name,
          ranges: option.ranges ?? rangesOf(option.rawName),
          fieldClass: instantiateField(
            option.template,
            stepInto(place, i),
            option.rawName,
            context,
          ),
        }),
      );
      return {
        kind: "variant",
        align: 1,
        selectorSlot: slot,
        selectorSigned: target.signed,
        options,
      };
    }
    case "optional": {
      const { slot, target } = optionalSelector(template, place, context);
      const inner = stepInto(place, 0);
      return {
        kind: "optional",
        align: 1,
        selectorSlot: slot,
        selectorSigned: target.signed,
        ranges: template.ranges ?? NOT_ZERO,
        fieldClass: instantiateField(template.template, inner, rawName, context),
      };
    }
  }
}

const NOT_ZERO: readonly Range[] = [{ low: 1n, high: (1n << 64n) - 1n }];

/** Most fields of equal templates mean nothing in particular: they share one class. */
const plainIntegers = new WeakMap<IntegerTemplate, IntegerClass>();

function plainInteger(template: IntegerTemplate): IntegerClass {
  let fieldClass = plainIntegers.get(template);
  if (fieldClass === undefined) {
    fieldClass = integerClass(template, NO_ROLES, false, undefined);
    plainIntegers.set(template, fieldClass);
  }
  return fieldClass;
}

const NO_ROLES: readonly Role[] = [];

function integerClass(
  template: IntegerTemplate,
  roles: readonly Role[],
  isClock: boolean,
  slot: number | undefined,
): IntegerClass {
  const { coding, form, size, align, signed, byteOrder, base, mappings } = template;
  return {
    kind: "integer",
    coding,
    form,
    size,
    align,
    signed,
    byteOrder,
    base,
    mappings,
    roles,
    isClock,
    slot,
  };
}

function structure(
  template: StructureTemplate,
  place: Place,
  context: FieldBuilderContext,
): StructureClass {
  return {
    kind: "structure",
    align: template.shape.align,
    members: template.members.map(({ rawName, name, template: member }, i) => ({
      name,
      fieldClass: isPlain(member, place.scope, context)
        ? plainInteger(member)
        : instantiateField(member, stepInto(place, i), rawName, context),
    })),
  };
}

function lengthOf(
  length: number | FieldReference,
  place: Place,
  context: FieldBuilderContext,
): Length {
  if (typeof length === "number") return { kind: "static", count: length };
  return { kind: "dynamic", slot: lengthSlot(length, place, context) };
}

interface Selector {
  readonly slot: number;
  /** All of them fit, and are signed alike. */
  readonly target: IntegerTemplate;
}

function lengthSlot(reference: FieldReference, place: Place, context: FieldBuilderContext): number {
  const misfit = (target: IntegerTemplate): string | undefined => {
    if (target.form !== "number") return describe(target);
    return target.signed ? "a signed one" : undefined;
  };
  const { span } = reference;
  const expected = "an unsigned integer as length";
  return slotOf(reference, place, context, { what: "length", expected, span, misfit }).slot;
}

function variantSelector(
  template: VariantTemplate,
  place: Place,
  context: FieldBuilderContext,
): Selector & { rangesOf(label: string): readonly Range[] } {
  const { selector, span } = template;
  if (selector === undefined) {
    throw context.fail(
      "TSDL_NO_TAG",
      "expected a tag (variant <tag>) where the variant is used",
      span,
    );
  }
  const needsLabels = template.options.some(({ ranges }) => ranges === undefined);
  const found = slotOf(selector, place, context, {
    what: "selector",
    expected: needsLabels ? "an enumeration as tag" : "an integer as selector",
    span,
    misfit: (target) => {
      const fits = target.form === "number" && !(needsLabels && target.mappings === undefined);
      return fits ? undefined : describe(target);
    },
  });
  const { mappings, signed } = found.target;
  for (const { ranges, rangesSpan } of template.options)
    checkRanges(ranges, signed, rangesSpan ?? span, context);
  const rangesOf = (label: string): readonly Range[] =>
    mappings?.find((mapping) => mapping.label === label)?.ranges ?? [];
  return { ...found, rangesOf };
}

function optionalSelector(
  { selector, ranges, span, rangesSpan }: OptionalTemplate,
  place: Place,
  context: FieldBuilderContext,
): Selector {
  const form = ranges === undefined ? "boolean" : "number";
  const found = slotOf(selector, place, context, {
    what: "selector",
    expected:
      ranges === undefined
        ? "a boolean as selector, since there are no selector-field-ranges"
        : "an integer as selector, since there are selector-field-ranges",
    span,
    misfit: (target) => (target.form === form ? undefined : describe(target)),
  });
  checkRanges(ranges, found.target.signed, rangesSpan ?? span, context);
  return found;
}

function checkRanges(
  ranges: readonly Range[] | undefined,
  signed: boolean,
  span: Span,
  context: FieldBuilderContext,
): void {
  const problem = ranges && rangeProblem(ranges, signed);
  if (problem !== undefined) throw context.fail("CTF2_RANGE", problem, span);
}

/** What a reference must lead to. */
interface Wanted {
  readonly what: "length" | "selector";
  readonly expected: string;
  readonly span: Span;
  /** What a field is instead; `undefined` if it fits. */
  readonly misfit: (target: IntegerTemplate) => string | undefined;
}

/** The slot that all fields share to which a reference may lead: of several, a record has one. */
function slotOf(
  reference: FieldReference,
  place: Place,
  context: FieldBuilderContext,
  { what, expected, span, misfit }: Wanted,
): Selector {
  const targets = lookUp(reference, what, place, context);
  const integers = targets.map((target) => integerOf(target, reference, context));
  const [first] = integers;
  for (const target of integers) {
    const isMixed = target.signed !== first!.signed;
    const got = misfit(target) ?? (isMixed ? "several of which some are signed" : undefined);
    if (got !== undefined)
      throw context.fail("METADATA_REFERENCE", `expected ${expected}, got ${got}`, span);
  }
  const slots = new Set<number>();
  for (const { place: found } of targets) {
    const slot = context.slots.of(found.scope).get(placeKey(found));
    if (slot !== undefined) slots.add(slot);
  }
  if (slots.size > 1) {
    throw context.fail(
      "METADATA_REFERENCE",
      "expected one length or selector, got several fields that others refer to one by one",
      reference.span,
    );
  }
  const slot = slots.values().next().value ?? context.slots.fresh();
  for (const { place: found } of targets) context.slots.of(found.scope).set(placeKey(found), slot);
  // `lookUp` finds at least one.
  return { slot, target: first! };
}

function integerOf(
  { template }: Target,
  reference: FieldReference,
  context: FieldBuilderContext,
): IntegerTemplate {
  if (template.kind === "integer") return template;
  throw context.fail(
    "METADATA_REFERENCE",
    `expected an integer as length or selector, got ${describe(template)}`,
    reference.span,
  );
}

/** The packet's end lies in the future, so it never moves the running clock. */
function updatesClock(
  clock: string | undefined,
  roles: readonly Role[],
  scope: Scope,
  context: FieldBuilderContext,
): boolean {
  if (roles.includes("packet-end-default-clock-timestamp")) return false;
  if (clock !== undefined) return true;
  if (!roles.includes("default-clock-timestamp") || context.clock === undefined) return false;
  return scope === "event-header" || scope === "packet-context";
}

function describe(template: Template): string {
  switch (template.kind) {
    case "integer":
      if (template.form !== "number") return `a ${template.form.replace("-", " ")}`;
      return template.mappings === undefined ? "an integer" : "an enumeration";
    case "array":
    case "optional":
      return `an ${template.kind}`;
    default:
      return `a ${template.kind}`;
  }
}
