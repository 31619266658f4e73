/**
 * Field templates → field classes: finds the field that holds each length and selector, gives it a slot, and settles
 * roles and names. Lookup rules: CTF 1.8.3 §7.3.2, with babeltrace2's search through all enclosing compounds.
 */

import {
  type FieldPath,
  type IntegerTemplate,
  type StructureTemplate,
  type Template,
  type TemplateMember,
  templateAlign,
} from "./field-template.ts";
import type {
  FieldClass,
  IntegerClass,
  Length,
  Option,
  Role,
  Scope,
  StructureClass,
} from "./trace-class.ts";
import { SCOPES } from "./trace-class.ts";

/** Root templates of the scopes that one event class sees; stream-level work leaves the last two out. */
export type ScopeTemplates = Partial<Record<Scope, StructureTemplate | undefined>>;

/** Step into an array's element; other steps are member and option numbers. */
const ELEMENT = -1;

interface Place {
  readonly scope: Scope;
  readonly path: readonly number[];
}

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
  /** The trace's only clock, if it has exactly one: unmapped timestamps belong to it. */
  readonly onlyClock: string | undefined;
  readonly fail: (code: string, message: string, span: { start: number; end: number }) => Error;
}

const ABSOLUTE_PREFIXES: readonly (readonly [string, Scope])[] = [
  ["trace.packet.header.", "packet-header"],
  ["stream.packet.context.", "packet-context"],
  ["stream.event.header.", "event-header"],
  ["stream.event.context.", "common-context"],
  ["event.context.", "specific-context"],
  ["event.fields.", "payload"],
];

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
    case "array":
      if (typeof template.length !== "number") slotOf(template.length, place, context);
      visit(template.element, inside(place, ELEMENT), context);
      break;
    case "structure":
      template.members.forEach((member, i) => {
        visit(member.template, inside(place, i), context);
      });
      break;
    case "variant":
      if (template.selector === undefined) {
        throw context.fail(
          "TSDL_NO_TAG",
          "expected a tag (variant <tag>) where the variant is used",
          template.span,
        );
      }
      slotOf(template.selector, place, context);
      template.options.forEach((option, i) => {
        visit(option.template, inside(place, i), context);
      });
      break;
    default:
      break;
  }
}

function inside(place: Place, step: number): Place {
  return { scope: place.scope, path: [...place.path, step] };
}

