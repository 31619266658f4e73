/**
 * Where a length or selector finds its field. TSDL: dotted names (CTF 1.8.3 §7.3.2, with babeltrace2's search through all
 * enclosing compounds). CTF 2: field locations (CTF2-SPEC-2.0 §5.3.2).
 */

import { type FieldBuilderContext, type Place, placeKey, stepInto } from "./field-context.ts";
import type { FieldReference, Template } from "./field-template.ts";
import { SCOPES, type Scope } from "./trace-class.ts";

export interface Target {
  readonly place: Place;
  readonly template: Template;
}

type Named = FieldReference & { kind: "name" };
type Located = FieldReference & { kind: "location" };

/**
 * The fields that a reference at a place may lead to: several, where it passes through the options of a variant.
 * @throws MetadataError if there is none, or if one of them does not come before the place
 */
export function lookUp(
  reference: FieldReference,
  what: "length" | "selector",
  place: Place,
  context: FieldBuilderContext,
): readonly Target[] {
  const targets =
    reference.kind === "name"
      ? byName(reference, place, context)
      : byLocation(reference, place, context);
  const [first] = targets;
  if (first === undefined) {
    throw context.fail(
      "METADATA_REFERENCE",
      `expected an earlier field named ${nameOf(reference)} for a length or tag, found none`,
      reference.span,
    );
  }
  for (const target of targets) {
    if (!isEarlier(target.place, place)) {
      throw context.fail(
        "METADATA_REFERENCE",
        `expected an earlier field as length or tag, but ${nameOf(reference)} comes later`,
        reference.span,
      );
    }
    // The last element's value counts as length in TSDL, as babeltrace2 has it.
    const mayRepeat = reference.kind === "name" && what === "length";
    const around = mayRepeat ? undefined : unshared(target.place, place, context);
    if (around !== undefined) {
      throw context.fail(
        "METADATA_REFERENCE",
        `expected a field that is there once as length or selector, but ${nameOf(reference)} lies in an ${around}`,
        reference.span,
      );
    }
  }
  return targets;
}

function nameOf(reference: FieldReference): string {
  if (reference.kind === "name") return reference.names.join(".");
  const path = reference.path.map((step) => step ?? "(parent)").join(".");
  return reference.origin === undefined ? path : `${reference.origin}: ${path}`;
}

const ABSOLUTE_PREFIXES: readonly (readonly [string, Scope])[] = [
  ["trace.packet.header.", "packet-header"],
  ["stream.packet.context.", "packet-context"],
  ["stream.event.header.", "event-header"],
  ["stream.event.context.", "common-context"],
  ["event.context.", "specific-context"],
  ["event.fields.", "payload"],
];

/** Whether names begin at a scope's root. */
export function isAbsolute(names: readonly string[]): boolean {
  const dotted = names.join(".");
  return ABSOLUTE_PREFIXES.some(([prefix]) => dotted.startsWith(prefix));
}

function byName({ names }: Named, place: Place, context: FieldBuilderContext): readonly Target[] {
  const dotted = names.join(".");
  for (const [prefix, scope] of ABSOLUTE_PREFIXES) {
    if (!dotted.startsWith(prefix)) continue;
    const template = context.roots[scope];
    if (template === undefined) return [];
    const found = follow(
      { place: { scope, path: [] }, template },
      dotted.slice(prefix.length).split("."),
    );
    return found === undefined ? [] : [found];
  }
  const chain = enclosing(place, context);
  for (let depth = chain.length - 2; depth >= 0; depth--) {
    const { template } = chain[depth]!;
    if (template.kind !== "structure" && template.kind !== "variant") continue;
    const found = follow(chain[depth]!, names, place.path[depth]);
    if (found !== undefined) return [found];
  }
  return [];
}

/** Follows names down from a compound, through arrays; the first must stand before member number `before`. */
function follow(from: Target, names: readonly string[], before?: number): Target | undefined {
  let target = from;
  for (const [depth, name] of names.entries()) {
    while (target.template.kind === "array") target = child(target, target.template.element, 0);
    const { template } = target;
    const children =
      template.kind === "structure"
        ? template.members
        : template.kind === "variant"
          ? template.options
          : [];
    const i = children.findIndex(({ rawName }) => rawName === name);
    if (i === -1 || (depth === 0 && before !== undefined && i >= before)) return undefined;
    target = child(target, children[i]!.template, i);
  }
  return target;
}

/** Where a path of a location has come to, with the structures around it, the innermost last. */
interface Reached extends Target {
  readonly around: readonly Target[];
}

