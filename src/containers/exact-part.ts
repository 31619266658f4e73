/**
 * A condition on containers as a filter that selects exactly their events, where all is told beforehand and nothing is left to
 * decide by the order of time: then a query with containers is a query like any other.
 */

import type { TraceClass } from "../ctf/trace-class.ts";
import { type ContainerCondition, holds } from "../filter/container-condition.ts";
import { bootOf } from "../scan/record-columns.ts";
import type { Container, Life } from "./container.ts";
import type { Registry } from "./registry.ts";
import type { Span } from "./tasks.ts";

export interface ExactPart {
  /** A filter expression. */
  readonly text: string;
  /** Whose the events are, if they are all of one container. */
  readonly container: Container | undefined;
}

/** With more, looking for tasks costs more than it saves. */
const MAX_SPANS = 64;

/**
 * The part of the events that a condition wants; `undefined` where a filter cannot tell it.
 * @param inodes the `wantedNamespaces`
 */
export function exactPart(
  condition: ContainerCondition,
  inodes: readonly number[],
  registry: Registry,
  traceClasses: readonly TraceClass[],
): ExactPart | undefined {
  const [host, ...others] = registry.hosts;
  const boots = new Set(traceClasses.map((traceClass) => bootOf(traceClass, undefined)));
  // On another machine an inode is somebody else.
  const isOneMachine = host !== undefined && others.length === 0 && boots.size === 1;
  if (!isOneMachine || inodes.length === 0) return undefined;
  const isWanted = ({ container: { name, type, id } }: Life): boolean =>
    holds(condition, { name, type, id });
  const lives = new Map(host.pidNamespaces());
  const wanted = inodes.flatMap((inode) => lives.get(inode) ?? []);
  // Otherwise times tell whose an event is.
  if (!wanted.every((life) => isWanted(life) && !life.isEndTold)) return undefined;
  const spans = [...host.exitedSpans(isWanted)];
  if (spans.length > MAX_SPANS) return undefined;
  const containers = new Set(wanted.map(({ container }) => container));
  const [container] = containers;
  const terms = [
    ...inodes.map((inode) => namespaceTerm(inode, lives.get(inode)!)),
    ...dying(spans),
  ];
  return { text: terms.join(" || "), container: containers.size === 1 ? container : undefined };
}

/** Events of a namespace; those from before its first life, if that was seen to begin, are of another. */
function namespaceTerm(inode: number, [first]: readonly Life[]): string {
  const term = `$ctx.pid_ns == ${inode}`;
  return first?.from === undefined ? term : `(${term} && $event.timestamp >= ${first.from})`;
}

/** Events of tasks that have left their namespaces already. */
function dying(spans: readonly Span[]): readonly string[] {
  if (spans.length === 0) return [];
  const always = spans.filter(({ from, to }) => from === undefined && to === undefined);
  const terms = spans
    .filter((span) => !always.includes(span))
    .map(({ tid, from, to }) => {
      const begin = from === undefined ? "" : ` && $event.timestamp >= ${from}`;
      const end = to === undefined ? "" : ` && $event.timestamp < ${to}`;
      return `($ctx.tid? == ${tid}${begin}${end})`;
    });
  if (always.length > 0) terms.unshift(`$ctx.tid? in (${always.map(({ tid }) => tid).join(", ")})`);
  return [`($ctx.pid_ns == 0 && (${terms.join(" || ")}))`];
}
