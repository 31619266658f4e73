/**
 * Filters that speak of containers. An event's container is known only in time order, behind the scan: such a filter is split
 * into what the scan decides by the event alone, and what is decided behind it.
 */

import type { FilterError } from "../base/errors.ts";
import type { Span } from "../base/text.ts";
import { CONTAINER_FACTS, type ContainerFact } from "../column/request.ts";
import {
  type Expression,
  globalName,
  leftSpine,
  type Reference,
  type StringLiteral,
  stepsOf,
} from "./ast.ts";
import { all, any, integer, programOf } from "./build.ts";
import type { ContainerCase, ContainerFilter } from "./bytecode.ts";
import { type ContainerCondition, holds } from "./container-condition.ts";
import { filterError } from "./filter-error.ts";
import { print } from "./print.ts";
import { badEscapeAt, textConstant, unquoted } from "./text-literal.ts";

export interface SplitFilter {
  /** The scan's part; `undefined` if it passes every event. */
  readonly scanned: Expression | undefined;
  /** `undefined` if the filter does not speak of containers. */
  readonly containers: ContainerFilter | undefined;
}

/** Each term on containers doubles the cases. */
const MAX_TERMS = 6;

/**
 * Splits a filter.
 * @throws FilterError `FILTER_CONTAINER` where a term on containers is not one, or there are too many in one alternative
 */
export function splitContainers(ast: Expression, text: string): SplitFilter {
  const terms = conjunction(ast);
  const mixed = terms.filter(speaksOfContainers);
  if (mixed.length === 0) return { scanned: ast, containers: undefined };
  const required = mixed.filter(isCondition).map((term) => conditionOf(term, text));
  const open = mixed.filter((term) => !isCondition(term));
  const condition: ContainerCondition | undefined =
    required.length > 1 ? { kind: "and", operands: required } : required[0];
  const plain = terms.filter((term) => !mixed.includes(term));
  if (open.length === 0)
    return { scanned: all(plain), containers: { required: condition, cases: [], whole: ast } };
  const cases = casesOf(all([...plain, ...open])!, text);
  const events = new Map(cases.map(({ event }) => [event.text, event.ast]));
  return {
    scanned: any([...events.values()]) ?? integer(0),
    containers: { required: condition, cases, whole: ast },
  };
}

/** An expression with its terms on containers replaced; `undefined` where one of them cannot be. */
export function replaceContainers(
  ast: Expression,
  text: string,
  replacement: (condition: ContainerCondition) => Expression | undefined,
): Expression | undefined {
  if (!speaksOfContainers(ast)) return ast;
  if (isCondition(ast)) return replacement(conditionOf(ast, text));
  if (ast.kind === "unary" && ast.operator === "!") {
    const operand = replaceContainers(ast.operand, text, replacement);
    return operand && { ...ast, operand };
  }
  if (ast.kind !== "logical") throw misplaced(text, ast);
  const left = replaceContainers(ast.left, text, replacement);
  const right = replaceContainers(ast.right, text, replacement);
  return left && right && { ...ast, left, right };
}

/** For each answer to the terms on containers: what remains to be asked of the event. */
function casesOf(ast: Expression, text: string): ContainerCase[] {
  const terms: ContainerCondition[] = [];
  replaceContainers(ast, text, (condition) => {
    terms.push(condition);
    return integer(1);
  });
  if (terms.length > MAX_TERMS) {
    const problem = `expected at most ${MAX_TERMS} terms on containers beside other terms, got ${terms.length}`;
    throw wrong(text, ast, problem);
  }
  const byEvent = new Map<string, { event: Expression; conditions: ContainerCondition[] }>();
  for (let answers = 0; answers < 1 << terms.length; answers++) {
    let next = 0;
    const holds = (term: number): boolean => (answers & (1 << term)) !== 0;
    const event = replaceContainers(ast, text, () => integer(holds(next++) ? 1 : 0))!;
    if (constantOf(event) === false) continue;
    const condition: ContainerCondition = {
      kind: "and",
      operands: terms.map((operand, term) => (holds(term) ? operand : { kind: "not", operand })),
    };
    const same = byEvent.get(print(event)) ?? { event, conditions: [] };
    same.conditions.push(condition);
    byEvent.set(print(event), same);
  }
  return [...byEvent.values()].map(({ event, conditions }) => ({
    condition: { kind: "or", operands: conditions },
    event: programOf(event, text),
  }));
}

/** What an expression is whatever the event, as far as constants decide it. */
function constantOf(ast: Expression): boolean | undefined {
  if (ast.kind === "integer") return ast.text !== "0";
  if (ast.kind === "unary" && ast.operator === "!") {
    const operand = constantOf(ast.operand);
    return operand === undefined ? undefined : !operand;
  }
  if (ast.kind !== "logical") return undefined;
  const [left, right] = [constantOf(ast.left), constantOf(ast.right)];
  const decisive = ast.operator === "||";
  if (left === decisive || right === decisive) return decisive;
  return left === undefined || right === undefined ? undefined : !decisive;
}

