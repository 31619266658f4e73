/** What conditions on rows ask of containers: some of it holds for all events of a row, and can be asked of them. */

import type { Expression } from "../filter/ast.ts";
import type { ContainerCondition } from "../filter/container-condition.ts";
import { conditionOf, conjunction, isContainerCondition } from "../filter/split-containers.ts";
import { conditionOnEvents } from "./event-columns.ts";

/** The terms of a condition that ask of nothing but containers, as events have them; and the others. */
export function splitTerms(condition: Expression): {
  readonly onContainers: readonly Expression[];
  readonly others: readonly Expression[];
} {
  const terms = conjunction(condition);
  const isOnContainers = (term: Expression): boolean =>
    isContainerCondition(conditionOnEvents(term));
  return {
    onContainers: terms.filter(isOnContainers).map(conditionOnEvents),
    others: terms.filter((term) => !isOnContainers(term)),
  };
}

/** The parts of a condition that ask of containers, joined as they are there: the names that may be missed. */
export function containersAsked(
  condition: Expression,
  text: string,
): ContainerCondition | undefined {
  if (condition.kind === "logical") {
    const operands = [condition.left, condition.right].flatMap(
      (one) => containersAsked(one, text) ?? [],
    );
    const kind = condition.operator === "&&" ? "and" : "or";
    return operands.length === 0 ? undefined : { kind, operands };
  }
  if (condition.kind === "unary") {
    const operand = containersAsked(condition.operand, text);
    return operand && { kind: "not", operand };
  }
  const written = conditionOnEvents(condition);
  return isContainerCondition(written) ? conditionOf(written, text) : undefined;
}
