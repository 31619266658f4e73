/**
 * Slots: where the decoder keeps the values that later lengths and selectors need. A reference is looked up, what it leads to is
 * checked, and all fields to which it may lead get one slot.
 */

import type { Span } from "../base/text.ts";
import { type FieldBuilderContext, type Place, placeKey } from "./field-context.ts";
import { lookUp, type Target } from "./field-lookup.ts";
import type {
  FieldReference,
  IntegerTemplate,
  OptionalTemplate,
  Template,
  VariantTemplate,
} from "./field-template.ts";
import { eachMapping } from "./mappings.ts";
import { rangeProblem } from "./ranges.ts";
import type { Range } from "./trace-class.ts";

interface Selector {
  readonly slot: number;
  /** All of them fit, and are signed alike. */
  readonly target: IntegerTemplate;
}

export function lengthSlot(
  reference: FieldReference,
  place: Place,
  context: FieldBuilderContext,
): number {
  const misfit = (target: IntegerTemplate): string | undefined => {
    if (target.form !== "number") return describe(target);
    return target.signed ? "a signed one" : undefined;
  };
  const { span } = reference;
  const expected = "an unsigned integer as length";
  return slotOf(reference, place, context, { what: "length", expected, span, misfit }).slot;
}

export function variantSelector(
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
  const rangesOf = (label: string): readonly Range[] => {
    for (const mapping of eachMapping(mappings)) if (mapping.label === label) return mapping.ranges;
    return [];
  };
  return { ...found, rangesOf };
}

export function optionalSelector(
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
