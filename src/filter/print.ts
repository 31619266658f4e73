/** Syntax tree → text: as an expression with the fewest parentheses, and as an indented tree. */
import { type Expression, leftSpine, type Reference, type Unchained } from "./ast.ts";
import { symbolText } from "./symbol.ts";

/** Binding strength: a looser operand of a tighter operator needs parentheses. */
const STRENGTH: ReadonlyMap<string, number> = new Map([
  ["||", 1],
  ["&&", 2],
  ["==", 3],
  ["!=", 3],
  ["<", 4],
  [">", 4],
  ["<=", 4],
  [">=", 4],
  ["in", 4],
  ["|", 5],
  ["^", 6],
  ["&", 7],
  ["<<", 8],
  [">>", 8],
  ["+", 9],
  ["-", 9],
  ["*", 10],
  ["/", 10],
  ["%", 10],
]);
/** Elements of an `in` list stand at the level of `|`. */
const LIST_STRENGTH = 5;
const UNARY_STRENGTH = 11;

/** An expression that reads back as the same tree. */
export function print(root: Expression): string {
  const { chain, first } = leftSpine(root);
  let text = printUnchained(first);
  let strength = UNARY_STRENGTH;
  for (let i = chain.length - 1; i >= 0; i--) {
    const node = chain[i]!;
    const own = strengthOf(node);
    const left = strength < own ? `(${text})` : text;
    if (node.kind === "in") {
      text = `${left} in (${node.list.map((e) => printAtLeast(e, LIST_STRENGTH)).join(", ")})`;
    } else {
      text = `${left} ${node.operator} ${printAtLeast(node.right, own + 1)}`;
    }
    strength = own;
  }
  return text;
}

function printUnchained(node: Unchained): string {
  switch (node.kind) {
    case "integer":
    case "float":
    case "string":
      return node.text;
    case "reference":
      return printReference(node);
    case "unary":
      return node.operator + printAtLeast(node.operand, UNARY_STRENGTH);
  }
}

function printAtLeast(node: Expression, wanted: number): string {
  return strengthOf(node) < wanted ? `(${print(node)})` : print(node);
}

function strengthOf(node: Expression): number {
  if (node.kind === "in") return STRENGTH.get("in") ?? 0;
  return node.kind === "binary" || node.kind === "logical"
    ? (STRENGTH.get(node.operator) ?? 0)
    : UNARY_STRENGTH;
}

function printReference(node: Reference): string {
  return symbolText(node) + (node.optional ? "?" : "");
}

/**
 * The tree, one node a line, operands indented below their operator; chains of one logical operator share one line.
 *
 * @example `k == 1 && s` →
 * ```
 * &&
 *   ==
 *     k
 *     1
 *   s
 * ```
 */
export function printTree(root: Expression): string {
  const lines: string[] = [];
  addTree(root, 0, lines);
  return lines.join("\n");
}

function addTree(root: Expression, depth: number, lines: string[]): void {
  // A chain's operators come outermost first, then its first operand, then the right operands from the inside out.
  const levels: { readonly depth: number; readonly rest: readonly Expression[] }[] = [];
  const { chain, first } = leftSpine(root);
  let level = depth;
  let above = "";
  for (const node of chain) {
    const operator = node.kind === "in" ? "in" : node.operator;
    if (node.kind !== "logical" || operator !== above) lines.push(indented(level++, operator));
    above = node.kind === "logical" ? operator : "";
    levels.push({ depth: level, rest: node.kind === "in" ? node.list : [node.right] });
  }
  if (first.kind === "unary") {
    lines.push(indented(level, first.operator));
    addTree(first.operand, level + 1, lines);
  } else {
    lines.push(indented(level, printUnchained(first)));
  }
  for (const { depth: at, rest } of levels.reverse()) {
    for (const node of rest) addTree(node, at, lines);
  }
}

function indented(depth: number, text: string): string {
  return "  ".repeat(depth) + text;
}
