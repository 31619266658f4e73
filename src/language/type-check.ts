/** Types of columns against what stages do with them, as soon as they are known. */

import type { Span } from "../base/text.ts";
import { type ColumnBatch, type ColumnType, typeName } from "../column/column.ts";
import type { Schema } from "../column/schema.ts";
import type { Emit, Operator } from "../operators/operator.ts";
import { wrongType } from "./language-error.ts";

function described(type: ColumnType): string {
  const isText = type.kind === "dictionary" || type.kind === "utf8";
  return isText ? "a text" : `a ${typeName(type)}`;
}

export interface TypeRule {
  /** The column. */
  readonly at: number;
  readonly needs: "number" | "value";
  /** What needs it: `sum`, `by`. */
  readonly what: string;
  readonly span: Span;
}

/** Passes everything on, once the types are right. */
export class TypeCheck implements Operator {
  readonly #rules: readonly TypeRule[];
  readonly #text: string;

  constructor(rules: readonly TypeRule[], text: string) {
    this.#rules = rules;
    this.#text = text;
  }

  /** @throws FilterError `QUERY_TYPE` */
  columns(input: Schema): Schema {
    for (const { at, needs, what, span } of this.#rules) {
      const { name, type } = input[at]!;
      const isNumber = ["number", "timestamp", "null"].includes(type.kind);
      if (needs === "number" ? isNumber : type.kind !== "list") continue;
      const expected = needs === "number" ? "a number" : "a number or a text";
      const problem = `expected ${expected}, got ${name}, which is ${described(type)}`;
      throw wrongType(this.#text, span, what, problem);
    }
    return input;
  }

  batch(batch: ColumnBatch, out: Emit): void {
    out.batch(batch);
  }

  cut(batch: ColumnBatch, out: Emit): void {
    out.cut(batch);
  }
}
