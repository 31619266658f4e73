import type { Span } from "../base/text.ts";

/** The declarations of a TSDL text (CTF 1.8.3 §7, appendix C) before any name is looked up. */

export type Value =
  | { readonly kind: "integer"; readonly value: bigint; readonly span: Span }
  | { readonly kind: "string"; readonly value: string; readonly span: Span }
  /** Words joined by dots: `le`, `UTF8`, `clock.monotonic.value`. */
  | { readonly kind: "path"; readonly value: string; readonly span: Span };

/** `size = 32;` */
export interface Attribute {
  readonly name: string;
  readonly value: Value;
  readonly span: Span;
}

export interface Enumerator {
  readonly label: string;
  readonly low: bigint | undefined;
  readonly high: bigint | undefined;
  readonly span: Span;
}

export type TypeNode =
  | {
      readonly kind: "integer" | "float" | "string";
      readonly attributes: readonly Attribute[];
      readonly span: Span;
    }
  | {
      readonly kind: "struct";
      readonly name: string | undefined;
      readonly body: readonly BodyNode[] | undefined;
      readonly align: bigint | undefined;
      readonly span: Span;
    }
  | {
      readonly kind: "variant";
      readonly name: string | undefined;
      readonly tag: readonly string[] | undefined;
      readonly body: readonly BodyNode[] | undefined;
      readonly span: Span;
    }
  | {
      readonly kind: "enum";
      readonly name: string | undefined;
      readonly base: TypeNode | undefined;
      readonly enumerators: Iterable<Enumerator> | undefined;
      readonly span: Span;
    }
  /** An alias of one or several words: `uint32_t`, `unsigned long`. */
  | { readonly kind: "alias"; readonly name: string; readonly span: Span };

/** A name with its bracketed lengths, outermost first. */
export interface Declarator {
  readonly name: string;
  readonly lengths: readonly (bigint | readonly string[])[];
  readonly span: Span;
}

export type BodyNode =
  | { readonly kind: "field"; readonly type: TypeNode; readonly declarator: Declarator }
  | AliasNode
  | { readonly kind: "type"; readonly type: TypeNode };

/** `typealias … := name;` or `typedef … name;` (the latter may add lengths). */
export interface AliasNode {
  readonly kind: "alias";
  readonly name: string;
  readonly type: TypeNode;
  readonly lengths: Declarator["lengths"];
  readonly span: Span;
}

export type Entry =
  | { readonly kind: "value"; readonly name: string; readonly value: Value; readonly span: Span }
  | {
      readonly kind: "assigned-type";
      readonly name: string;
      readonly type: TypeNode;
      readonly span: Span;
    }
  | AliasNode
  | { readonly kind: "type"; readonly type: TypeNode };

export type BlockName = "trace" | "stream" | "event" | "env" | "clock" | "callsite";

export type Declaration =
  | {
      readonly kind: "block";
      readonly block: BlockName;
      readonly entries: readonly Entry[];
      readonly span: Span;
    }
  | AliasNode
  | { readonly kind: "type"; readonly type: TypeNode };
