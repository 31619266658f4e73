/**
 * Tables of what the scheduler does: turns on processors (`slices`), times off them (`blocked`), and waits from being
 * woken to running (`wakeups`). One event, a switch, ends one interval and begins another.
 */

import type { ColumnBatch } from "../../column/column.ts";
import { isPresent, numberAt, textAt } from "../../column/row-reader.ts";
import type { Schema } from "../../column/schema.ts";
import type { Loss } from "../../feed/losses.ts";
import { EventRoles } from "./event-roles.ts";
import { IntervalTable } from "./interval-table.ts";
import { MAX_OPEN, OpenIntervals } from "./open-intervals.ts";
import type { OwnValue } from "./row-assembly.ts";
import type { TableSpec } from "./table.ts";
import { TaskKeys } from "./task-keys.ts";

/** The places of what these tables read, in their input. */
export interface SchedulerColumns {
  readonly event: number;
  readonly host: number;
  readonly cpu: number;
  /** Of the event's task; of a switch, of the one that leaves. */
  readonly tid: number;
  readonly prevTid: number;
  readonly prevComm: number;
  readonly prevPrio: number;
  readonly prevState: number;
  readonly nextTid: number;
  readonly nextComm: number;
  readonly nextPrio: number;
  /** Of an event that wakes: the task that is woken. */
  readonly wokenTid: number;
  readonly wokenComm: number;
  readonly wokenPrio: number;
  /** Of an event's task, where it is asked for. */
  readonly procname?: number | undefined;
  readonly container?: number | undefined;
}

type Role = "switch" | "wakeup" | "entry" | "exit";

const ROLES: ReadonlyMap<string, Role> = new Map<string, Role>([
  ["sched_switch", "switch"],
  ["sched_waking", "wakeup"],
  ["sched_wakeup", "wakeup"],
  ["sched_wakeup_new", "wakeup"],
]);

function roleOf(event: string): Role | undefined {
  const known = ROLES.get(event);
  if (known !== undefined) return known;
  if (/^(compat_)?syscall_entry_/.test(event)) return "entry";
  return /^(compat_)?syscall_exit_/.test(event) ? "exit" : undefined;
}

/** The idle task, one of each processor. */
const IDLE = 0;

/** What the kernel's `prev_state` says of a task that leaves the processor. @see include/linux/sched.h */
export function stateName(state: number): string {
  // TASK_STATE_MAX marks a task that was preempted while it could run; older kernels say 0.
  if (state === 0 || (state & 0x100) !== 0) return "preempted";
  if ((state & 0x30) !== 0) return "exit";
  if ((state & 0x2) !== 0) return "disk";
  if ((state & 0x1) !== 0) return "sleep";
  if ((state & 0xc) !== 0) return "stopped";
  if ((state & 0x40) !== 0) return "parked";
  if ((state & 0x80) !== 0) return "idle";
  return `state ${state}`;
}

/** What the tables have in common: what they read, and keys of tasks. */
abstract class SchedulerTable<Part extends keyof SchedulerColumns> extends IntervalTable {
  protected readonly at: Pick<SchedulerColumns, Part>;
  protected readonly roles: EventRoles<Role> = new EventRoles(roleOf);
  protected readonly tasks: TaskKeys = new TaskKeys();
  protected readonly cpus: TaskKeys = new TaskKeys();

  constructor(spec: TableSpec, at: Pick<SchedulerColumns, Part>) {
    super(spec);
    this.at = at;
  }
}

/** What `Slices` reads. */
export type SlicePart =
  | "event"
  | "host"
  | "cpu"
  | "prevTid"
  | "prevState"
  | "nextTid"
  | "nextComm"
  | "nextPrio";

/** A task's turn on a processor: from the switch to it, to the switch away from it. Rows have the contexts of the latter. */
export class Slices extends SchedulerTable<SlicePart> {
  readonly #tids: number[] = [];
  /** The last switch away from each task: its contexts are the task's. */
  readonly #left = new OpenIntervals();
  /** The task of each open slice, as a key of `#left`. */
  readonly #tasks: number[] = [];

  protected override use(batch: ColumnBatch): void {
    this.#left.use(batch);
  }

  protected override settle(input: Schema): void {
    this.#left.settle(input);
  }

