import type { Span } from "../base/text.ts";
import type {
  ByteOrder,
  Coding,
  IntegerForm,
  Mappings,
  Range,
  Role,
  Scope,
  TextEncoding,
} from "./trace-class.ts";

/**
 * Field classes before lengths and selectors are located. A template may stand in several places (an alias), so what
 * depends on the place (slot, role, resolved length) is added only when it is instantiated there.
 */
export type Template =
  | IntegerTemplate
  | {
      readonly kind: "float";
      readonly coding: "plain" | "reversed";
      readonly size: 32 | 64;
      readonly align: number;
      readonly byteOrder: ByteOrder;
    }
  | { readonly kind: "string"; readonly encoding: TextEncoding }
  | {
      readonly kind: "text";
      readonly length: number | FieldReference;
      readonly encoding: TextEncoding;
    }
  | {
      readonly kind: "blob";
      readonly length: number | FieldReference;
      readonly mediaType: string;
      readonly roles: readonly Role[];
    }
  | ArrayTemplate
  | StructureTemplate
  | VariantTemplate
  | OptionalTemplate;

export interface IntegerTemplate {
  readonly kind: "integer";
  readonly coding: Coding;
  readonly form: IntegerForm;
  readonly size: number;
  readonly align: number;
  readonly signed: boolean;
  readonly byteOrder: ByteOrder;
  readonly base: 2 | 8 | 10 | 16;
  readonly isText: boolean;
  readonly mappings: Mappings | undefined;
  /** Clock that the value updates. */
  readonly clock: string | undefined;
  /** `undefined` where the field's name gives them (TSDL). */
  readonly roles: readonly Role[] | undefined;
}

export interface ArrayTemplate {
  readonly kind: "array";
  readonly shape: TemplateShape;
  readonly minimumAlign: number;
  readonly length: number | FieldReference;
  readonly element: Template;
}

export interface StructureTemplate {
  readonly kind: "structure";
  readonly shape: TemplateShape;
  readonly minimumAlign: number;
  readonly members: readonly TemplateMember[];
}

export interface VariantTemplate {
  readonly kind: "variant";
  readonly shape: TemplateShape;
  readonly selector: FieldReference | undefined;
  readonly options: readonly TemplateOption[];
  readonly span: Span;
}

export interface OptionalTemplate {
  readonly kind: "optional";
  readonly shape: TemplateShape;
  readonly selector: FieldReference;
  /** `undefined`: the selector is a boolean. */
  readonly ranges: readonly Range[] | undefined;
  readonly template: Template;
  readonly span: Span;
  /** Where the ranges are written. */
  readonly rangesSpan: Span | undefined;
}

export interface TemplateMember {
  /** As in the metadata: lengths and selectors are looked up by it. */
  readonly rawName: string;
  /** For people: in TSDL without the one leading underscore. */
  readonly name: string;
  readonly template: Template;
}

export interface TemplateOption extends TemplateMember {
  /** `undefined` where the selector's labels give them (TSDL). */
  readonly ranges: readonly Range[] | undefined;
  /** Where the ranges are written. */
  readonly rangesSpan?: Span;
}

/** Where a length or selector field is to be found, and where that is written. */
export type FieldReference =
  /** TSDL: a dotted name, looked for from the inside out. */
  | { readonly kind: "name"; readonly names: readonly string[]; readonly span: Span }
  /** CTF 2: from a scope's root, or from the enclosing structure; `null` goes back to the structure around. */
  | {
      readonly kind: "location";
      readonly origin: Scope | undefined;
      readonly path: readonly (string | null)[];
      readonly span: Span;
    };

/** What a template measures. */
export interface TemplateShape {
  /** Alignment in bits; variants and optionals align to nothing by themselves. */
  readonly align: number;
  /** Fields in it, itself included: an alias used twice counts twice. */
  readonly fields: number;
  /** Levels of nesting. */
  readonly depth: number;
  /** Whether an integer in it updates a clock. */
  readonly updatesClock: boolean;
}

/** Beyond these, decoding would exhaust the call stack or the memory. */
const MAX_DEPTH = 500;
const MAX_FIELDS = 100_000;

/** What is wrong with a template's size, if anything. */
export function shapeProblem(template: Template): string | undefined {
  const { depth = 1, fields = 1 } = shapeOf(template) ?? {};
  if (depth > MAX_DEPTH) return `expected at most ${MAX_DEPTH} nested types`;
  if (fields > MAX_FIELDS) return `expected at most ${MAX_FIELDS} fields in a type`;
  return undefined;
}

/** A compound without its shape, which is measured when it is made: a few lines can stand for more fields than fit any memory. */
type Unmeasured =
  | Omit<ArrayTemplate, "shape">
  | Omit<StructureTemplate, "shape">
  | Omit<VariantTemplate, "shape">
  | Omit<OptionalTemplate, "shape">;

export function compound<T extends Unmeasured>(template: T): T & { readonly shape: TemplateShape } {
  const sum = { align: 1, fields: 1, depth: 0, updatesClock: false };
  switch (template.kind) {
    case "array":
      include(sum, template.element);
      break;
    case "optional":
      include(sum, template.template);
      break;
    case "structure":
      for (const member of template.members) include(sum, member.template);
      break;
    case "variant":
      for (const option of template.options) include(sum, option.template);
      break;
  }
  sum.align = "minimumAlign" in template ? Math.max(sum.align, template.minimumAlign) : 1;
  sum.depth++;
  return { ...template, shape: sum };
}

/** Counts a part in. */
function include(
  sum: { align: number; fields: number; depth: number; updatesClock: boolean },
  part: Template,
): void {
  const shape = shapeOf(part);
  if (shape === undefined) {
    const align = leafAlign(part);
    if (align > sum.align) sum.align = align;
    sum.fields++;
    if (sum.depth === 0) sum.depth = 1;
    if (part.kind === "integer" && part.clock !== undefined) sum.updatesClock = true;
    return;
  }
  if (shape.align > sum.align) sum.align = shape.align;
  sum.fields += shape.fields;
  if (shape.depth > sum.depth) sum.depth = shape.depth;
  if (shape.updatesClock) sum.updatesClock = true;
}

function shapeOf(template: Template): TemplateShape | undefined {
  switch (template.kind) {
    case "array":
    case "optional":
    case "structure":
    case "variant":
      return template.shape;
    default:
      return undefined;
  }
}

function leafAlign(template: Template): number {
  return template.kind === "integer" || template.kind === "float" ? template.align : 8;
}

/** Whether a template takes no bit in any record. */
export function isAlwaysEmpty(template: Template): boolean {
  switch (template.kind) {
    case "array":
      return template.length === 0 || isAlwaysEmpty(template.element);
    case "structure":
      return template.members.every((member) => isAlwaysEmpty(member.template));
    case "variant":
      return template.options.every((option) => isAlwaysEmpty(option.template));
    case "optional":
      return isAlwaysEmpty(template.template);
    case "text":
    case "blob":
      return template.length === 0;
    default:
      return false;
  }
}
