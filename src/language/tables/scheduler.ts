/** Tables of the scheduler: turns on processors, waits off them, and from being woken to running. */

import type { ColumnRequest } from "../../column/request.ts";
import {
  Blocked,
  type SchedulerColumns,
  type SlicePart,
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

type Part = keyof SchedulerColumns;

const READ: Readonly<Record<Part, ColumnRequest>> = {
  event: EVENT,
  host: BOOT,
  cpu: CPU,
  tid: context("tid"),
  prevTid: field("prev_tid"),
  prevComm: field("prev_comm"),
  prevPrio: field("prev_prio"),
  prevState: field("prev_state"),
  nextTid: field("next_tid"),
  nextComm: field("next_comm"),
  nextPrio: field("next_prio"),
  wokenTid: field("tid"),
  wokenComm: field("comm"),
  wokenPrio: field("prio"),
  procname: context("procname"),
  container: { kind: "container", fact: "name" },
};

function needsOf(parts: readonly Part[]): readonly ColumnRequest[] {
  return parts.map((part) => READ[part]);
}

/** Where the needs stand in the operator's input. */
function placesOf<P extends Part>(parts: readonly P[]): Pick<SchedulerColumns, P> {
  const places = parts.map((part, at) => [part, at]);
  return Object.fromEntries(places) as Pick<SchedulerColumns, P>;
}

const SLICE_PARTS: readonly SlicePart[] = [
  "event",
  "host",
  "cpu",
  "prevTid",
  "prevState",
  "nextTid",
  "nextComm",
  "nextPrio",
];

const WAIT_PARTS: readonly Part[] = [
  "event",
  "host",
  "cpu",
  "tid",
  "prevTid",
  "prevComm",
  "prevPrio",
  "prevState",
  "nextTid",
  "nextComm",
  "nextPrio",
  "wokenTid",
  "wokenComm",
  "wokenPrio",
];

/** What waits read, and what describes the waking task where that is wanted. */
function waitParts({ wanted }: TableRequest): readonly Part[] {
  const parts: Part[] = [...WAIT_PARTS];
  if (wanted.has("waker_comm")) parts.push("procname");
  if (wanted.has("waker_container")) parts.push("container");
  return parts;
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
  needs: () => needsOf(SLICE_PARTS),
  open: (spec) => new Slices(spec, placesOf(SLICE_PARTS)),
};

const WAKING: readonly string[] = ["sched_waking", "sched_wakeup", "sched_wakeup_new"];

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
    ...WAKING,
    ...(wanted.has("syscall") ? SYSCALLS.events({ wanted }) : []),
  ],
  rowsNeed: [["sched_switch"]],
  needs: (request) => needsOf(waitParts(request)),
  open: (spec, request) => new Blocked(spec, placesOf(waitParts(request))),
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
  events: () => ["sched_switch", ...WAKING],
  rowsNeed: [["sched_switch"], WAKING],
  needs: (request) => needsOf(waitParts(request)),
  open: (spec, request) => new Wakeups(spec, placesOf(waitParts(request))),
};