  protected override endSoFar(
    slot: number,
  ): { readonly batch: ColumnBatch; readonly row: number } | undefined {
    const left = this.#left.find(this.#tasks[slot]!);
    return left === -1
      ? undefined
      : { batch: this.#left.batchOf(left), row: this.#left.rowOf(left) };
  }

  protected event(batch: ColumnBatch, row: number, hi: number, lo: number): void {
    const at = this.at;
    if (this.roles.of(batch.columns[at.event]!, row) !== "switch") return;
    this.#leave(batch, row, hi, lo);
    const key = this.cpus.of(batch, at.host, at.cpu, row);
    if (key === -1) return;
    const previous = numberAt(batch.columns[at.prevTid]!, row);
    const slot = this.open.find(key);
    if (slot !== -1) {
      // What ran is known by the switch to it; another that leaves means that a switch is missing.
      if (this.#tids[slot] === previous) this.finish(slot, batch, row);
      else this.drop(slot, "unpaired");
    }
    const next = numberAt(batch.columns[at.nextTid]!, row);
    // The time of an idle processor belongs to no task.
    if (next === IDLE) return;
    const begun = this.begin(key, row);
    this.#tids[begun] = next;
    this.#tasks[begun] = this.tasks.of(batch, at.host, at.nextTid, row);
  }

  /** Keeps the contexts of the task that leaves. */
  #leave(batch: ColumnBatch, row: number, hi: number, lo: number): void {
    const at = this.at;
    const task = this.tasks.of(batch, at.host, at.prevTid, row);
    if (task === -1 || numberAt(batch.columns[at.prevTid]!, row) === IDLE) return;
    const before = this.#left.find(task);
    if (before !== -1) this.#left.close(before);
    else if (this.#left.size >= MAX_OPEN) this.#left.close(this.#left.oldest);
    this.#left.open(task, row, hi, lo);
  }

  protected own(name: string, slot: number, end: ColumnBatch | undefined, row: number): OwnValue {
    const at = this.at;
    const begin = this.open.batchOf(slot);
    const beginRow = this.open.rowOf(slot);
    switch (name) {
      case "tid":
        return this.#tids[slot];
      case "comm":
        return textAt(begin.columns[at.nextComm]!, beginRow);
      case "prio":
        return numberOf(begin, at.nextPrio, beginRow);
      case "cpu_id":
        return numberOf(begin, at.cpu, beginRow);
      case "left":
        return end && stateName(numberAt(end.columns[at.prevState]!, row));
      default:
        return undefined;
    }
  }
}

/** What is known of a task that is off the processor. */
interface Waiting {
  readonly tid: number;
  readonly state: string | undefined;
  readonly syscall: string | undefined;
  wakerTid: number | undefined;
  wakerComm: string | undefined;
  wakerContainer: string | undefined;
  wokenHi: number;
  wokenLo: number;
  isWoken: boolean;
}

/** A task off the processor: from the switch away from it, to the switch to it. Rows have the contexts of the former. */
export class Blocked extends SchedulerTable<keyof SchedulerColumns> {
  readonly #waiting: (Waiting | undefined)[] = [];
  /** The system call that each task is in, by the task's key. */
  readonly #syscalls = new Map<number, string>();

  protected event(batch: ColumnBatch, row: number, hi: number, lo: number): void {
    const at = this.at;
    const role = this.roles.of(batch.columns[at.event]!, row);
    if (role === undefined) return;
    if (role === "switch") this.#switch(batch, row, hi, lo);
    else if (role === "wakeup") this.#wakeup(batch, row, hi, lo);
    else this.#syscall(batch, row, role);
  }

  protected override lost(loss: Loss): void {
    super.lost(loss);
    this.#syscalls.clear();
  }

  #switch(batch: ColumnBatch, row: number, hi: number, lo: number): void {
    const at = this.at;
    const next = numberAt(batch.columns[at.nextTid]!, row);
    const nextKey = this.tasks.of(batch, at.host, at.nextTid, row);
    const slot = nextKey === -1 || next === IDLE ? -1 : this.open.find(nextKey);
    if (slot !== -1) this.finish(slot, batch, row);
    const previous = numberAt(batch.columns[at.prevTid]!, row);
    const state = stateName(numberAt(batch.columns[at.prevState]!, row));
    const key = this.tasks.of(batch, at.host, at.prevTid, row);
    if (key === -1 || previous === IDLE) return;
    const syscall = this.#syscalls.get(key);
    if (state === "exit") {
      this.#syscalls.delete(key);
      return;
    }
    // A task that can run waits for a processor from now on.
    const isWoken = state === "preempted";
    this.#waiting[this.begin(key, row)] = {
      tid: previous,
      state,
      syscall,
      wakerTid: undefined,
      wakerComm: undefined,
      wakerContainer: undefined,
      wokenHi: hi,
      wokenLo: lo,
      isWoken,
    };
  }

