/** Processes as users name them, `1119` or `8@web`, as conditions of a query. */

import { SourceError } from "../base/errors.ts";
import { beginsStage, queryTokens } from "./parse-query.ts";
import { textLiteral } from "./text-literal.ts";

/** A process by its id on the host, or by its id in a container. */
export interface NamedProcess {
  readonly id: number;
  readonly container: string | undefined;
}

/**
 * Reads `1119` or `8@web`.
 * @throws SourceError `PROCESS_SYNTAX`
 */
export function parseProcess(text: string): NamedProcess {
  const match = /^(\d{1,10})(?:@(.+))?$/.exec(text);
  if (match === null)
    throw new SourceError(
      "PROCESS_SYNTAX",
      `--pid: expected an id on the host, such as 1119, or in a container, such as 8@web, got ${text}`,
    );
  return { id: Number(match[1]), container: match[2] };
}

/** A process as users name it. */
export function processText({ id, container }: NamedProcess): string {
  return container === undefined ? String(id) : `${id}@${container}`;
}

/** The condition that an event is of one of some processes. */
export function processCondition(processes: readonly NamedProcess[]): string {
  const tests = processes.map(({ id, container }) =>
    container === undefined
      ? `$ctx.pid == ${id}`
      : `($ctx.vpid == ${id} && $container.name == ${textLiteral(container)})`,
  );
  return tests.length === 1 ? tests[0]! : `(${tests.join(" || ")})`;
}

/** A filter, or a query, of these processes only. */
export function ofProcesses(
  query: string | undefined,
  processes: readonly NamedProcess[],
): string | undefined {
  if (processes.length === 0) return query;
  const condition = processCondition(processes);
  if (query === undefined || query.trim() === "") return condition;
  const bar = queryTokens(query).find(beginsStage)?.start ?? query.length;
  const [filter, stages] = [query.slice(0, bar).trim(), query.slice(bar)];
  const pipe = stages === "" || stages.startsWith("|") ? "" : "|> ";
  return `${condition}${filter === "" ? "" : ` && (${filter})`} ${pipe}${stages}`.trim();
}
