/** Facts of events that are columns of their rows under another name. */

import { CONTAINER_FACTS, containerColumn } from "../column/request.ts";

type Fact = readonly [root: string, name: string];

/** How a filter writes a column: `host` is `$trace.hostname`. */
export const WRITTEN_COLUMNS: ReadonlyMap<string, Fact> = new Map<string, Fact>([
  ["event", ["$event", "name"]],
  ["timestamp", ["$event", "timestamp"]],
  ["cpu_id", ["$event", "cpu_id"]],
  ["domain", ["$event", "domain"]],
  ["host", ["$trace", "hostname"]],
  ...CONTAINER_FACTS.map((fact): [string, Fact] => [containerColumn(fact), ["$container", fact]]),
]);

/** The fact that a name means which is a column, or which lacks the sign: `container` and `container.name` are `$container.name`. */
export function factMeant(name: string): string | undefined {
  const column = WRITTEN_COLUMNS.get(name)?.join(".");
  if (column !== undefined) return column;
  return [...WRITTEN_COLUMNS.values()]
    .map((fact) => fact.join("."))
    .find((fact) => fact === `$${name}`);
}