/** The operands of `&&` and of those that are its operands, in reading order. */
export function conjunction(ast: Expression): readonly Expression[] {
  const terms: Expression[] = [];
  let node = ast;
  for (; node.kind === "logical" && node.operator === "&&"; node = node.left)
    terms.push(node.right);
  if (terms.length === 0) return [node];
  return [node, ...terms.reverse()].flatMap(conjunction);
}

export function speaksOfContainers(root: Expression): boolean {
  const { chain, first } = leftSpine(root);
  return (
    chain.some((node) =>
      node.kind === "in" ? node.list.some(speaksOfContainers) : speaksOfContainers(node.right),
    ) ||
    (first.kind === "unary" && speaksOfContainers(first.operand)) ||
    isContainer(first)
  );
}

function isContainer(node: Expression): node is Reference {
  if (node.kind !== "reference") return false;
  const [head] = stepsOf(node);
  return head !== undefined && globalName(head) === "$container";
}

/** Whether an expression speaks of nothing but containers, as a condition. */
function isCondition(ast: Expression): boolean {
  if (ast.kind === "logical") return isCondition(ast.left) && isCondition(ast.right);
  if (ast.kind === "unary" && ast.operator === "!") return isCondition(ast.operand);
  return speaksOfContainers(ast);
}

/** A comparison of a fact on containers. */
interface ContainerTest {
  readonly reference: Reference;
  readonly texts: readonly Expression[];
  readonly isNegated: boolean;
}

function testIn(node: Expression): ContainerTest | undefined {
  if (node.kind === "in")
    return isContainer(node.left)
      ? { reference: node.left, texts: node.list, isNegated: false }
      : undefined;
  if (node.kind !== "binary" || (node.operator !== "==" && node.operator !== "!="))
    return undefined;
  const [reference, literal] =
    node.left.kind === "string" ? [node.right, node.left] : [node.left, node.right];
  if (!isContainer(reference)) return undefined;
  return { reference, texts: [literal], isNegated: node.operator === "!=" };
}

/** Whether an expression asks of nothing but containers, and only what a condition on them can say. */
export function isContainerCondition(ast: Expression): boolean {
  if (ast.kind === "logical")
    return isContainerCondition(ast.left) && isContainerCondition(ast.right);
  if (ast.kind === "unary") return ast.operator === "!" && isContainerCondition(ast.operand);
  return testIn(ast)?.texts.every(({ kind }) => kind === "string") === true;
}

/**
 * What an expression asks of containers that asks of nothing else.
 * @throws FilterError `FILTER_CONTAINER`
 */
export function conditionOf(node: Expression, text: string): ContainerCondition {
  if (node.kind === "logical") {
    const operands = [conditionOf(node.left, text), conditionOf(node.right, text)];
    return { kind: node.operator === "&&" ? "and" : "or", operands };
  }
  if (node.kind === "unary" && node.operator === "!")
    return { kind: "not", operand: conditionOf(node.operand, text) };
  const test = testIn(node);
  if (test !== undefined) return conditionOfTest(test, text);
  if (isContainer(node)) factOf(node, text);
  throw misplaced(text, node);
}

function conditionOfTest(
  { reference, texts, isNegated }: ContainerTest,
  text: string,
): ContainerCondition {
  const fact = factOf(reference, text);
  const is = { kind: "is", fact, texts: texts.map((one) => textOf(one, text)) } as const;
  const condition: ContainerCondition = isNegated ? { kind: "not", operand: is } : is;
  if (reference.isColumn !== true || !holds(condition, {})) return condition;
  // A comparison with a column is false where it has no value.
  const nothing = { kind: "is", fact, texts: [textConstant("")] } as const;
  return { kind: "and", operands: [condition, { kind: "not", operand: nothing }] };
}

function misplaced(text: string, node: Expression): FilterError {
  return wrong(
    text,
    node,
    `expected $container.${listed(CONTAINER_FACTS.map((fact, i) => (i === 0 ? fact : `.${fact}`)))} compared with a text by ==, != or in`,
  );
}

function factOf(reference: Reference, text: string): ContainerFact {
  const [head, step, ...others] = stepsOf(reference);
  const fact = CONTAINER_FACTS.find((known) => known === step?.name);
  const isPlain = others.length === 0 && step?.indexes === undefined && head?.indexes === undefined;
  if (fact !== undefined && isPlain) return fact;
  const got = step === undefined ? "nothing" : step.name;
  throw wrong(
    text,
    step ?? reference,
    `expected ${listed(CONTAINER_FACTS)} after $container, got ${got}`,
  );
}

/** `a, b or c`. */
function listed(names: readonly string[]): string {
  return `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

function textOf(node: Expression, text: string): ReturnType<typeof textConstant> {
  if (node.kind !== "string")
    throw wrong(text, node, "expected a text between quotes, to compare $container with");
  const body = unquoted((node as StringLiteral).text);
  if (badEscapeAt(body) !== -1)
    throw wrong(text, node, "expected only \\\\ and \\* as escapes in a text");
  return textConstant(body);
}

function wrong(text: string, at: Span, problem: string): FilterError {
  return filterError("FILTER_CONTAINER", text, at, "container", problem);
}
