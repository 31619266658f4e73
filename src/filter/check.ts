/**
 * Compile-time rules: what an expression may not say, whatever the trace (lttng-tools 2.13.9, generate-ir and the
 * validation visitors). Fields have no type yet; whether one exists, and fits, is found out by `link`.
 */
import type { FilterError } from "../base/errors.ts";
import type { Span } from "../base/text.ts";
import {
  type Binary,
  type BinaryOperator,
  type Chained,
  type Expression,
  isBitwise,
  isComparison,
  type Literal,
  type Logical,
  leftSpine,
  type Membership,
  type Reference,
  type StringLiteral,
  type Unary,
  type Unchained,
} from "./ast.ts";
import { checkReference } from "./check-reference.ts";
import { filterError } from "./filter-error.ts";
import { integerValue } from "./literals.ts";
import { badEscapeAt, type GlobClass, globClassOf, unquoted } from "./text-literal.ts";

/** The type of an expression as far as it is known without a trace. */
type StaticType = "text" | "integer" | "float" | "field";

/** A checked operand; `glob` for string literals only. */
interface Operand extends Span {
  readonly type: StaticType;
  readonly glob: GlobClass | undefined;
}

/**
 * Checks a whole expression.
 *
 * @throws FilterError at the first thing that breaks a rule
 */
export function check(root: Expression, text: string): void {
  const { type, start, end } = new Checker(text).expression(root);
  const fail = (got: string): FilterError =>
    filterError(
      "FILTER_TYPE",
      text,
      { start, end },
      "filter expression",
      `expected a truth value, got ${got}`,
    );
  if (type === "text") throw fail("a string literal");
  if (type === "float") throw fail("a floating-point constant");
}

class Checker {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  expression(root: Expression): Operand {
    const { chain, first } = leftSpine(root);
    let left = this.#first(first);
    for (let i = chain.length - 1; i >= 0; i--) left = this.#chained(chain[i]!, left);
    return left;
  }

  #first(node: Unchained): Operand {
    switch (node.kind) {
      case "integer":
      case "float":
      case "string":
        return this.#literal(node);
      case "reference":
        return this.#reference(node);
      case "unary":
        return this.#unary(node);
    }
  }

  #chained(node: Chained, left: Operand): Operand {
    switch (node.kind) {
      case "binary":
        return this.#binary(node, left);
      case "logical":
        return this.#logical(node, left);
      case "in":
        return this.#membership(node, left);
    }
  }

  #literal(node: Literal): Operand {
    if (node.kind === "float") return operand("float", node);
    if (node.kind === "string") return operand("text", node, this.#globClass(node));
    const value = integerValue(node.text);
    if (typeof value === "string")
      throw this.#error("FILTER_LITERAL", node, "integer literal", value);
    return operand("integer", node);
  }

  /** LTTng's lexer means to refuse C escapes, but what it does refuse are these six letters. */
  #globClass(node: StringLiteral): GlobClass {
    const written = node.text.indexOf("ESCSEQ");
    if (written !== -1) {
      const span = { start: node.start + written, end: node.start + written + 6 };
      const problem = "expected other text, got ESCSEQ, which LTTng refuses inside strings";
      throw this.#error("FILTER_LITERAL", span, "string literal", problem);
    }
    const body = unquoted(node.text);
    if (badEscapeAt(body) !== -1) {
      const problem = 'expected "\\\\" or "\\*" as escapes, got another backslash';
      throw this.#error("FILTER_ESCAPE", node, "string literal", problem);
    }
    return globClassOf(body);
  }

  #reference(node: Reference): Operand {
    checkReference(node, this.#text);
    return operand("field", node);
  }

  #unary(node: Unary): Operand {
    const inner = this.expression(node.operand);
    if (inner.type !== "text") return operand(inner.type, node);
    const problem = "expected a number or a field, got a string literal";
    throw this.#error("FILTER_TYPE", inner, `operand of unary ${node.operator}`, problem);
  }

  #binary(node: Binary, left: Operand): Operand {
    const right = this.expression(node.right);
    if (isComparison(node.operator)) this.#comparison(node.operator, node, left, right);
    else if (isBitwise(node.operator)) this.#bitwise(node.operator, left, right);
    else {
      const problem = `expected a comparison, logical or bitwise operator, got arithmetic ${node.operator}, which no tracer supports`;
      throw this.#error(
        "FILTER_ARITHMETIC",
        { start: left.start, end: right.end },
        "binary operation",
        problem,
      );
    }
    return operand("integer", node);
  }

  #membership(node: Membership, left: Operand): Operand {
    for (const element of node.list) {
      this.#comparison("==", element, left, this.expression(element));
    }
    return operand("integer", node);
  }

  #comparison(operator: BinaryOperator, span: Span, left: Operand, right: Operand): void {
    const subject = `operands of ${operator}`;
    if (clash(left, right) || clash(right, left)) {
      const problem = `expected two texts or two numbers, got ${noun(left)} and ${noun(right)}`;
      throw this.#error("FILTER_TYPE", span, subject, problem);
    }
    if (left.glob !== "star" && right.glob !== "star") return;
    if (
      left.type === "text" &&
      right.type === "text" &&
      left.glob !== "plain" &&
      right.glob !== "plain"
    ) {
      const problem = "expected at most one globbing pattern, got two";
      throw this.#error("FILTER_GLOB", span, subject, problem);
    }
    if (operator !== "==" && operator !== "!=") {
      const problem = "expected == or != with a globbing pattern, got an ordering";
      throw this.#error("FILTER_GLOB", span, subject, problem);
    }
  }

  #bitwise(operator: BinaryOperator, left: Operand, right: Operand): void {
    for (const side of [left, right]) {
      if (side.type === "integer" || side.type === "field") continue;
      const problem = `expected an integer or a field, got ${noun(side)}`;
      throw this.#error("FILTER_TYPE", side, `operand of ${operator}`, problem);
    }
  }

  #logical(node: Logical, left: Operand): Operand {
    for (const side of [left, this.expression(node.right)]) {
      if (side.type !== "text") continue;
      const problem = "expected a truth value, got a string literal";
      throw this.#error("FILTER_TYPE", side, `operand of ${node.operator}`, problem);
    }
    return operand("integer", node);
  }

  #error(code: string, span: Span, subject: string, problem: string): FilterError {
    return filterError(code, this.#text, span, subject, problem);
  }
}

function operand(type: StaticType, span: Span, glob?: GlobClass): Operand {
  return { type, glob, start: span.start, end: span.end };
}

function clash(a: Operand, b: Operand): boolean {
  return a.type === "text" && (b.type === "integer" || b.type === "float");
}

function noun({ type }: Operand): string {
  switch (type) {
    case "text":
      return "a string literal";
    case "integer":
      return "an integer";
    case "float":
      return "a floating-point constant";
    case "field":
      return "a field";
  }
}
