/** What is measured: the same work by tracewire and by its rivals, each as a whole process. Cases are data. */

/** What a case knows of the trace it is run on. */
export interface Question {
  readonly where: string;
  readonly select: readonly string[];
}

/**
 * Where output goes, and with it how the answer is checked: `print` is one number, `lines` go through a pipe and are
 * counted there, `null` is written to /dev/null.
 */
export type Sink = "print" | "lines" | "null";

export type Program = "tracewire" | "babeltrace2" | "bash" | "lttng-cputop";

export interface Command {
  /** A script of bash has the trace's path as $0, and starts this program by "$TRACEWIRE" and babeltrace2 by "$BABELTRACE2". */
  readonly program: Program;
  /** Arguments before the trace's path. */
  readonly args: (question: Question) => readonly string[];
  readonly sink: Sink;
  /** What must be the same number in every command: how many events there are, or how many the filter keeps. */
  readonly answer: "events" | "rows" | undefined;
}

export interface Case {
  readonly name: string;
  /** Only of traces of the kernel. */
  readonly isOfKernel?: boolean;
  readonly ours: Command;
  readonly rivals: readonly { readonly name: string; readonly command: Command }[];
}

function tracewire(args: Command["args"], sink: Sink, answer?: Command["answer"]): Command {
  return { program: "tracewire", args: (question) => ["tail", ...args(question)], sink, answer };
}

const interpreted = (command: Command): Command => ({
  ...command,
  args: (question) => [...command.args(question), "--engine", "interpreter"],
});

/** babeltrace2 has no filter: a full decode into a dummy sink is the least that one would have to run. */
const DUMMY: Command = {
  program: "babeltrace2",
  args: () => ["--output-format=dummy"],
  sink: "null",
  answer: undefined,
};

const THEIR_TEXT: Command = {
  program: "babeltrace2",
  args: () => ["--no-delta"],
  sink: "lines",
  answer: "events",
};

const COUNT = tracewire(() => ["--count"], "print", "events");
const COUNT_WHERE = tracewire(({ where }) => ["--count", "--where", where], "print", "rows");
const COLUMNS = tracewire(
  ({ where, select }) => ["--where", where, "--select", select.join(), "--format", "arrow"],
  "null",
);

const COUNT_BY = tracewire(
  () => ["--where", "|> count() by container, event every 1s", "--format", "csv"],
  "null",
);

/** The same groups by hand: seconds, namespaces and names of babeltrace2's text. */
const COUNT_BY_AWK: Command = {
  program: "bash",
  args: () => [
    "-c",
    `"$BABELTRACE2" --no-delta "$0" | awk '
      { ns = match($0, /pid_ns = [0-9]+/) ? substr($0, RSTART + 9, RLENGTH - 9) : ""; count[substr($1, 2, 8) " " ns " " $3]++ }
      END { for (group in count) print group, count[group] }'`,
  ],
  sink: "null",
  answer: undefined,
};

/** Rows as Arrow into a data base in memory. */
const duckdb = (select: string, sql: string): Command => ({
  program: "bash",
  args: () => [
    "-c",
    `"$TRACEWIRE" tail --quiet --format arrow --select ${select} "$0" | python3 -c '
import sys, duckdb, pyarrow.ipc
rows = pyarrow.ipc.open_stream(sys.stdin.buffer)
duckdb.sql("${sql}").show(max_rows=10)'`,
  ],
  sink: "null",
  answer: undefined,
});

const query = (text: string): Command =>
  tracewire(() => ["--where", text, "--format", "csv"], "null");

/** Latencies by hand: entries and exits of each thread, out of babeltrace2's text; a mean, since awk has no quantiles. */
const LATENCY_AWK: Command = {
  program: "bash",
  args: () => [
    "-c",
    `"$BABELTRACE2" --no-delta --clock-seconds "$0" | awk '
      !match($3, /^syscall_(entry|exit)_/) { next }
      { name = substr($3, RLENGTH + 1); time = substr($1, 2) + 0; ns = match($0, /pid_ns = [0-9]+/) ? substr($0, RSTART + 9, RLENGTH - 9) : ""
        match($0, / tid = [0-9]+/); tid = substr($0, RSTART + 7, RLENGTH - 7) }
      $3 ~ /^syscall_entry_/ { begin[tid] = time; next }
      tid in begin { count[ns " " name]++; sum[ns " " name] += time - begin[tid]; delete begin[tid] }
      END { for (group in count) print group, count[group], sum[group] / count[group] }'`,
  ],
  sink: "null",
  answer: undefined,
};

const CPUTOP: Command = {
  program: "lttng-cputop",
  args: () => ["--no-progress", "--no-color", "--skip-validation", "--no-intersection"],
  sink: "null",
  answer: undefined,
};

export const CASES: readonly Case[] = [
  {
    name: "count",
    ours: COUNT,
    rivals: [{ name: "babeltrace2 dummy", command: DUMMY }],
  },
  {
    name: "count with filter",
    ours: COUNT_WHERE,
    rivals: [
      { name: "babeltrace2 dummy", command: DUMMY },
      { name: "interpreter", command: interpreted(COUNT_WHERE) },
    ],
  },
  {
    name: "filter and 7 columns to Arrow",
    ours: COLUMNS,
    rivals: [
      { name: "babeltrace2 dummy", command: DUMMY },
      { name: "interpreter", command: interpreted(COLUMNS) },
    ],
  },
  {
    name: "events a second by container and name",
    ours: COUNT_BY,
    rivals: [
      { name: "babeltrace2 dummy", command: DUMMY },
      { name: "interpreter", command: interpreted(COUNT_BY) },
      { name: "babeltrace2 and awk", command: COUNT_BY_AWK },
      {
        name: "tail and DuckDB",
        command: duckdb(
          "timestamp,event,pid_ns",
          "select time_bucket(interval 1 second, timestamp) s, event, pid_ns, count(*) from rows group by all order by all",
        ),
      },
    ],
  },
  {
    name: "latency of system calls by container and name",
    isOfKernel: true,
    ours: query("|> syscalls |> count(), p99(dt) by container, syscall"),
    rivals: [{ name: "babeltrace2 and awk", command: LATENCY_AWK }],
  },
  {
    name: "processor time by container",
    isOfKernel: true,
    ours: query("|> slices |> usage(dt) by container"),
    rivals: [{ name: "lttng-cputop", command: CPUTOP }],
  },
  {
    name: "text to a pipe",
    ours: tracewire(() => ["--format", "text"], "lines", "events"),
    rivals: [{ name: "babeltrace2 text", command: THEIR_TEXT }],
  },
  ...["ndjson", "csv"].map((format): Case => {
    const ours = tracewire(() => ["--format", format], "null");
    return {
      name: `${format === "csv" ? "CSV" : "NDJSON"} of all events`,
      ours,
      rivals: [{ name: "interpreter", command: interpreted(ours) }],
    };
  }),
  {
    name: "babeltrace2's text to a pipe",
    ours: tracewire(() => ["--format", "babeltrace"], "lines", "events"),
    rivals: [{ name: "babeltrace2 text", command: THEIR_TEXT }],
  },
];