/** Each step of a location goes to a member by its name, or with `null` back to the structure around. */
function byLocation(
  { origin, path }: Located,
  place: Place,
  context: FieldBuilderContext,
): readonly Target[] {
  let reached: readonly Reached[] = start(origin, place, context);
  for (const name of path) {
    const next = reached.flatMap((one) =>
      name === null ? parentOf(one) : members(one, name, place),
    );
    // Whatever the record holds, the path must lead somewhere.
    if (next.includes(undefined)) return [];
    reached = unique(next as readonly Reached[]);
  }
  return reached.flatMap((one) => entered(one, place));
}

function start(
  origin: Scope | undefined,
  place: Place,
  context: FieldBuilderContext,
): readonly Reached[] {
  if (origin !== undefined) {
    const template = context.roots[origin];
    return template === undefined
      ? []
      : [{ place: { scope: origin, path: [] }, template, around: [] }];
  }
  const structures = enclosing(place, context)
    .slice(0, -1)
    .filter(({ template }) => template.kind === "structure");
  const innermost = structures.pop();
  return innermost === undefined ? [] : [{ ...innermost, around: structures }];
}

function parentOf({ around }: Reached): readonly (Reached | undefined)[] {
  const parent = around.at(-1);
  return [parent && { ...parent, around: around.slice(0, -1) }];
}

/** The members of that name of a structure, or of all structures inside variants, optionals and arrays; `undefined` for none. */
function members(from: Reached, name: string, place: Place): readonly (Reached | undefined)[] {
  return entered(from, place).map((inner) => {
    if (inner.template.kind !== "structure") return undefined;
    const i = inner.template.members.findIndex(({ rawName }) => rawName === name);
    if (i === -1) return undefined;
    return {
      ...child(inner, inner.template.members[i]!.template, i),
      around: [...inner.around, inner],
    };
  });
}

/** What a target is once variants, optionals and arrays around it are passed. Of a variant around the place, only its own option. */
function entered(target: Reached, place: Place): readonly Reached[] {
  const { template, around } = target;
  const inside = (inner: Template, step: number): readonly Reached[] =>
    entered({ ...child(target, inner, step), around }, place);
  switch (template.kind) {
    case "array":
      return inside(template.element, 0);
    case "optional":
      return inside(template.template, 0);
    case "variant": {
      const own = stepOf(place, target.place);
      return template.options.flatMap((option, i) =>
        own === undefined || own === i ? inside(option.template, i) : [],
      );
    }
    default:
      return [target];
  }
}

/** The step by which a place goes on from one around it; `undefined` if it does not lie in it. */
function stepOf(place: Place, around: Place): number | undefined {
  const isAround =
    place.scope === around.scope && around.path.every((step, i) => step === place.path[i]);
  return isAround ? place.path[around.path.length] : undefined;
}

function unique(targets: readonly Reached[]): readonly Reached[] {
  return [...new Map(targets.map((target) => [placeKey(target.place), target])).values()];
}

function child(parent: Target, template: Template, step: number): Target {
  return { place: stepInto(parent.place, step), template };
}

/** The templates from the scope's root down to a place, the place's own last. */
function enclosing(place: Place, context: FieldBuilderContext): Target[] {
  const template = context.roots[place.scope];
  if (template === undefined) return [];
  const chain: Target[] = [{ place: { scope: place.scope, path: [] }, template }];
  for (const step of place.path) {
    const parent = chain.at(-1)!;
    chain.push(child(parent, childAt(parent.template, step), step));
  }
  return chain;
}

function childAt(template: Template, step: number): Template {
  switch (template.kind) {
    case "structure":
      return template.members[step]!.template;
    case "variant":
      return template.options[step]!.template;
    case "array":
      return template.element;
    case "optional":
      return template.template;
    default:
      throw new RangeError(`a ${template.kind} has no parts`);
  }
}

function isEarlier(target: Place, place: Place): boolean {
  if (target.scope !== place.scope)
    return SCOPES.indexOf(target.scope) < SCOPES.indexOf(place.scope);
  for (const [depth, step] of target.path.entries()) {
    const own = place.path[depth];
    if (own === undefined) return false;
    if (step !== own) return step < own;
  }
  return false;
}

/** An array or optional that the target lies in and the place does not: then the target is there many times, or not at all. */
function unshared(
  target: Place,
  place: Place,
  context: FieldBuilderContext,
): "array" | "optional" | undefined {
  let isShared = target.scope === place.scope;
  for (const [depth, { template }] of enclosing(target, context).slice(0, -1).entries()) {
    const { kind } = template;
    if (!isShared && (kind === "array" || kind === "optional")) return kind;
    isShared &&= target.path[depth] === place.path[depth];
  }
  return undefined;
}
