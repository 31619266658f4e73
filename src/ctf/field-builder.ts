/**
 * Field templates → field classes: gives a slot to each field that a length or selector reads, and settles roles.
 * Where those fields are found: `field-lookup.ts`.
 */

import { type FieldBuilderContext, type Place, placeKey, stepInto } from "./field-context.ts";
import { lengthSlot, optionalSelector, variantSelector } from "./field-slots.ts";
import type {
  FieldReference,
  IntegerTemplate,
  StructureTemplate,
  Template,
} from "./field-template.ts";
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
