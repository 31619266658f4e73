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

export interface Command {
  readonly program: "tracewire" | "babeltrace2";
  /** Arguments before the trace's path. */
  readonly args: (question: Question) => readonly string[];
  readonly sink: Sink;
  /** What must be the same number in every command: how many events there are, or how many the filter keeps. */
  readonly answer: "events" | "rows" | undefined;
}

export interface Case {
  readonly name: string;
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
    ],
  },
  {
    name: "text to a pipe",
    ours: tracewire(() => ["--format", "text"], "lines", "events"),
    rivals: [{ name: "babeltrace2 text", command: THEIR_TEXT }],
  },
  {
    name: "babeltrace2's text to a pipe",
    ours: tracewire(() => ["--format", "babeltrace"], "lines", "events"),
    rivals: [{ name: "babeltrace2 text", command: THEIR_TEXT }],
  },
];
