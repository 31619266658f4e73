/** Expressions made by the program, for places that no text has. */

import type { Span } from "../base/text.ts";
import type { Binary, ComparisonOperator, Expression, Literal, Logical, Reference } from "./ast.ts";
import type { Program } from "./bytecode.ts";
import { check } from "./check.ts";
import { emit } from "./emit.ts";
import { print } from "./print.ts";

const NOWHERE = { start: 0, end: 0 } as const;

export function integer(value: bigint | number): Literal {
  return { kind: "integer", text: String(value), ...NOWHERE };
}

/**
 * `$ctx.pid_ns`, or `$ctx.pid_ns?`.
 * @param span of what was written instead
 */
export function reference(
  names: readonly string[],
  optional: boolean = false,
  { start, end }: Span = NOWHERE,
): Reference {
  const span = { start, end };
  const path = names.reduce<Reference["path"] | undefined>(
    (before, name) => ({ step: { name, indexes: undefined, ...span }, before, ...span }),
    undefined,
  );
  return { kind: "reference", path: path!, optional, ...span };
}

export function compare(
  left: Expression,
  operator: ComparisonOperator,
  value: bigint | number,
): Binary {
  return { kind: "binary", operator, left, right: integer(value), ...NOWHERE };
}

export function oneOf(left: Expression, values: readonly (bigint | number)[]): Expression {
  const [only] = values;
  if (values.length === 1 && only !== undefined) return compare(left, "==", only);
  return { kind: "in", left, list: values.map(integer), ...NOWHERE };
}

/** All of some expressions; `undefined` for none. */
export function all(operands: readonly (Expression | undefined)[]): Expression | undefined {
  return joined("&&", operands);
}

/** Any of some expressions; `undefined` for none. */
export function any(operands: readonly (Expression | undefined)[]): Expression | undefined {
  return joined("||", operands);
}

function joined(
  operator: Logical["operator"],
  operands: readonly (Expression | undefined)[],
): Expression | undefined {
  const present = operands.filter((operand) => operand !== undefined);
  const [first, ...others] = present;
  return others.reduce<Expression | undefined>(
    (left, right) => ({
      kind: "logical",
      operator,
      left: left!,
      right,
      start: left!.start,
      end: right.end,
    }),
    first,
  );
}

/**
 * The program of an expression that was made.
 * @param source where its parts stand that somebody wrote
 */
export function programOf(ast: Expression, source?: string): Program {
  const text = print(ast);
  check(ast, text);
  const program = emit(ast, text);
  return source === undefined ? program : { ...program, source };
}