function instantiateField(
  template: Template,
  place: Place,
  rawName: string,
  context: FieldBuilderContext,
): FieldClass {
  switch (template.kind) {
    case "integer": {
      const role = integerRole(place, rawName);
      const slot = context.slots.of(place.scope).get(placeKey(place));
      const isClock = updatesClock(template.clock, role, context);
      if (role === undefined && slot === undefined && !isClock) return plainInteger(template);
      return integerClass(template, role, isClock, slot);
    }
    case "float":
      return template;
    case "string":
      return { kind: "string", align: 8 };
    case "array": {
      const length: Length =
        typeof template.length === "number"
          ? { kind: "static", count: template.length }
          : { kind: "dynamic", slot: slotOf(template.length, place, context).slot };
      const { element } = template;
      if (element.kind === "integer" && element.isText && element.align === 8) {
        return { kind: "text", align: 8, length };
      }
      const align = templateAlign(element);
      return {
        kind: "array",
        align,
        length,
        element: instantiateField(element, inside(place, ELEMENT), rawName, context),
      };
    }
    case "structure":
      return structure(template, place, context);
    case "variant": {
      // `visit` has refused variants without a tag.
      const { slot, target } = slotOf(template.selector!, place, context);
      if (target.kind !== "integer" || target.mappings === undefined) {
        throw context.fail(
          "TSDL_TAG_TYPE",
          `expected an enumeration as tag, got ${describe(target)}`,
          template.span,
        );
      }
      const { mappings } = target;
      const options = template.options.map(
        (option, i): Option => ({
          name: displayName(option.rawName),
          ranges: mappings.find((mapping) => mapping.label === option.rawName)?.ranges ?? [],
          fieldClass: instantiateField(option.template, inside(place, i), option.rawName, context),
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
  }
}

/** Most fields of equal templates mean nothing in particular: they share one class. */
const plainIntegers = new WeakMap<IntegerTemplate, IntegerClass>();

function plainInteger(template: IntegerTemplate): IntegerClass {
  let fieldClass = plainIntegers.get(template);
  if (fieldClass === undefined) {
    fieldClass = integerClass(template, undefined, false, undefined);
    plainIntegers.set(template, fieldClass);
  }
  return fieldClass;
}

function integerClass(
  template: IntegerTemplate,
  role: Role | undefined,
  isClock: boolean,
  slot: number | undefined,
): IntegerClass {
  const { size, align, signed, byteOrder, base, mappings } = template;
  return { kind: "integer", size, align, signed, byteOrder, base, mappings, role, isClock, slot };
}

function structure(
  template: StructureTemplate,
  place: Place,
  context: FieldBuilderContext,
): StructureClass {
  return {
    kind: "structure",
    align: templateAlign(template),
    members: template.members.map(({ rawName, template: member }, i) => ({
      name: displayName(rawName),
      fieldClass: instantiateField(member, inside(place, i), rawName, context),
    })),
  };
}

/** CTF 1.8 names lose exactly one leading underscore for people (babeltrace2 does the same). */
function displayName(rawName: string): string {
  return rawName.startsWith("_") ? rawName.slice(1) : rawName;
}

function slotOf(
  reference: FieldPath,
  place: Place,
  context: FieldBuilderContext,
): { slot: number; target: Template } {
  const found = locate(reference, place, context);
  if (found === undefined) {
    throw context.fail(
      "TSDL_REFERENCE",
      `expected an earlier field named ${reference.names.join(".")} for a length or tag, found none`,
      reference.span,
    );
  }
  const { target } = found;
  if (target.kind !== "integer") {
    throw context.fail(
      "TSDL_REFERENCE",
      `expected an integer as length or tag, got ${describe(target)}`,
      reference.span,
    );
  }
  const table = context.slots.of(found.place.scope);
  const key = placeKey(found.place);
  let slot = table.get(key);
  if (slot === undefined) {
    slot = context.slots.fresh();
    table.set(key, slot);
  }
  return { slot, target };
}

function locate(
  reference: FieldPath,
  place: Place,
  context: FieldBuilderContext,
): { place: Place; target: Template } | undefined {
  const dotted = reference.names.join(".");
  for (const [prefix, scope] of ABSOLUTE_PREFIXES) {
    if (!dotted.startsWith(prefix)) continue;
    const root = context.roots[scope];
    const isEarlier = SCOPES.indexOf(scope) <= SCOPES.indexOf(place.scope);
    if (root === undefined || !isEarlier) return undefined;
    return follow(root, { scope, path: [] }, dotted.slice(prefix.length).split("."), undefined);
  }
  const root = context.roots[place.scope];
  if (root === undefined) return undefined;
  for (let depth = place.path.length - 1; depth >= 0; depth--) {
    const compound = descend(root, place.path.slice(0, depth));
    if (compound.kind !== "structure" && compound.kind !== "variant") continue;
    const enclosing: Place = { scope: place.scope, path: place.path.slice(0, depth) };
    const found = follow(compound, enclosing, reference.names, place.path[depth]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Follows names down from a compound; the first must stand before member number `before`. */
function follow(
  from: Template,
  place: Place,
  names: readonly string[],
  before: number | undefined,
): { place: Place; target: Template } | undefined {
  let target = from;
  let path = place.path;
  for (const [depth, name] of names.entries()) {
    while (target.kind === "array") {
      target = target.element;
      path = [...path, ELEMENT];
    }
    const i = childrenOf(target).findIndex((child) => child.rawName === name);
    if (i === -1 || (depth === 0 && before !== undefined && i >= before)) return undefined;
    target = childrenOf(target)[i]!.template;
    path = [...path, i];
  }
  return { place: { scope: place.scope, path }, target };
}

function descend(root: Template, path: readonly number[]): Template {
  let template = root;
  for (const step of path) {
    if (template.kind === "array") template = template.element;
    else template = childrenOf(template)[step]!.template;
  }
  return template;
}

function childrenOf(template: Template): readonly TemplateMember[] {
  if (template.kind === "structure") return template.members;
  return template.kind === "variant" ? template.options : [];
}

function placeKey(place: Place): string {
  return `${place.scope}/${place.path.join(".")}`;
}

const PACKET_HEADER_ROLES: Readonly<Record<string, Role>> = {
  magic: "packet-magic-number",
  stream_id: "data-stream-class-id",
  stream_instance_id: "data-stream-id",
};
const PACKET_CONTEXT_ROLES: Readonly<Record<string, Role>> = {
  timestamp_begin: "default-clock-timestamp",
  timestamp_end: "packet-end-default-clock-timestamp",
  content_size: "packet-content-length",
  packet_size: "packet-total-length",
  packet_seq_num: "packet-sequence-number",
  events_discarded: "discarded-event-record-counter-snapshot",
  cpu_id: "cpu-id",
};

/** Reserved names: top level of packet header and context; `id` at any depth of the event header. */
function integerRole(place: Place, rawName: string): Role | undefined {
  const isTop = place.path.length === 1;
  switch (place.scope) {
    case "packet-header":
      return isTop ? PACKET_HEADER_ROLES[rawName] : undefined;
    case "packet-context":
      return isTop ? PACKET_CONTEXT_ROLES[rawName] : undefined;
    case "event-header":
      if (rawName === "id") return "event-record-class-id";
      return rawName === "timestamp" ? "default-clock-timestamp" : undefined;
    default:
      return undefined;
  }
}

/** The packet's end lies in the future, so it never moves the running clock. */
function updatesClock(
  clock: string | undefined,
  role: Role | undefined,
  context: FieldBuilderContext,
): boolean {
  if (role === "packet-end-default-clock-timestamp") return false;
  if (clock !== undefined) return true;
  return role === "default-clock-timestamp" && context.onlyClock !== undefined;
}

function describe(template: Template): string {
  if (template.kind === "integer")
    return template.mappings === undefined ? "an integer" : "an enumeration";
  return template.kind === "array" ? "an array" : `a ${template.kind}`;
}
