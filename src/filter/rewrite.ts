/** Expressions with their references replaced, such as names of columns for names of fields. */

import { type Expression, leftSpine, type Reference, type Unchained } from "./ast.ts";

/** @param replace gives what stands for a reference; nodes keep their places in the text */
export function mapReferences(
  root: Expression,
  replace: (reference: Reference) => Expression,
): Expression {
  const { chain, first } = leftSpine(root);
  let left = mapFirst(first, replace);
  for (let i = chain.length - 1; i >= 0; i--) {
    const node = chain[i]!;
    left =
      node.kind === "in"
        ? { ...node, left, list: node.list.map((one) => mapReferences(one, replace)) }
        : { ...node, left, right: mapReferences(node.right, replace) };
  }
  return left;
}

function mapFirst(node: Unchained, replace: (reference: Reference) => Expression): Expression {
  if (node.kind === "reference") return replace(node);
  if (node.kind !== "unary") return node;
  return { ...node, operand: mapReferences(node.operand, replace) };
}
