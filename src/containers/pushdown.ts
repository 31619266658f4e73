/** What a condition on containers lets the scan leave out: all events of namespaces that no wanted container ever had. */

import type { TraceClass } from "../ctf/trace-class.ts";
import type { Program } from "../filter/bytecode.ts";
import { compileFilter } from "../filter/compile.ts";
import { type ContainerCondition, holds } from "../filter/container-condition.ts";
import { print } from "../filter/print.ts";
import { UNNAMED_TYPE } from "./container.ts";
import type { Registry } from "./registry.ts";

/** With so many, the list costs more than it saves. */
const MAX_NAMESPACES = 64;
const PID_NS = "pid_ns";

/**
 * The pid namespaces of the wanted containers; `undefined` where nothing is known of some namespaces, or where events do
 * not tell theirs.
 */
export function wantedNamespaces(
  condition: ContainerCondition,
  registry: Registry,
  traceClasses: Iterable<TraceClass>,
): readonly number[] | undefined {
  if (!tellsNamespaces(traceClasses) || registry.hasMounts || mayBeUnseen(condition))
    return undefined;
  const wanted = new Set<number>();
  for (const host of registry.hosts) {
    for (const [inode, lives] of host.pidNamespaces()) {
      const isWanted = lives.some(({ container: { name, type, id } }) =>
        holds(condition, { name, type, id }),
      );
      if (isWanted) wanted.add(inode);
    }
  }
  return wanted.size < MAX_NAMESPACES ? [...wanted] : undefined;
}

/** A filter, without what it says of containers, for events of some pid namespaces, and of 0, which dying tasks have. */
export function pushedDown(
  filter: Program | undefined,
  namespaces: readonly number[] | undefined,
): Program | undefined {
  if (namespaces === undefined) return filter && withoutContainers(filter);
  return withPart(filter, `$ctx.${PID_NS} in (${[0, ...namespaces].join(", ")})`);
}

/** A filter, without what it says of containers, and another expression. */
export function withPart(filter: Program | undefined, text: string): Program {
  const rest = filter && withoutContainers(filter);
  return compileFilter(rest === undefined ? text : `(${print(rest.ast)}) && (${text})`);
}

function tellsNamespaces(traceClasses: Iterable<TraceClass>): boolean {
  for (const { streamClasses } of traceClasses) {
    for (const { commonContext } of streamClasses.values())
      if (commonContext?.members.some(({ name }) => name === PID_NS) !== true) return false;
  }
  return true;
}

/** The part of a filter that the scan runs; `undefined` if it is nothing but a condition on containers. */
export function withoutContainers(filter: Program): Program | undefined {
  if (filter.containers === undefined) return filter;
  const { ast } = filter;
  const isTrue = ast.kind === "integer" && ast.start === ast.end;
  if (isTrue) return undefined;
  return compileFilter(print(ast));
}

/** Whether a namespace that nothing was told of could be wanted. */
function mayBeUnseen(condition: ContainerCondition): boolean {
  // No condition can tell two unseen namespaces apart but by their number, which begins with these digits.
  return (
    ["pid_ns:4026", "pid_ns:1"].some((name) =>
      holds(condition, { name, type: UNNAMED_TYPE, id: undefined }),
    ) || namesUnseen(condition)
  );
}

function namesUnseen(condition: ContainerCondition): boolean {
  switch (condition.kind) {
    case "not":
      return namesUnseen(condition.operand);
    case "is":
      return condition.texts.some(({ decoded }) => decoder.decode(decoded).startsWith("pid_ns"));
    default:
      return condition.operands.some(namesUnseen);
  }
}

const decoder = new TextDecoder();