  #wakeup(batch: ColumnBatch, row: number, hi: number, lo: number): void {
    const at = this.at;
    const key = this.tasks.of(batch, at.host, at.wokenTid, row);
    const slot = key === -1 ? -1 : this.open.find(key);
    const waiting = slot === -1 ? undefined : this.#waiting[slot];
    // `sched_waking` comes first, in the context of the waking task; `sched_wakeup` may follow elsewhere.
    if (waiting === undefined || waiting.isWoken) return;
    waiting.isWoken = true;
    waiting.wokenHi = hi;
    waiting.wokenLo = lo;
    waiting.wakerTid = numberOf(batch, at.tid, row);
    waiting.wakerComm =
      at.procname === undefined ? undefined : textAt(batch.columns[at.procname]!, row);
    waiting.wakerContainer =
      at.container === undefined ? undefined : textAt(batch.columns[at.container]!, row);
  }

  #syscall(batch: ColumnBatch, row: number, role: "entry" | "exit"): void {
    const at = this.at;
    const key = this.tasks.of(batch, at.host, at.tid, row);
    if (key === -1) return;
    if (role === "exit") {
      this.#syscalls.delete(key);
      return;
    }
    const event = textAt(batch.columns[at.event]!, row) ?? "";
    this.#syscalls.set(key, event.replace(/^(compat_)?syscall_entry_/, ""));
  }

  protected own(name: string, slot: number, end: ColumnBatch | undefined, row: number): OwnValue {
    const waiting = this.#waiting[slot]!;
    const at = this.at;
    const begin = this.open.batchOf(slot);
    switch (name) {
      case "tid":
        return waiting.tid;
      case "comm":
        return textAt(begin.columns[at.prevComm]!, this.open.rowOf(slot));
      case "prio":
        return numberOf(begin, at.prevPrio, this.open.rowOf(slot));
      case "state":
        return waiting.state;
      case "syscall":
        return waiting.syscall;
      case "waker_tid":
        return waiting.wakerTid;
      case "waker_comm":
        return waiting.wakerComm;
      case "waker_container":
        return waiting.wakerContainer;
      case "cpu_id":
        return end && numberOf(end, at.cpu, row);
      case "latency":
        if (!waiting.isWoken || end === undefined) return undefined;
        return this.since(waiting.wokenHi, waiting.wokenLo);
      default:
        return undefined;
    }
  }
}

/** From being woken to running. Rows have the contexts of the waking task. */
export class Wakeups extends SchedulerTable<keyof SchedulerColumns> {
  /** The running task of each processor: waking those says nothing. */
  readonly #running = new Map<number, number>();

  protected event(batch: ColumnBatch, row: number): void {
    const at = this.at;
    const role = this.roles.of(batch.columns[at.event]!, row);
    if (role === "switch") {
      const key = this.tasks.of(batch, at.host, at.nextTid, row);
      const cpu = this.cpus.of(batch, at.host, at.cpu, row);
      if (key === -1) return;
      this.#running.set(cpu, key);
      const slot = this.open.find(key);
      if (slot !== -1) this.finish(slot, batch, row);
    } else if (role === "wakeup") {
      const key = this.tasks.of(batch, at.host, at.wokenTid, row);
      if (key === -1 || this.open.find(key) !== -1) return;
      for (const running of this.#running.values()) if (running === key) return;
      this.begin(key, row);
    }
  }

  protected override lost(loss: Loss): void {
    super.lost(loss);
    this.#running.clear();
  }

  protected own(name: string, slot: number, end: ColumnBatch | undefined, row: number): OwnValue {
    const at = this.at;
    const begin = this.open.batchOf(slot);
    const beginRow = this.open.rowOf(slot);
    switch (name) {
      case "tid":
        return numberOf(begin, at.wokenTid, beginRow);
      case "comm":
        return textAt(begin.columns[at.wokenComm]!, beginRow);
      case "prio":
        return numberOf(begin, at.wokenPrio, beginRow);
      case "waker_tid":
        return numberOf(begin, at.tid, beginRow);
      case "waker_comm":
        return at.procname === undefined
          ? undefined
          : textAt(begin.columns[at.procname]!, beginRow);
      case "waker_container":
        return at.container === undefined
          ? undefined
          : textAt(begin.columns[at.container]!, beginRow);
      case "cpu_id":
        return end && numberOf(end, at.cpu, row);
      default:
        return undefined;
    }
  }
}

function numberOf({ columns }: ColumnBatch, at: number, row: number): number | undefined {
  const column = columns[at]!;
  return column.kind === "number" && isPresent(column, row)
    ? Number(column.values[row])
    : undefined;
}
