/**
 * Where a length or selector finds its field. TSDL: dotted names (CTF 1.8.3 §7.3.2, with babeltrace2's search through all
 * enclosing compounds). CTF 2: field locations (CTF2-SPEC-2.0 §5.3.2).
 */

import type { FieldBuilderContext } from "./field-builder.ts";
import type { FieldReference, Template } from "./field-template.ts";
import { SCOPES, type Scope } from "./trace-class.ts";

/** A template's place: from the scope's root, member and option numbers, and 0 into an array's element or an optional. */
export interface Place {
  readonly scope: Scope;
  readonly path: readonly number[];
}

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
    // In TSDL the last element's value counts, as babeltrace2 has it.
    const around = reference.kind === "name" ? undefined : unshared(target.place, place, context);
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

export function stepInto(place: Place, step: number): Place {
  return { scope: place.scope, path: [...place.path, step] };
}

export function placeKey(place: Place): string {
  return `${place.scope}/${place.path.join(".")}`;
}

const ABSOLUTE_PREFIXES: readonly (readonly [string, Scope])[] = [
  ["trace.packet.header.", "packet-header"],
  ["stream.packet.context.", "packet-context"],
  ["stream.event.header.", "event-header"],
  ["stream.event.context.", "common-context"],
  ["event.context.", "specific-context"],
  ["event.fields.", "payload"],
];

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

function byLocation(
  { origin, path }: Located,
  place: Place,
  context: FieldBuilderContext,
): readonly Target[] {
  let names = path;
  let from: Target | undefined;
  if (origin !== undefined) {
    const template = context.roots[origin];
    from = template && { place: { scope: origin, path: [] }, template };
  } else {
    const structures = enclosing(place, context)
      .slice(0, -1)
      .filter(({ template }) => template.kind === "structure");
    const parents = path.findIndex((step) => step !== null);
    names = path.slice(parents);
    from = structures[structures.length - 1 - parents];
  }
  let targets = from === undefined ? [] : [from];
  for (const name of names) targets = targets.flatMap((target) => membersNamed(target, name));
  return targets.flatMap(entered);
}

/** The members of that name of a structure, or of the structures inside variants, optionals and arrays. */
function membersNamed(target: Target, name: string | null): Target[] {
  return entered(target).flatMap((inner) => {
    if (inner.template.kind !== "structure") return [];
    const i = inner.template.members.findIndex(({ rawName }) => rawName === name);
    return i === -1 ? [] : [child(inner, inner.template.members[i]!.template, i)];
  });
}

/** What a target is once variants, optionals and arrays around it are passed. */
function entered(target: Target): Target[] {
  const { template } = target;
  switch (template.kind) {
    case "array":
      return entered(child(target, template.element, 0));
    case "optional":
      return entered(child(target, template.template, 0));
    case "variant":
      return template.options.flatMap((option, i) => entered(child(target, option.template, i)));
    default:
      return [target];
  }
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
