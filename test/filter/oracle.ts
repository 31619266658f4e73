/**
 * The language by the book: evaluates a tree directly, one record at a time, with bigint. Slow, and for numbers only.
 */
import { type Expression, isBitwise, isComparison } from "../../src/filter/ast.ts";
import { floatValue, integerValue } from "../../src/filter/literals.ts";
import { symbolText } from "../../src/filter/symbol.ts";

type Value = bigint | number;
/** Values of a record by the text of their reference; `undefined`: rejects where it is evaluated, absent with `?`. */
export type Fields = (name: string) => Value | undefined;

const REJECT = Symbol("reject");

/** Whether the tree selects the record. */
export function selects(root: Expression, fields: Fields): boolean {
  try {
    const value = region([root], fields, () => evaluate(root, fields));
    // A bare double never matches.
    return typeof value === "bigint" && value !== 0n;
  } catch (error) {
    if (error === REJECT) return false;
    throw error;
  }
}

function region(operands: readonly Expression[], fields: Fields, value: () => Value): Value {
  return operands.some((operand) => hasAbsent(operand, fields)) ? 0n : value();
}

function hasAbsent(node: Expression, fields: Fields): boolean {
  if (node.kind === "reference") return node.optional && fields(symbolText(node)) === undefined;
  if (node.kind === "unary") return node.operator !== "!" && hasAbsent(node.operand, fields);
  if (node.kind !== "binary" || !isBitwise(node.operator)) return false;
  return hasAbsent(node.left, fields) || hasAbsent(node.right, fields);
}

function evaluate(node: Expression, fields: Fields): Value {
  switch (node.kind) {
    case "integer": {
      const value = integerValue(node.text);
      if (typeof value === "string") throw new Error(value);
      return (BigInt(value.hi) << 32n) | BigInt(value.lo >>> 0);
    }
    case "float":
      return floatValue(node.text);
    case "string":
      throw new Error("numbers only");
    case "reference": {
      const value = fields(symbolText(node));
      if (value === undefined) throw REJECT;
      return value;
    }
    case "unary":
      return unary(node.operator, node.operand, fields);
    case "in":
      return region([node.left, ...node.list], fields, () =>
        truth(
          node.list.some((e) => compare("==", evaluate(node.left, fields), evaluate(e, fields))),
        ),
      );
    case "logical": {
      const left = truncated(region([node.left], fields, () => evaluate(node.left, fields)));
      if (node.operator === "&&" ? left === 0n : left !== 0n) return left === 0n ? 0n : 1n;
      return truncated(region([node.right], fields, () => evaluate(node.right, fields)));
    }
    case "binary": {
      const { operator, left, right } = node;
      if (isComparison(operator)) {
        return region([left, right], fields, () =>
          truth(compare(operator, evaluate(left, fields), evaluate(right, fields))),
        );
      }
      return bits(operator, evaluate(left, fields), evaluate(right, fields));
    }
  }
}

function unary(operator: string, operand: Expression, fields: Fields): Value {
  if (operator === "!") {
    const value = region([operand], fields, () => evaluate(operand, fields));
    return truth(typeof value === "number" ? value === 0 : value === 0n);
  }
  const value = evaluate(operand, fields);
  if (operator === "+") return value;
  if (operator === "-") return typeof value === "number" ? -value : BigInt.asIntN(64, -value);
  if (typeof value === "number") throw new Error("~ of a double");
  return BigInt.asIntN(64, ~value);
}

function compare(operator: string, a: Value, b: Value): boolean {
  const [x, y] = typeof a === "bigint" && typeof b === "bigint" ? [a, b] : [Number(a), Number(b)];
  switch (operator) {
    case "==":
      return x === y;
    case "!=":
      return x !== y;
    case "<":
      return x < y;
    case ">":
      return x > y;
    case "<=":
      return x <= y;
    default:
      return x >= y;
  }
}

function bits(operator: string, a: Value, b: Value): bigint {
  if (typeof a === "number" || typeof b === "number") throw new Error("bits of a double");
  if (operator === "&") return a & b;
  if (operator === "|") return a | b;
  if (operator === "^") return a ^ b;
  if (b < 0n || b > 63n) throw REJECT;
  if (operator === "<<") return BigInt.asIntN(64, a << b);
  return BigInt.asIntN(64, BigInt.asUintN(64, a) >> b);
}

function truncated(value: Value): bigint {
  if (typeof value === "bigint") return value;
  const fits = value >= -(2 ** 63) && value < 2 ** 63;
  return fits ? BigInt(Math.trunc(value)) : -(2n ** 63n);
}

function truth(value: boolean): bigint {
  return value ? 1n : 0n;
}
