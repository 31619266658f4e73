/**
 * A condition on containers as an expression that selects exactly their events, where all state is known beforehand and the
 * order of time decides nothing: then a query with containers is a query like any other.
 */

import type { Container, ContainerInstance } from "../../containers/container.ts";
import type { Registry } from "../../containers/registry.ts";
import type { Span } from "../../containers/tasks.ts";
import type { TraceClass } from "../../ctf/trace-class.ts";
import type { Expression } from "../../filter/ast.ts";
import { all, any, compare, oneOf, reference } from "../../filter/build.ts";
import type { ContainerCondition } from "../../filter/container-condition.ts";
import { bootOf } from "../../scan/record-columns.ts";
import { wantedNamespaces } from "./pushdown.ts";
import { isWanted } from "./wanted.ts";

export interface ExactPart {
  readonly expression: Expression;
  /** The container of the events, if they are all of one. */
  readonly container: Container | undefined;
}

/** With more, looking for tasks costs more than it saves. */
const MAX_SPANS = 64;

const pidNs = reference(["$ctx", "pid_ns"]);
const tid = reference(["$ctx", "tid"], true);
const timestamp = reference(["$event", "timestamp"]);

/** The events that a condition wants; `undefined` where no expression selects exactly these. */
export function exactPart(
  condition: ContainerCondition,
  registry: Registry,
  traceClasses: readonly TraceClass[],
): ExactPart | undefined {
  const inodes = wantedNamespaces(condition, registry, traceClasses);
  const [host, ...others] = registry.hosts;
  const boots = new Set(traceClasses.map((traceClass) => bootOf(traceClass, undefined)));
  // On another machine an inode is another namespace.
  const isOneMachine = host !== undefined && others.length === 0 && boots.size === 1;
  if (!isOneMachine || inodes === undefined || inodes.length === 0) return undefined;
  const wants = ({ container }: ContainerInstance): boolean => isWanted(condition, container);
  const byInode = new Map(host.pidNamespaces());
  const wanted = inodes.flatMap((inode) => byInode.get(inode) ?? []);
  // Otherwise times decide which container an event belongs to.
  if (!wanted.every((instance) => wants(instance) && !instance.isEndReported)) return undefined;
  const spans = [...host.exitedSpans(wants)];
  if (spans.length > MAX_SPANS) return undefined;
  const containers = new Set(wanted.map(({ container }) => container));
  const [container] = containers;
  const terms = inodes.map((inode) => namespaceTerm(inode, byInode.get(inode)!));
  return {
    expression: any([...terms, endingTasks(spans)])!,
    container: containers.size === 1 ? container : undefined,
  };
}

/** Events of a namespace; those from before its first instance, if that was seen to begin, are of another. */
function namespaceTerm(inode: number, [first]: readonly ContainerInstance[]): Expression {
  const since = first?.from;
  return all([
    compare(pidNs, "==", inode),
    since === undefined ? undefined : compare(timestamp, ">=", since),
  ])!;
}

/** Events of tasks that have left their namespaces already. */
function endingTasks(spans: readonly Span[]): Expression | undefined {
  if (spans.length === 0) return undefined;
  const always = spans.filter(({ from, to }) => from === undefined && to === undefined);
  const timed = spans
    .filter((span) => !always.includes(span))
    .map((span) =>
      all([
        compare(tid, "==", span.tid),
        span.from === undefined ? undefined : compare(timestamp, ">=", span.from),
        span.to === undefined ? undefined : compare(timestamp, "<", span.to),
      ]),
    );
  const known = always.map((span) => span.tid);
  const tasks = any([known.length === 0 ? undefined : oneOf(tid, known), ...timed]);
  return all([compare(pidNs, "==", 0), tasks]);
}
