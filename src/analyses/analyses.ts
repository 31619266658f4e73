/** The analyses that have names, as lttng-analyses calls them. */

import { type Analysis, type AnalysisColumn, SUBJECTS } from "./analysis.ts";
import type { ViewPart } from "./view.ts";

const count = (name: string, title: string, counts: string, help: string): AnalysisColumn => ({
  name,
  title,
  unit: "count",
  width: 8,
  lami: "number",
  counts,
  isSummed: true,
  help,
});
const time = (name: string, title: string, help: string): AnalysisColumn => ({
  name,
  title,
  unit: "ns",
  width: 9,
  lami: "duration",
  join: "max",
  help,
});
const size = (name: string, title: string, help: string): AnalysisColumn => ({
  name,
  title,
  unit: "bytes",
  width: 9,
  lami: "size",
  isSummed: true,
  help,
});
const COMMAND: AnalysisColumn = {
  name: "command",
  title: "command",
  unit: "text",
  width: 15,
  join: "last",
  lami: "string",
  help: "the name of a task",
};

/** Of intervals: how many, how long. */
const STATISTICS: readonly AnalysisColumn[] = [
  count("count", "count", "times", "how many"),
  time("min", "min", "the shortest"),
  time("avg", "average", "their mean"),
  time("max", "max", "the longest"),
  time("stdev", "stdev", "their standard deviation, of a sample"),
  time("p99", "p99", "99 of 100 took no longer"),
  { ...time("total", "total", "all of them"), isSummed: true, join: "sum" },
];
const statistics = (value: string): ViewPart["measures"] => ({
  count: `count(${value})`,
  min: `min(${value})`,
  avg: `avg(${value})`,
  max: `max(${value})`,
  stdev: `stddev(${value})`,
  p99: `p99(${value})`,
  total: `sum(${value})`,
});
const TASKS = ["container", "process", "thread"] as const;

