/** What a condition on containers lets the scan leave out: all events of namespaces that no wanted container ever had. */

import { UNNAMED_TYPE } from "../../containers/container.ts";
import type { Registry } from "../../containers/registry.ts";
import type { TraceClass } from "../../ctf/trace-class.ts";
import type { Expression } from "../../filter/ast.ts";
import { all, oneOf, programOf, reference } from "../../filter/build.ts";
import type { Program } from "../../filter/bytecode.ts";
import { type ContainerCondition, factsIn, holds } from "../../filter/container-condition.ts";
import { isWanted } from "./wanted.ts";

/** With so many, the list costs more than it saves. */
const MAX_NAMESPACES = 64;
const PID_NS = "pid_ns";

/**
 * The pid namespaces of the wanted containers; `undefined` where nothing is known of some namespaces, or where events do
 * not have theirs.
 */
export function wantedNamespaces(
  condition: ContainerCondition,
  registry: Registry,
  traceClasses: Iterable<TraceClass>,
): readonly number[] | undefined {
  if (!haveNamespaces(traceClasses) || registry.hasMounts || mayBeUnseen(condition))
    return undefined;
  // Tasks of one namespace may be in several groups.
  if (registry.hasGroups && factsIn(condition).includes("cgroup")) return undefined;
  const wanted = new Set<number>();
  for (const host of registry.hosts) {
    for (const [inode, instances] of host.pidNamespaces()) {
      if (instances.some(({ container }) => isWanted(condition, container))) wanted.add(inode);
    }
  }
  return wanted.size < MAX_NAMESPACES ? [...wanted] : undefined;
}

/** The scan's filter for events of some pid namespaces, and of 0, which ending tasks have. */
export function pushedDown(
  filter: Program | undefined,
  namespaces: readonly number[] | undefined,
): Program | undefined {
  if (namespaces === undefined) return scanned(filter);
  return withPart(filter, oneOf(reference(["$ctx", PID_NS]), [0, ...namespaces]));
}

/** The scan's filter and another expression. */
export function withPart(filter: Program | undefined, part: Expression): Program {
  return programOf(all([scanned(filter)?.ast, part])!, filter?.source ?? filter?.text);
}

/** The part of a filter that the scan runs; `undefined` if it passes every event. */
export function scanned(filter: Program | undefined): Program | undefined {
  if (filter?.containers === undefined) return filter;
  return filter.passesAll === true ? undefined : { ...filter, containers: undefined };
}

function haveNamespaces(traceClasses: Iterable<TraceClass>): boolean {
  for (const { streamClasses } of traceClasses) {
    for (const { commonContext } of streamClasses.values())
      if (commonContext?.members.some(({ name }) => name === PID_NS) !== true) return false;
  }
  return true;
}

/** Whether a namespace of which nothing is known could be wanted. */
function mayBeUnseen(condition: ContainerCondition): boolean {
  // No condition can distinguish two unseen namespaces but by their number, which begins with these digits.
  return (
    ["pid_ns:4026", "pid_ns:1"].some((name) => holds(condition, { name, type: UNNAMED_TYPE })) ||
    namesUnseen(condition)
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
