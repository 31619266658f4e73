/** The tables that a query can name: which events they read, which columns they have, which operator makes their rows. */

import type { ColumnBatch, ColumnType } from "../column/column.ts";
import type { ColumnRequest } from "../column/request.ts";
import { numberAt, valueAt } from "../column/row-reader.ts";
import type { Operator } from "../operators/operator.ts";
import { PairedTable, type Pairing, type PairRole } from "../operators/tables/pairing.ts";
import type { OwnValue } from "../operators/tables/row-assembly.ts";
import { Blocked, type SchedulerColumns, Slices, Wakeups } from "../operators/tables/scheduler.ts";
import { SingleEvents } from "../operators/tables/single-events.ts";
import type { Side, TableSpec } from "../operators/tables/table.ts";

export interface TableColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly unit?: string;
  readonly help: string;
}

/** What the planner asks a table for. */
export interface TableRequest {
  /** Own columns that are wanted. */
  readonly wanted: ReadonlySet<string>;
}

/** A table, as the planner knows it. */
export interface TableDefinition {
  readonly name: string;
  readonly help: string;
  /** Its own columns. */
  readonly columns: readonly TableColumn[];
  /** Columns of its rows where nothing is selected, beside the container's. */
  readonly shown: readonly string[];
  /** Globs over the names of the events that it reads. */
  events(request: TableRequest): readonly string[];
  /** Whether fields of its events are columns, too. */
  readonly hasFields: boolean;
  /** Whether `begin.x` and `end.x` say of which of its events. */
  readonly hasSides?: boolean;
  readonly isInterval: boolean;
  /** Whether all events of a row are of one container. */
  readonly sharesContainer?: boolean;
  /** Of which event contexts and fields are: an interval's first, its last, or the first of them that has a value. */
  readonly contextsFrom: Side;
  /** What the operator reads of its events, in this order, in front of the carried columns. */
  needs(request: TableRequest): readonly ColumnRequest[];
  open(spec: TableSpec, request: TableRequest): Operator;
}

const INT32: ColumnType = { kind: "number", number: "int32" };
const INT64: ColumnType = { kind: "number", number: "int64" };
const TEXT: ColumnType = { kind: "dictionary" };
const TIME: ColumnType = { kind: "timestamp" };

const context = (name: string): ColumnRequest => ({ kind: "context", name, isOptional: true });
const field = (name: string): ColumnRequest => ({ kind: "field", name, isOptional: true });
const EVENT: ColumnRequest = { kind: "event" };
const BOOT: ColumnRequest = { kind: "boot" };
const CPU: ColumnRequest = { kind: "cpu_id" };

const column = (name: string, type: ColumnType, help: string, unit?: string): TableColumn => ({
  name,
  type,
  help,
  ...(unit !== undefined && { unit }),
});

const BEGIN = column("timestamp", TIME, "when it began");
const DT = column("dt", INT64, "how long it took", "ns");

/** A system call waits for days, and its task is in no other. */
const SYSCALLS: TableDefinition = {
  name: "syscalls",
  help: "system calls, from entry to exit; contexts are the entry's",
  columns: [BEGIN, DT, column("syscall", TEXT, "its name")],
  shown: ["timestamp", "dt", "syscall", "procname", "tid", "ret"],
  hasFields: true,
  isInterval: true,
  sharesContainer: true,
  contextsFrom: "begin",
  events: () => [
    "syscall_entry_*",
    "syscall_exit_*",
    "compat_syscall_entry_*",
    "compat_syscall_exit_*",
  ],
  needs: () => [EVENT, BOOT, context("tid")],
  open: (spec) =>
    new PairedTable(
      spec,
      {
        role: syscallRole,
        keys: [1, 2],
        isExclusive: true,
        within: undefined,
        countsLoneEnds: true,
        nameColumns: ["syscall"],
      },
      0,
    ),
};

function syscallRole(event: string): PairRole | undefined {
  const match = /^(?:compat_)?syscall_(entry|exit)_(.+)$/.exec(event);
  if (match === null) return undefined;
  const isBegin = match[1] === "entry";
  return { isBegin, isEnd: !isBegin, name: match[2]! };
}

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

/** What tells of the one who wakes. */
function wakerNeeds({ wanted }: TableRequest): readonly ColumnRequest[] {
  const needs: ColumnRequest[] = [];
  if (wanted.has("waker_comm")) needs.push(context("procname"));
  if (wanted.has("waker_container")) needs.push({ kind: "container", fact: "name" });
  return needs;
}

