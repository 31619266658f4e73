import { type Expression, leftSpine } from "./ast.ts";

/** Every node of a tree, each before what stands to its right; long chains cost no recursion. */
export function* nodesOf(root: Expression): Generator<Expression, void, void> {
  const { chain, first } = leftSpine(root);
  yield first;
  if (first.kind === "unary") yield* nodesOf(first.operand);
  for (const node of chain.toReversed()) {
    yield node;
    const rest = node.kind === "in" ? node.list : [node.right];
    for (const operand of rest) yield* nodesOf(operand);
  }
}
