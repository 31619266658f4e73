import type { Span } from "../base/text.ts";
import type { ByteOrder, Mapping } from "./trace-class.ts";

/**
 * Field classes before lengths and selectors are located. A template may stand in several places (an alias), so what
 * depends on the place (slot, role, resolved length) is added only when it is instantiated there.
 */
export type Template =
  | IntegerTemplate
  | {
      readonly kind: "float";
      readonly size: 32 | 64;
      readonly align: number;
      readonly byteOrder: ByteOrder;
    }
  | { readonly kind: "string" }
  | ArrayTemplate
  | StructureTemplate
  | VariantTemplate;

export interface IntegerTemplate {
  readonly kind: "integer";
  readonly size: number;
  readonly align: number;
  readonly signed: boolean;
  readonly byteOrder: ByteOrder;
  readonly base: 2 | 8 | 10 | 16;
  readonly isText: boolean;
  readonly mappings: readonly Mapping[] | undefined;
  /** Clock that the value updates. */
  readonly clock: string | undefined;
}

export interface ArrayTemplate {
  readonly kind: "array";
  readonly length: number | FieldPath;
  readonly element: Template;
}

export interface StructureTemplate {
  readonly kind: "structure";
  readonly minimumAlign: number;
  readonly members: readonly TemplateMember[];
}

export interface VariantTemplate {
  readonly kind: "variant";
  readonly selector: FieldPath | undefined;
  readonly options: readonly TemplateMember[];
  readonly span: Span;
}

export interface TemplateMember {
  /** As in the metadata, leading underscore included: lengths and tags are looked up by it. */
  readonly rawName: string;
  readonly template: Template;
}

/** Dotted name of a length or tag field, and where it is written. */
export interface FieldPath {
  readonly names: readonly string[];
  readonly span: Span;
}

/** Alignment in bits; a variant aligns to nothing by itself. */
export function templateAlign(template: Template): number {
  switch (template.kind) {
    case "integer":
    case "float":
      return template.align;
    case "string":
      return 8;
    case "array":
      return templateAlign(template.element);
    case "structure":
      return template.members.reduce(
        (align, member) => Math.max(align, templateAlign(member.template)),
        template.minimumAlign,
      );
    case "variant":
      return 1;
  }
}
