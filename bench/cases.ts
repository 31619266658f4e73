/** What is measured: the same work done by tracewire and by babeltrace2, each as a whole process. */

export interface Case {
  readonly name: string;
  /** Arguments of `tracewire`, before the trace's path. */
  readonly ours: readonly string[];
  /** Arguments of `babeltrace2`, before the trace's path; it has no filter, so it does at least what is needed. */
  readonly theirs: readonly string[];
}

export const CASES: readonly Case[] = [
  {
    name: "count all events",
    ours: ["tail", "--count"],
    theirs: ["--output-format=dummy"],
  },
  {
    name: "count one container's events",
    ours: ["tail", "--count", "--where", "$ctx.pid_ns == 4026532220"],
    theirs: ["--output-format=dummy"],
  },
  {
    name: "one container's events, 7 columns, Arrow",
    ours: [
      "tail",
      "--where",
      "$ctx.pid_ns == 4026532220",
      "--select",
      "timestamp,event,cpu_id,procname,tid,pid_ns,ret",
      "--format",
      "arrow",
    ],
    theirs: ["--output-format=dummy"],
  },
  {
    name: "all events as babeltrace2's text",
    ours: ["tail", "--format", "babeltrace"],
    theirs: ["--no-delta"],
  },
];
