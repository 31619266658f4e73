/** The views of `top`, in the order of their number keys. */

import type { View, ViewColumn, ViewPart } from "../analyses/view.ts";

const CPU: ViewColumn = {
  name: "cpu",
  title: "CPU%",
  unit: "%",
  width: 6,
  hot: 80,
  help: "time on processors; more than 100 is more than one processor",
};
const CALLS: ViewColumn = {
  name: "calls",
  title: "SYSC/s",
  unit: "rate",
  width: 7,
  hot: 20_000,
  help: "system calls a second",
};
const ERRORS: ViewColumn = {
  name: "errors",
  title: "ERR/s",
  unit: "rate",
  width: 6,
  hot: 1000,
  help: "failed system calls a second",
};
const EVENTS: ViewColumn = {
  name: "events",
  title: "EVENT/s",
  unit: "rate",
  width: 7,
  help: "events a second",
};
const SWITCHES: ViewColumn = {
  name: "switches",
  title: "SWITCH/s",
  unit: "rate",
  width: 8,
  help: "turns on processors a second",
};
const ALLOCATED: ViewColumn = {
  name: "allocated",
  title: "ALLOC/s",
  unit: "bytes/s",
  width: 8,
  hot: 2 ** 30,
  help: "memory of the pages allocated in a second",
};
const FREED: ViewColumn = {
  name: "freed",
  title: "FREE/s",
  unit: "bytes/s",
  width: 8,
  help: "memory of the pages freed in a second",
};
const SENT: ViewColumn = {
  name: "sent",
  title: "SENT/s",
  unit: "bytes/s",
  width: 8,
  help: "bytes sent a second, on any interface",
};
const RECEIVED: ViewColumn = {
  name: "received",
  title: "RECV/s",
  unit: "bytes/s",
  width: 8,
  help: "bytes received a second; they count for the task that was interrupted",
};
const COMMAND: ViewColumn = {
  name: "command",
  title: "COMMAND",
  unit: "text",
  width: 15,
  join: "last",
  help: "the name of the task, or of one of the tasks",
};

const latency = (name: string, title: string, help: string): ViewColumn => ({
  name,
  title,
  unit: "ns",
  width: 8,
  hot: 50e6,
  join: "max",
  help,
});
const rate = (name: string, title: string, help: string): ViewColumn => ({
  name,
  title,
  unit: "rate",
  width: 8,
  help,
});

const USAGE: ViewPart = {
  table: "slices",
  measures: { cpu: "usage(dt)", switches: "rate()" },
};
const TASK_USAGE: ViewPart = {
  table: "slices",
  measures: { ...USAGE.measures, command: "last(comm)" },
};
const SYSCALLS: ViewPart = {
  table: "syscalls",
  measures: { calls: "rate()", errors: "rate() if (ret < 0)" },
};
const PAGES: ViewPart = {
  table: "pages",
  measures: {
    allocated: "rate(pages * 4096) if (pages > 0)",
    freed: "rate(pages * -4096) if (pages < 0)",
  },
};
const NET: ViewPart = {
  table: "net",
  measures: {
    sent: 'rate(bytes) if (direction == "sent")',
    received: 'rate(bytes) if (direction == "received")',
  },
};
const ALL_EVENTS: ViewPart = { table: "events", measures: { events: "rate()" } };
const TASK_EVENTS: ViewPart = {
  table: "events",
  measures: { events: "rate()", command: "last($ctx.procname)" },
};

const CONTAINERS: View = {
  name: "containers",
  help: "what each container uses",
  keys: ["container"],
  columns: [CPU, CALLS, ERRORS, ALLOCATED, FREED, SENT, RECEIVED, EVENTS],
  parts: [USAGE, SYSCALLS, PAGES, NET, ALL_EVENTS],
  sort: "cpu",
  opens: "processes",
};

const PROCESSES: View = {
  name: "processes",
  help: "what each process uses; ids are the host's where the trace has them",
  keys: ["container", "pid"],
  columns: [CPU, CALLS, ERRORS, ALLOCATED, EVENTS, COMMAND],
  parts: [TASK_USAGE, SYSCALLS, PAGES, TASK_EVENTS],
  sort: "cpu",
  opens: "threads",
};

const THREADS: View = {
  name: "threads",
  help: "what each thread uses",
  keys: ["container", "tid"],
  columns: [CPU, SWITCHES, CALLS, ERRORS, EVENTS, COMMAND],
  parts: [TASK_USAGE, SYSCALLS, TASK_EVENTS],
  sort: "cpu",
};

