/** Expressions with some of their references made optional: what a filter could be written as. */
import { type Expression, leftSpine, type Reference, type Unchained } from "./ast.ts";
import type { Program } from "./bytecode.ts";
import { emit } from "./emit.ts";
import { print } from "./print.ts";
import { symbolText } from "./symbol.ts";

/**
 * The same filter with `?` behind each reference to one of the names. Spans in its tree are still the first one's.
 *
 * @throws FilterError when it would grow beyond what a filter may be
 */
export function withOptional(program: Program, names: ReadonlySet<string>): Program {
  const isNamed = (reference: Reference): boolean => names.has(symbolText(reference));
  const ast = marked(program.ast, isNamed);
  return emit(ast, print(ast));
}

function marked(root: Expression, isNamed: (reference: Reference) => boolean): Expression {
  const { chain, first } = leftSpine(root);
  let node: Expression = markedFirst(first, isNamed);
  for (const link of chain.toReversed()) {
    node =
      link.kind === "in"
        ? { ...link, left: node, list: link.list.map((element) => marked(element, isNamed)) }
        : { ...link, left: node, right: marked(link.right, isNamed) };
  }
  return node;
}

function markedFirst(node: Unchained, isNamed: (reference: Reference) => boolean): Expression {
  if (node.kind === "unary") return { ...node, operand: marked(node.operand, isNamed) };
  if (node.kind !== "reference" || !isNamed(node)) return node;
  return { ...node, optional: true };
}
