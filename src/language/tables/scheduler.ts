/** Tables of the scheduler: turns on processors, waits off them, and from being woken to running. */

import type { ColumnRequest } from "../../column/request.ts";
import {
  Blocked,
  type SchedulerColumns,
  Slices,
  Wakeups,
} from "../../operators/tables/scheduler.ts";
import {
  BEGIN,
  BOOT,
  CPU,
  column,
  context,
  DT,
  EVENT,
  field,
  INT32,
  INT64,
  type TableColumn,
  type TableDefinition,
  type TableRequest,
  TEXT,
} from "./definition.ts";
import { SYSCALLS } from "./syscalls.ts";

const SCHEDULER_NEEDS: readonly ColumnRequest[] = [
  EVENT,
  BOOT,
  CPU,
  context("tid"),
  field("prev_tid"),
  field("prev_comm"),
  field("prev_prio"),
  field("prev_state"),
  field("next_tid"),
  field("next_comm"),
  field("next_prio"),
  field("tid"),
  field("comm"),
  field("prio"),
];

function schedulerColumns(request: TableRequest): SchedulerColumns {
  const more = wakerNeeds(request);
  const at = (index: number): number | undefined =>
    index === -1 ? undefined : SCHEDULER_NEEDS.length + index;
  return {
    event: 0,
    host: 1,
    cpu: 2,
    tid: 3,
    prevTid: 4,
    prevComm: 5,
    prevPrio: 6,
    prevState: 7,
    nextTid: 8,
    nextComm: 9,
    nextPrio: 10,
    wokenTid: 11,
    wokenComm: 12,
    wokenPrio: 13,
    procname: at(more.findIndex(({ kind }) => kind === "context")),
    container: at(more.findIndex(({ kind }) => kind === "container")),
  };
}

/** What describes the waking task. */
function wakerNeeds({ wanted }: TableRequest): readonly ColumnRequest[] {
  const needs: ColumnRequest[] = [];
  if (wanted.has("waker_comm")) needs.push(context("procname"));
  if (wanted.has("waker_container")) needs.push({ kind: "container", fact: "name" });
  return needs;
}

export const SLICES: TableDefinition = {
  name: "slices",
  help: "turns of tasks on processors; contexts are the task's as it leaves",
  columns: [
    BEGIN,
    DT,
    column("cpu_id", INT32, "the processor"),
    column("tid", INT32, "the task"),
    column("comm", TEXT, "its name"),
    column("prio", INT32, "its priority"),
    column("left", TEXT, "why it left: preempted, sleep, disk, stopped, exit"),
  ],
  shown: ["timestamp", "dt", "cpu_id", "tid", "comm", "prio", "left"],
  hasFields: false,
  isInterval: true,
  contextsFrom: "end",
  events: () => ["sched_switch"],
  needs: () => SCHEDULER_NEEDS,
  open: (spec, request) => new Slices(spec, schedulerColumns(request)),
};

const WAKERS: readonly TableColumn[] = [
  column("waker_tid", INT32, "the task that woke it"),
  column("waker_comm", TEXT, "its name"),
  column("waker_container", TEXT, "its container"),
];

export const BLOCKED: TableDefinition = {
  name: "blocked",
  help: "tasks off the processor, from the switch away to the switch back; contexts are the task's as it leaves",
  columns: [
    BEGIN,
    DT,
    column("tid", INT32, "the task"),
    column("comm", TEXT, "its name"),
    column("prio", INT32, "its priority"),
    column("state", TEXT, "preempted, sleep, disk or stopped"),
    column("syscall", TEXT, "the system call that it was in"),
    ...WAKERS,
    column("latency", INT64, "from being woken to running", "ns"),
    column("cpu_id", INT32, "the processor that it came back to"),
  ],
  shown: [
    "timestamp",
    "dt",
    "tid",
    "comm",
    "state",
    "syscall",
    "waker_tid",
    "waker_comm",
    "latency",
  ],
  hasFields: false,
  isInterval: true,
  contextsFrom: "begin",
  events: ({ wanted }) => [
    "sched_switch",
    "sched_waking",
    "sched_wakeup",
    "sched_wakeup_new",
    ...(wanted.has("syscall") ? SYSCALLS.events({ wanted }) : []),
  ],
  needs: (request) => [...SCHEDULER_NEEDS, ...wakerNeeds(request)],
  open: (spec, request) => new Blocked(spec, schedulerColumns(request)),
};

export const WAKEUPS: TableDefinition = {
  name: "wakeups",
  help: "waits from being woken to running; contexts are the waker's",
  columns: [
    BEGIN,
    DT,
    column("tid", INT32, "the task that was woken"),
    column("comm", TEXT, "its name"),
    column("prio", INT32, "its priority"),
    ...WAKERS,
    column("cpu_id", INT32, "the processor that it came to"),
  ],
  shown: ["timestamp", "dt", "tid", "comm", "prio", "waker_tid", "waker_comm", "cpu_id"],
  hasFields: false,
  isInterval: true,
  contextsFrom: "begin",
  events: () => ["sched_switch", "sched_waking", "sched_wakeup", "sched_wakeup_new"],
  needs: (request) => [...SCHEDULER_NEEDS, ...wakerNeeds(request)],
  open: (spec, request) => new Wakeups(spec, schedulerColumns(request)),
};