const SYSCALLS_VIEW: View = {
  name: "syscalls",
  help: "system calls by name, and how long they take",
  keys: ["syscall"],
  columns: [
    CALLS,
    ERRORS,
    latency("p50", "P50", "half of them took no longer"),
    latency("p99", "P99", "99 of 100 took no longer"),
    latency("max", "MAX", "the longest"),
    {
      name: "time",
      title: "TIME%",
      unit: "%",
      width: 7,
      help: "time spent in them, in per cent of one task's time",
    },
  ],
  parts: [
    {
      table: "syscalls",
      measures: {
        ...SYSCALLS.measures,
        p50: "p50(dt)",
        p99: "p99(dt)",
        max: "max(dt)",
        time: "usage(dt)",
      },
    },
  ],
  sort: "calls",
};

const FILES: View = {
  name: "files",
  help: "files named in system calls",
  keys: ["container", "filename"],
  columns: [
    { ...CALLS, title: "CALLS/s" },
    ERRORS,
    latency("max", "MAX", "the longest call that named it"),
    { ...COMMAND, help: "a task that named it" },
  ],
  parts: [
    {
      table: "syscalls",
      where: 'filename == "*"',
      measures: { ...SYSCALLS.measures, max: "max(dt)", command: "last($ctx.procname)" },
    },
  ],
  sort: "calls",
};

const SCHED: View = {
  name: "sched",
  help: "scheduling latency of threads: from being able to run to running",
  keys: ["container", "tid"],
  columns: [
    rate("waits", "WAIT/s", "waits for a processor a second, after being woken or preempted"),
    latency("p50", "P50", "half of them took no longer"),
    latency("p99", "P99", "99 of 100 took no longer"),
    latency("max", "MAX", "the longest wait"),
    rate("preempted", "PREEMPT/s", "times that it had to leave its processor, a second"),
    COMMAND,
  ],
  parts: [
    {
      table: "blocked",
      measures: {
        waits: "rate() if (latency >= 0)",
        p50: "p50(latency)",
        p99: "p99(latency)",
        max: "max(latency)",
        preempted: 'rate() if (state == "preempted")',
        command: "last(comm)",
      },
      keys: { tid: "tid" },
    },
  ],
  sort: "p99",
};

const IO: View = {
  name: "io",
  help: "block requests by device, and how long they take",
  keys: ["container", "dev", "op"],
  columns: [
    rate("requests", "REQ/s", "requests a second"),
    { ...SENT, name: "bytes", title: "BYTES/s", help: "bytes a second" },
    latency("p50", "P50", "half of them took no longer"),
    latency("p99", "P99", "99 of 100 took no longer"),
    latency("max", "MAX", "the longest"),
  ],
  parts: [
    {
      table: "io",
      measures: {
        requests: "rate()",
        bytes: "rate(bytes)",
        p50: "p50(dt)",
        p99: "p99(dt)",
        max: "max(dt)",
      },
    },
  ],
  sort: "bytes",
};

const NET_VIEW: View = {
  name: "net",
  help: "packets by interface",
  keys: ["container", "device"],
  columns: [SENT, RECEIVED, rate("packets", "PACKET/s", "packets a second")],
  parts: [{ table: "net", measures: { ...NET.measures, packets: "rate()" } }],
  sort: "sent",
};

const IRQ: View = {
  name: "irq",
  help: "interrupt handlers",
  keys: ["kind", "name"],
  columns: [
    rate("runs", "RUN/s", "runs a second"),
    { ...CPU, help: "time in the handler, in per cent of one processor" },
    latency("p99", "P99", "99 of 100 runs took no longer"),
    latency("max", "MAX", "the longest run"),
    latency("raise", "RAISE P99", "softirqs: from being raised to running, 99 of 100"),
  ],
  parts: [
    {
      table: "irqs",
      measures: {
        runs: "rate()",
        cpu: "usage(dt)",
        p99: "p99(dt)",
        max: "max(dt)",
        raise: "p99(raise_dt)",
      },
    },
  ],
  sort: "cpu",
};

const MEMORY: View = {
  name: "memory",
  help: "pages of memory by process; a page is taken to have 4096 bytes",
  keys: ["container", "pid"],
  columns: [
    ALLOCATED,
    FREED,
    {
      name: "held",
      title: "GROWTH/s",
      unit: "bytes/s",
      width: 9,
      help: "allocated less freed, in a second",
    },
    rate("requests", "REQ/s", "allocations and releases a second"),
    COMMAND,
  ],
  parts: [
    {
      table: "pages",
      measures: {
        ...PAGES.measures,
        held: "rate(pages * 4096)",
        requests: "rate()",
        command: "last($ctx.procname)",
      },
    },
  ],
  sort: "allocated",
  opens: "threads",
};

export const VIEWS: readonly View[] = [
  CONTAINERS,
  PROCESSES,
  THREADS,
  SYSCALLS_VIEW,
  FILES,
  SCHED,
  IO,
  NET_VIEW,
  IRQ,
  MEMORY,
];

export function viewNamed(name: string): View | undefined {
  return VIEWS.find((view) => view.name === name);
}