const SLICES: TableDefinition = {
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

const BLOCKED: TableDefinition = {
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

const WAKEUPS: TableDefinition = {
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

/** @see include/linux/interrupt.h */
const SOFTIRQS = [
  "HI",
  "TIMER",
  "NET_TX",
  "NET_RX",
  "BLOCK",
  "IRQ_POLL",
  "TASKLET",
  "SCHED",
  "HRTIMER",
  "RCU",
];

const IRQS: TableDefinition = {
  name: "irqs",
  help: "runs of interrupt handlers; softirqs also from being raised",
  columns: [
    BEGIN,
    DT,
    column("raise_dt", INT64, "softirqs: from being raised to running", "ns"),
    column("kind", TEXT, "irq or softirq"),
    column("irq", INT32, "its number"),
    column("name", TEXT, "the handler's, or the softirq's"),
    column("cpu_id", INT32, "the processor"),
  ],
  shown: ["timestamp", "dt", "kind", "irq", "name", "cpu_id", "raise_dt"],
  hasFields: false,
  isInterval: true,
  contextsFrom: "begin",
  events: () => [
    "irq_handler_entry",
    "irq_handler_exit",
    "irq_softirq_raise",
    "irq_softirq_entry",
    "irq_softirq_exit",
  ],
  needs: () => [EVENT, BOOT, CPU, field("irq"), field("vec"), field("name")],
  open: (spec) => new Irqs(spec),
};

type IrqKind = "irq" | "softirq";

class Irqs extends PairedTable {
  /** When each softirq of a processor was raised first since its last run: halves. */
  readonly #raised = new Map<string, { hi: number; lo: number }>();
  #raise: { hi: number; lo: number } | undefined;

  constructor(spec: TableSpec) {
    const raises: { of: (name: string) => OwnValue } = { of: () => undefined };
    const pairing: Pairing = {
      role: irqRole,
      keys: [1, 2],
      isExclusive: false,
      within: undefined,
      countsLoneEnds: true,
      nameColumns: ["kind"],
      own(name, begin, row) {
        const number = (at: number): number => numberAt(begin.columns[at]!, row);
        const isSoft = begin.columns[0] !== undefined && isSoftirq(begin, row);
        switch (name) {
          case "irq":
            return isSoft ? number(4) : number(3);
          case "cpu_id":
            return number(2);
          case "name": {
            if (isSoft) return SOFTIRQS[number(4)] ?? String(number(4));
            const own = valueAt(begin.columns[5]!, row);
            return typeof own === "string" ? own : undefined;
          }
          default:
            return raises.of(name);
        }
      },
    };
    super(spec, pairing, 0);
    raises.of = (name) => (name === "raise_dt" ? this.#sinceRaise() : undefined);
  }

  protected override event(batch: ColumnBatch, row: number, hi: number, lo: number): void {
    const event = valueAt(batch.columns[0]!, row);
    if (event === "irq_softirq_raise") {
      const key = softirqKey(batch, row);
      // Raised again before it has run, it has waited since the first time.
      if (!this.#raised.has(key)) this.#raised.set(key, { hi, lo });
      return;
    }
    if (event === "irq_softirq_entry") {
      const key = softirqKey(batch, row);
      this.#raise = this.#raised.get(key);
      this.#raised.delete(key);
    }
    super.event(batch, row, hi, lo);
  }

  protected override begin(key: number, row: number): number {
    const slot = super.begin(key, row);
    this.#raises[slot] = this.#raise;
    this.#raise = undefined;
    return slot;
  }

  readonly #raises: ({ hi: number; lo: number } | undefined)[] = [];

  protected override own(
    name: string,
    slot: number,
    end: ColumnBatch | undefined,
    row: number,
  ): OwnValue {
    this.#slot = slot;
    return super.own(name, slot, end, row);
  }

  #slot = -1;

  #sinceRaise(): OwnValue {
    const raised = this.#raises[this.#slot];
    return raised && this.open.age(this.#slot, raised.hi, raised.lo) * -1;
  }
}

function irqRole(event: string): PairRole | undefined {
  const match = /^irq_(handler|softirq)_(entry|exit)$/.exec(event);
  if (match === null) return undefined;
  const kind: IrqKind = match[1] === "handler" ? "irq" : "softirq";
  return { isBegin: match[2] === "entry", isEnd: match[2] === "exit", name: kind };
}

function isSoftirq(batch: ColumnBatch, row: number): boolean {
  return String(valueAt(batch.columns[0]!, row)).startsWith("irq_softirq");
}

function softirqKey({ columns }: ColumnBatch, row: number): string {
  return [1, 2, 4].map((at) => String(valueAt(columns[at]!, row))).join(" ");
}

const IO: TableDefinition = {
  name: "io",
  help: "block requests, from issue to completion; contexts are the issuer's",
  columns: [
    BEGIN,
    DT,
    column("dev", INT64, "the device's number"),
    column("sector", INT64, "where it begins"),
    column("bytes", INT64, "how much", "bytes"),
    column("op", TEXT, "read, write, discard or flush"),
    column("tid", INT32, "the task that issued it"),
  ],
  shown: ["timestamp", "dt", "dev", "sector", "bytes", "op", "tid"],
  hasFields: false,
  isInterval: true,
  contextsFrom: "begin",
  events: () => ["block_rq_issue", "block_rq_complete"],
  needs: () => [
    EVENT,
    BOOT,
    field("dev"),
    field("sector"),
    field("nr_sector"),
    field("bytes"),
    field("rwbs"),
    field("tid"),
    context("tid"),
  ],
  open: (spec) =>
    new PairedTable(
      spec,
      {
        role: (event) => {
          if (event === "block_rq_issue") return { isBegin: true, isEnd: false, name: "rq" };
          return event === "block_rq_complete"
            ? { isBegin: false, isEnd: true, name: "rq" }
            : undefined;
        },
        keys: [1, 2, 3],
        isExclusive: false,
        within: 60e9,
        countsLoneEnds: true,
        nameColumns: [],
        own(name, begin, row) {
          const number = (at: number): number => numberAt(begin.columns[at]!, row);
          switch (name) {
            case "dev":
              return number(2);
            case "sector":
              return number(3);
            case "bytes":
              return number(5) || number(4) * 512;
            case "op":
              return operation(number(6));
            case "tid":
              return number(7) || number(8);
            default:
              return undefined;
          }
        },
      },
      0,
    ),
};

/** What LTTng's `rwbs` says, a set of bits. @see lttng-modules, probes/lttng-probe-block.c */
function operation(rwbs: number): string {
  if ((rwbs & (1 << 1)) !== 0) return "discard";
  if ((rwbs & (1 << 0)) !== 0) return "write";
  if ((rwbs & (1 << 2)) !== 0) return "read";
  return (rwbs & ((1 << 8) | (1 << 10))) !== 0 ? "flush" : "other";
}

const PAGES: TableDefinition = {
  name: "pages",
  help: "allocations and releases of pages of memory",
  columns: [
    BEGIN,
    column("pages", INT64, "2^order, negative for a release", "pages"),
    column("order", INT32, "the order of the block"),
  ],
  shown: ["timestamp", "pages", "order", "procname", "tid"],
  hasFields: true,
  isInterval: false,
  sharesContainer: true,
  contextsFrom: "begin",
  events: () => ["kmem_mm_page_alloc", "kmem_mm_page_free", "mm_page_alloc", "mm_page_free"],
  needs: () => [EVENT, field("order")],
  open: (spec) =>
    new SingleEvents(
      spec,
      (event) => {
        const isRelease = event.endsWith("free");
        if (!isRelease && !event.endsWith("alloc")) return undefined;
        return (name, { columns }, row) => {
          const order = numberAt(columns[1]!, row);
          if (name === "order") return order;
          return name === "pages" ? 2 ** order * (isRelease ? -1 : 1) : undefined;
        };
      },
      0,
    ),
};

const NET: TableDefinition = {
  name: "net",
  help: "packets sent and received",
  columns: [
    BEGIN,
    column("bytes", INT64, "its length", "bytes"),
    column("direction", TEXT, "sent or received"),
    column("device", TEXT, "the interface"),
  ],
  shown: ["timestamp", "direction", "device", "bytes", "procname", "tid"],
  hasFields: true,
  isInterval: false,
  sharesContainer: true,
  contextsFrom: "begin",
  events: () => ["net_dev_queue", "net_if_receive_skb"],
  needs: () => [EVENT, field("len"), field("name")],
  open: (spec) =>
    new SingleEvents(
      spec,
      (event) => {
        const direction = event === "net_dev_queue" ? "sent" : "received";
        if (event !== "net_dev_queue" && event !== "net_if_receive_skb") return undefined;
        return (name, { columns }, row) => {
          switch (name) {
            case "bytes":
              return numberAt(columns[1]!, row);
            case "direction":
              return direction;
            case "device": {
              const device = valueAt(columns[2]!, row);
              return typeof device === "string" ? device : undefined;
            }
            default:
              return undefined;
          }
        };
      },
      0,
    ),
};

export const TABLES: readonly TableDefinition[] = [
  SYSCALLS,
  SLICES,
  BLOCKED,
  WAKEUPS,
  IRQS,
  IO,
  PAGES,
  NET,
];
