/** The events that tell of containers, by their names. */

import { globMatches } from "../base/glob.ts";
import type { TraceClass } from "../ctf/trace-class.ts";

/** Star globs over event names. Records may come from the kernel tracer's or from a user-space provider. */
const RECORD_EVENTS = "*lttng_statedump_container";
export const STATE_EVENTS: readonly string[] = [
  RECORD_EVENTS,
  "lttng_statedump_process_pid_ns",
  // Up to LTTng 2.11, namespaces stand here.
  "lttng_statedump_process_state",
  "sched_process_fork",
  "sched_process_exit",
];
/** Only where events do not say in which namespace they happened. */
export const SWITCH_EVENT = "sched_switch";

/** Whether events of that name name containers. */
export function isRecordEvent(name: string): boolean {
  return globMatches(RECORD_EVENTS, name);
}

/** Whether events of that name are read for what they tell of containers. */
export function isStateEvent(name: string): boolean {
  return STATE_EVENTS.some((glob) => globMatches(glob, name));
}

/** Whether traces have events of a wanted name. */
export function declares(
  traceClasses: Iterable<TraceClass>,
  isWanted: (event: string) => boolean,
): boolean {
  for (const { streamClasses } of traceClasses) {
    for (const { eventClasses } of streamClasses.values())
      for (const { name } of eventClasses.values()) if (isWanted(name)) return true;
  }
  return false;
}
