import type { ContainerFacts } from "../../column/request.ts";
import { NAME_SEPARATOR } from "../../containers/container.ts";
import { type ContainerCondition, holds } from "../../filter/container-condition.ts";

/** Whether a condition holds for a container. What several containers share belongs to each of them. */
export function isWanted(condition: ContainerCondition, facts: ContainerFacts): boolean {
  if (holds(condition, facts)) return true;
  const names = facts.name?.split(NAME_SEPARATOR) ?? [];
  return names.length > 1 && names.some((name) => holds(condition, { ...facts, name }));
}
