/**
 * `$container.name`, `.type`, `.id` in filters. What container an event belongs to is known only in time order, behind the
 * scan; so terms that speak of containers are taken out of the expression, and the rest is left to the scan.
 */

import type { FilterError } from "../base/errors.ts";
import type { Span } from "../base/text.ts";
import { CONTAINER_FACTS, type ContainerFact } from "../column/request.ts";
import { type Expression, leftSpine, type Reference, type StringLiteral, stepsOf } from "./ast.ts";
import { filterError } from "./filter-error.ts";
import { matchesPattern } from "./glob.ts";
import { badEscapeAt, type TextConstant, textConstant, unquoted } from "./text-literal.ts";

/** What a filter asks of an event's container. */
export type ContainerCondition =
  | {
      readonly kind: "and" | "or";
      readonly operands: readonly ContainerCondition[];
    }
  | { readonly kind: "not"; readonly operand: ContainerCondition }
  /** Whether the fact is one of some texts, in which `*` stands for anything. */
  | {
      readonly kind: "is";
      readonly fact: ContainerFact;
      readonly texts: readonly TextConstant[];
    };

/** The facts of a container; `undefined` where nobody has told. */
export type ContainerFacts = Readonly<Record<ContainerFact, string | undefined>>;

/** Whether a container is what a condition asks for. An unknown fact is an empty text. */
export function holds(condition: ContainerCondition, facts: ContainerFacts): boolean {
  switch (condition.kind) {
    case "and":
      return condition.operands.every((operand) => holds(operand, facts));
    case "or":
      return condition.operands.some((operand) => holds(operand, facts));
    case "not":
      return !holds(condition.operand, facts);
    case "is": {
      const bytes = encoder.encode(facts[condition.fact] ?? "");
      return condition.texts.some((text) => isText(text, bytes));
    }
  }
}

/** A condition as a filter would say it. */
export function describeCondition(condition: ContainerCondition): string {
  switch (condition.kind) {
    case "and":
    case "or":
      return condition.operands
        .map((operand) => {
          const text = describeCondition(operand);
          return operand.kind === "or" && condition.kind === "and" ? `(${text})` : text;
        })
        .join(condition.kind === "and" ? " && " : " || ");
    case "not":
      return `!(${describeCondition(condition.operand)})`;
    case "is": {
      const texts = condition.texts.map(({ raw }) => `"${decoder.decode(raw)}"`);
      const [only] = texts;
      return texts.length === 1
        ? `$container.${condition.fact} == ${only}`
        : `$container.${condition.fact} in (${texts.join(", ")})`;
    }
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function isText({ globClass, decoded, pattern }: TextConstant, bytes: Uint8Array): boolean {
  if (globClass === "star") return matchesPattern(pattern, bytes, 0, bytes.length);
  const isLongEnough =
    globClass === "star-at-end" ? bytes.length >= decoded.length : bytes.length === decoded.length;
  return isLongEnough && decoded.every((byte, i) => bytes[i] === byte);
}

/** The condition that a container has a name, in which `*` stands for anything. */
export function named(name: string): ContainerCondition {
  return { kind: "is", fact: "name", texts: [textConstant(name)] };
}

/**
 * Takes the terms that speak of containers out of an expression.
 *
 * @throws FilterError where such a term and another are joined by anything but `&&`
 */
export function splitContainers(
  ast: Expression,
  text: string,
): { readonly rest: Expression | undefined; readonly condition: ContainerCondition | undefined } {
  const conditions: ContainerCondition[] = [];
  let rest: Expression | undefined;
  for (const term of conjunction(ast)) {
    if (!speaksOfContainers(term)) {
      rest =
        rest === undefined
          ? term
          : {
              kind: "logical",
              operator: "&&",
              left: rest,
              right: term,
              start: rest.start,
              end: term.end,
            };
    } else {
      conditions.push(conditionOf(term, text));
    }
  }
  const [only] = conditions;
  const condition: ContainerCondition | undefined =
    conditions.length > 1 ? { kind: "and", operands: conditions } : only;
  return { rest, condition };
}

/** The operands of `&&` and of those that are its operands, in reading order. */
function conjunction(ast: Expression): readonly Expression[] {
  const terms: Expression[] = [];
  let node = ast;
  for (; node.kind === "logical" && node.operator === "&&"; node = node.left)
    terms.push(node.right);
  if (terms.length === 0) return [node];
  return [node, ...terms.reverse()].flatMap(conjunction);
}

function speaksOfContainers(root: Expression): boolean {
  const { chain, first } = leftSpine(root);
  return (
    chain.some((node) =>
      node.kind === "in" ? node.list.some(speaksOfContainers) : speaksOfContainers(node.right),
    ) ||
    (first.kind === "unary" && speaksOfContainers(first.operand)) ||
    (first.kind === "reference" && isContainer(first))
  );
}

function isContainer(reference: Reference): boolean {
  return stepsOf(reference)[0]?.name === "$container";
}

function conditionOf(node: Expression, text: string): ContainerCondition {
  switch (node.kind) {
    case "logical": {
      const operands = [conditionOf(node.left, text), conditionOf(node.right, text)];
      return { kind: node.operator === "&&" ? "and" : "or", operands };
    }
    case "unary":
      if (node.operator === "!") return { kind: "not", operand: conditionOf(node.operand, text) };
      break;
    case "binary": {
      if (node.operator !== "==" && node.operator !== "!=") break;
      const [reference, literal] =
        node.left.kind === "string" ? [node.right, node.left] : [node.left, node.right];
      if (reference.kind !== "reference" || !isContainer(reference)) break;
      const is: ContainerCondition = {
        kind: "is",
        fact: factOf(reference, text),
        texts: [constantOf(literal, text)],
      };
      return node.operator === "==" ? is : { kind: "not", operand: is };
    }
    case "in":
      if (node.left.kind !== "reference" || !isContainer(node.left)) break;
      return {
        kind: "is",
        fact: factOf(node.left, text),
        texts: node.list.map((item) => constantOf(item, text)),
      };
    case "reference":
      if (isContainer(node)) factOf(node, text);
      break;
    default:
      break;
  }
  throw wrong(
    text,
    node,
    "expected $container.name, .type or .id compared with a text by ==, != or in; other terms may be joined to that by && only",
  );
}

function factOf(reference: Reference, text: string): ContainerFact {
  const [head, step, ...others] = stepsOf(reference);
  const fact = CONTAINER_FACTS.find((known) => known === step?.name);
  const isPlain = others.length === 0 && step?.indexes === undefined && head?.indexes === undefined;
  if (fact !== undefined && isPlain) return fact;
  const got = step === undefined ? "nothing" : step.name;
  throw wrong(text, step ?? reference, `expected name, type or id after $container, got ${got}`);
}

function constantOf(node: Expression, text: string): TextConstant {
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
