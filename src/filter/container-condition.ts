/** What a filter asks of an event's container: `$container.name`, `.type`, `.id`, `.cgroup` and the like. */

import { isExclusion } from "../base/glob.ts";
import type { ContainerFact, ContainerFacts } from "../column/request.ts";
import { textMatches } from "./glob.ts";
import { type TextConstant, textConstant } from "./text-literal.ts";

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
      return condition.texts.some((text) => textMatches(text, bytes));
    }
  }
}

/** The facts that a condition asks for. */
export function factsIn(condition: ContainerCondition): readonly ContainerFact[] {
  switch (condition.kind) {
    case "and":
    case "or":
      return condition.operands.flatMap(factsIn);
    case "not":
      return factsIn(condition.operand);
    case "is":
      return [condition.fact];
  }
}

/** A text that a condition names, as it was written, and as a condition of its own. */
export interface WantedName {
  readonly text: string;
  /** Whether containers of this name are what is not wanted. */
  readonly isExcluded: boolean;
  readonly condition: ContainerCondition;
}

/** The names that a condition asks for, and those that it excludes. */
export function wantedNames(
  condition: ContainerCondition,
  isExcluded: boolean = false,
): readonly WantedName[] {
  switch (condition.kind) {
    case "and":
    case "or":
      return condition.operands.flatMap((operand) => wantedNames(operand, isExcluded));
    case "not":
      return wantedNames(condition.operand, !isExcluded);
    case "is":
      if (condition.fact !== "name") return [];
      // No name is no name that could be missed.
      return condition.texts
        .filter(({ raw }) => raw.length > 0)
        .map((text) => ({
          text: decoder.decode(text.raw),
          isExcluded,
          condition: { ...condition, texts: [text] },
        }));
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

/** The condition that a container has a name, in which `*` stands for anything. */
export function named(name: string): ContainerCondition {
  return { kind: "is", fact: "name", texts: [textConstant(name)] };
}

/** One of some conditions; `undefined` for none. */
export function anyOf(
  conditions: readonly (ContainerCondition | undefined)[],
): ContainerCondition | undefined {
  const operands = conditions.filter((one) => one !== undefined);
  return operands.length === 0 ? undefined : { kind: "or", operands };
}

/**
 * The condition that a container has one of some names, and none of those behind `!`; with exclusions alone, any other.
 * @returns `undefined` for no names
 */
export function namedBy(names: readonly string[]): ContainerCondition | undefined {
  const included = names.filter((name) => !isExclusion(name)).map(named);
  const excluded = names
    .filter(isExclusion)
    .map((name): ContainerCondition => ({ kind: "not", operand: named(name.slice(1)) }));
  if (included.length === 0 && excluded.length === 0) return undefined;
  const any: ContainerCondition = { kind: "or", operands: included };
  return included.length === 0
    ? { kind: "and", operands: excluded }
    : excluded.length === 0
      ? any
      : { kind: "and", operands: [any, ...excluded] };
}
