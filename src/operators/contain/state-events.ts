/**
 * The events that container state is read from, by their names: star globs. Those of control groups are the kernel's
 * tracepoints; LTTng has no probes for them, `perf` and others have.
 */

import { globMatches } from "../../base/glob.ts";
import type { TraceClass } from "../../ctf/trace-class.ts";

/** Container records. They may come from the kernel tracer or from a user-space provider. */
export const RECORD_EVENTS: readonly string[] = ["*lttng_statedump_container"];
export const STATE_EVENTS: readonly string[] = [
  ...RECORD_EVENTS,
  "lttng_statedump_process_pid_ns",
  "lttng_statedump_process_mnt_ns",
  // Up to LTTng 2.11, namespaces stand here.
  "lttng_statedump_process_state",
  "sched_process_fork",
  "sched_process_exit",
  "*cgroup_attach_task",
  "*cgroup_transfer_tasks",
  "*cgroup_mkdir",
  "*cgroup_rename",
  "*cgroup_rmdir",
];
/** Only where events have neither their namespace nor their task. */
export const SWITCH_EVENT = "sched_switch";

/** Whether any of some traces has such events. */
export function declares(traceClasses: Iterable<TraceClass>, events: readonly string[]): boolean {
  for (const { streamClasses } of traceClasses) {
    for (const { eventClasses } of streamClasses.values()) {
      for (const { name } of eventClasses.values())
        if (events.some((glob) => globMatches(glob, name))) return true;
    }
  }
  return false;
}

/** Whether events of some stream have neither their pid namespace nor their task: the task that ran on their processor is used. */
export function lacksIdentity({ streamClasses }: TraceClass): boolean {
  for (const { commonContext } of streamClasses.values()) {
    const has = (wanted: string): boolean =>
      commonContext?.members.some(({ name }) => name === wanted) === true;
    if (!has("pid_ns") && !has("tid")) return true;
  }
  return false;
}