export const ANALYSES: readonly Analysis[] = [
  {
    name: "cputop",
    title: "CPU usage",
    help: "time on processors, in per cent of one processor",
    subjects: SUBJECTS,
    possible: SUBJECTS,
    more: [],
    columns: [
      {
        name: "usage",
        title: "CPU usage",
        unit: "%",
        width: 8,
        lami: "ratio",
        isSummed: true,
        help: "time on processors",
      },
      {
        name: "usage_most",
        title: "at most",
        unit: "%",
        width: 8,
        lami: "ratio",
        help: "the usage, and all time in which lost events leave unknown what ran",
      },
      { ...time("time", "time", "time on processors"), isSummed: true, join: "sum" },
      count("slices", "slices", "turns", "turns on a processor"),
      COMMAND,
    ],
    parts: [
      {
        table: "slices",
        measures: {
          usage: "usage(dt)",
          time: "sum(dt)",
          slices: "count()",
          command: "last(comm)",
        },
      },
    ],
    sort: "usage",
    bars: "usage",
  },
  {
    name: "memtop",
    title: "Memory allocations",
    help: "pages of memory allocated and freed; of order 3 is 8 pages",
    subjects: TASKS,
    possible: SUBJECTS,
    more: [],
    columns: [
      count("allocated", "allocated", "pages", "pages allocated"),
      count("freed", "freed", "pages", "pages freed, by the task that frees them"),
      count("growth", "growth", "pages", "pages allocated less pages freed"),
      count("allocations", "allocs", "events", "allocations, of whatever order"),
      count("releases", "frees", "events", "releases, of whatever order"),
      COMMAND,
    ],
    parts: [
      {
        table: "pages",
        measures: {
          allocated: "sum(pages) if (pages > 0)",
          freed: "sum(0 - pages) if (pages < 0)",
          growth: "sum(pages)",
          allocations: "count() if (pages > 0)",
          releases: "count() if (pages < 0)",
          command: "last($ctx.procname)",
        },
      },
    ],
    sort: "allocated",
    bars: "allocated",
  },
  {
    name: "syscallstats",
    title: "System calls",
    help: "how many, how many failed, how long they took",
    subjects: ["container"],
    possible: TASKS,
    more: ["syscall"],
    columns: [
      STATISTICS[0]!,
      count("failed", "failed", "times", "how many failed"),
      ...STATISTICS.slice(1),
    ],
    parts: [
      {
        table: "syscalls",
        measures: { ...statistics("dt"), failed: "count() if (ret < 0)" },
      },
    ],
    sort: "count",
    distribution: { table: "syscalls", value: "dt" },
  },
  {
    name: "schedstats",
    title: "Scheduling latency",
    help: "waits for a processor, after being woken or preempted",
    subjects: ["container", "thread"],
    possible: SUBJECTS,
    more: [],
    columns: [...STATISTICS, COMMAND],
    parts: [
      {
        table: "blocked",
        where: "latency >= 0",
        measures: { ...statistics("latency"), command: "last(comm)" },
      },
    ],
    sort: "p99",
    distribution: { table: "blocked", value: "latency", where: "latency >= 0" },
  },
  {
    name: "iolatency",
    title: "Block request latency",
    help: "requests of block devices, issue to completion",
    subjects: ["container"],
    possible: TASKS,
    more: ["dev", "op"],
    columns: [...STATISTICS, size("bytes", "bytes", "bytes that were asked for")],
    parts: [{ table: "io", measures: { ...statistics("dt"), bytes: "sum(bytes)" } }],
    sort: "total",
    distribution: { table: "io", value: "dt" },
  },
  {
    name: "iousage",
    title: "I/O usage",
    help: "bytes by system calls, block requests and the network",
    subjects: TASKS,
    possible: TASKS,
    more: [],
    columns: [
      size("read", "read", "bytes that system calls read"),
      size("written", "written", "bytes that system calls wrote, to whatever"),
      size("disk_read", "disk read", "bytes of block requests"),
      size("disk_written", "disk written", "bytes of block requests"),
      size("sent", "sent", "bytes of packets"),
      size(
        "received",
        "received",
        "bytes of packets; they count for the task that was interrupted",
      ),
      COMMAND,
    ],
    parts: [
      {
        table: "syscalls",
        where: "ret > 0",
        measures: {
          read: 'sum(ret) if (syscall in ("read", "readv", "pread64", "preadv", "recvmsg", "recvf*"))',
          written:
            'sum(ret) if (syscall in ("write", "writev", "pwrite64", "pwritev", "sendto", "sendmsg", "sendfile64", "sendfile"))',
          command: "last($ctx.procname)",
        },
      },
      {
        table: "io",
        measures: {
          disk_read: 'sum(bytes) if (op == "read")',
          disk_written: 'sum(bytes) if (op == "write")',
        },
      },
      {
        table: "net",
        measures: {
          sent: 'sum(bytes) if (direction == "sent")',
          received: 'sum(bytes) if (direction == "received")',
        },
      },
    ],
    sort: "read",
    bars: "read",
  },
  {
    name: "irqstats",
    title: "Interrupts",
    help: "runs of handlers, and how long softirqs waited for theirs",
    subjects: ["cpu"],
    possible: ["cpu"],
    more: ["kind", "irq", "name"],
    columns: [
      ...STATISTICS,
      count("raised", "raised", "times", "softirqs whose raise was seen"),
      time("raise_avg", "raise avg", "softirqs: the wait for their run"),
      time("raise_max", "raise max", "the longest of these"),
    ],
    parts: [
      {
        table: "irqs",
        measures: {
          ...statistics("dt"),
          raised: "count(raise_dt)",
          raise_avg: "avg(raise_dt)",
          raise_max: "max(raise_dt)",
        },
      },
    ],
    sort: "total",
    distribution: { table: "irqs", value: "dt" },
  },
];

export const ANALYSIS_NAMES: readonly string[] = ANALYSES.map(({ name }) => name);

export function analysisNamed(name: string): Analysis | undefined {
  return ANALYSES.find((analysis) => analysis.name === name);
}
