/** Conditions and arithmetic of a query's stages, in terms of the columns of the rows at hand. */

import type { Span } from "../base/text.ts";
import type { ColumnRequest } from "../column/request.ts";
import type { Expression, Literal } from "../filter/ast.ts";
import { reference } from "../filter/build.ts";
import type { Program } from "../filter/bytecode.ts";
import { check } from "../filter/check.ts";
import { emit } from "../filter/emit.ts";
import { integerValue } from "../filter/literals.ts";
import { mapReferences } from "../filter/rewrite.ts";
import type { Computation } from "../operators/rows/computation.ts";
import { fieldName } from "../operators/rows/row-condition.ts";
import { wrongType } from "./language-error.ts";
import type { Scope } from "./scope.ts";

/** What a stage computes behind the columns of its input. */
export type Extra =
  | { readonly kind: "compute"; readonly computation: Computation }
  | { readonly kind: "truth"; readonly program: Program };

/**
 * A condition on rows. Where a value is absent, only the comparison around it is false.
 * @param isStrict where a value is absent the whole condition is false, as that of a filter over events
 * @throws FilterError for unknown names, and whatever a filter may not say
 */
export function rowProgram(
  condition: Expression,
  scope: Scope,
  text: string,
  isStrict: boolean = false,
): Program {
  const onColumns = mapReferences(condition, (one) => ({
    ...reference([fieldName(scope.place(one))], !isStrict || one.optional),
    ...spanOf(one),
  }));
  check(onColumns, text);
  return emit(onColumns, text);
}

/** Whether an expression is true or false rather than a number. */
export function isCondition(expression: Expression): boolean {
  switch (expression.kind) {
    case "logical":
    case "in":
      return true;
    case "binary":
      return CONDITIONS.has(expression.operator);
    case "unary":
      return expression.operator === "!";
    default:
      return false;
  }
}

const CONDITIONS: ReadonlySet<string> = new Set(["==", "!=", "<", ">", "<=", ">="]);
const ARITHMETIC: ReadonlySet<string> = new Set(["+", "-", "*", "/", "%"]);

/**
 * A number of each row.
 * @throws FilterError `QUERY_TYPE` for what is no arithmetic
 */
export function computation(expression: Expression, scope: Scope, text: string): Computation {
  switch (expression.kind) {
    case "reference":
      return { kind: "column", at: scope.place(expression) };
    case "integer":
    case "float":
      return { kind: "constant", value: numberOf(expression, text) };
    case "unary":
      if (expression.operator === "-" || expression.operator === "+") {
        const right = computation(expression.operand, scope, text);
        const { operator } = expression;
        return { kind: "operation", operator, left: { kind: "constant", value: 0 }, right };
      }
      break;
    case "binary":
      if (ARITHMETIC.has(expression.operator)) {
        const left = computation(expression.left, scope, text);
        const right = computation(expression.right, scope, text);
        const operator = expression.operator as "+" | "-" | "*" | "/" | "%";
        return { kind: "operation", operator, left, right };
      }
      break;
    default:
      break;
  }
  throw wrongType(
    text,
    expression,
    "expression",
    "expected a column, a number, or + - * / % of them",
  );
}

function numberOf(literal: Literal, text: string): number {
  if (literal.kind !== "integer") return Number(literal.text.replace(/[fFlL]$/, ""));
  const value = integerValue(literal.text);
  if (typeof value === "string") throw wrongType(text, literal, "number", value);
  return value.hi * 2 ** 32 + (value.lo >>> 0);
}

/** The truth of a condition as events have it, where the scan can find it. */
export function matchRequest(program: Program): ColumnRequest | undefined {
  return program.containers === undefined ? { kind: "match", program } : undefined;
}

function spanOf({ start, end }: Span): Span {
  return { start, end };
}
