/** `tracewire ps`, and processes by their ids in containers. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { planQuery } from "../../src/language/plan.ts";
import { ofProcesses, parseProcess } from "../../src/language/process-filter.ts";
import { type ProcessEntry, ProcessTable } from "../../src/processes/process-table.ts";
import { run } from "../support/program.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("processes/processes");
const small = await recordedTrace("small");
const churn = await recordedTrace("churn");
test.after(async () => {
  await small.remove();
  await churn.remove();
});

interface Listed {
  readonly container: string;
  readonly pid: number;
  readonly vpid: number;
  readonly ppid: number;
  readonly name: string;
  readonly start: string | null;
  readonly namespaces: Readonly<Record<string, number>>;
}

function listed(path: string, ...args: string[]): readonly Listed[] {
  const { stdout, status, stderr } = run(["ps", path, "--format", "json", ...args]);
  assert.is(status, 0, stderr);
  return JSON.parse(stdout);
}

test("lists processes with their container, and their ids on the host and inside", () => {
  const all = listed(small.path);
  const init = all.find(({ pid }) => pid === 1)!;
  assert.equal([init.container, init.vpid, init.ppid, init.name], ["[HOST]", 1, 0, "init"]);
  const shell = all.find(({ container, vpid }) => container === "some-redis" && vpid === 1)!;
  assert.is(shell.pid, 345);
  assert.is(shell.namespaces["pid"], 4026532220);
  assert.ok(shell.namespaces["mnt"]! > 0);
  const inside = all.filter(({ container }) => container === "some-redis");
  assert.ok(inside.some(({ ppid }) => ppid === 345));
});

test("as they were at a time", () => {
  const early = listed(small.path, "--at", "2026-11-22 08:55:46Z").map(({ pid }) => pid);
  const late = listed(small.path).map(({ pid }) => pid);
  assert.ok(
    early.some((pid) => !late.includes(pid)),
    "some have ended",
  );
  assert.ok(
    late.some((pid) => !early.includes(pid)),
    "some were forked",
  );
  for (const { start } of listed(small.path, "--at", "2026-11-22 08:55:46Z"))
    assert.ok(start === null || start < "2026-11-22T08:55:46");
});

test("containers that came and went have only the processes of their last instance", () => {
  const inits = listed(churn.path).filter(
    ({ vpid, container }) => vpid === 1 && container !== "[HOST]",
  );
  const names = inits.map(({ container, namespaces }) => `${container} ${namespaces["pid"]}`);
  assert.is(new Set(names).size, names.length, "one init each");
});

function tableOf(
  events: readonly (readonly [string, Record<string, unknown>])[],
): readonly ProcessEntry[] {
  const table = new ProcessTable();
  events.forEach(([event, fields], i) => {
    table.take({ ns: BigInt(i), event, host: "h", fields });
  });
  return table.processes;
}

const STATE = "lttng_statedump_process_state";

test("forks, execs and exits are followed; threads belong to their process", () => {
  const events = [
    [STATE, { tid: 5, pid: 5, ppid: 1, name: "sh" }],
    ["lttng_statedump_process_pid_ns", { tid: 5, vpid: 2, ns_level: 1, ns_inum: 77 }],
    ["lttng_statedump_process_pid_ns", { tid: 5, vpid: 5, ns_level: 0, ns_inum: 1 }],
    [
      "sched_process_fork",
      {
        parent_pid: 5,
        child_tid: 6,
        child_pid: 6,
        child_comm: "sh",
        vtids: [6, 3],
        child_ns_inum: 77,
      },
    ],
    ["sched_process_exec", { tid: 6, filename: "/usr/bin/a-long-name-of-a-program" }],
    [
      "sched_process_fork",
      {
        parent_pid: 6,
        child_tid: 7,
        child_pid: 6,
        child_comm: "x",
        vtids: [7, 4],
        child_ns_inum: 77,
      },
    ],
  ] as const;
  const [shell, child] = tableOf(events);
  assert.equal([shell!.vpid, shell!.namespaces["pid"]], [2, 77]);
  assert.equal(
    [child!.pid, child!.vpid, child!.ppid, child!.name, child!.threads],
    [6, 3, 5, "a-long-name-of-", 2],
  );
  assert.is(tableOf([...events, ["sched_process_exit", { tid: 7 }]])[1]!.threads, 1);
  assert.is(
    tableOf([...events, ["sched_process_exit", { tid: 7 }], ["sched_process_exit", { tid: 6 }]])
      .length,
    1,
  );
});

for (const [query, pids, expected] of [
  [undefined, ["8@web"], '($ctx.vpid == 8 && $container.name == "web")'],
  ["ret < 0", ["17"], "$ctx.pid == 17 && (ret < 0)"],
  [
    "ret < 0 || fd == 1 |> syscalls |> count()",
    ["17", '1@a"b'],
    "($ctx.pid == 17 || ($ctx.vpid == 1 && $container.name == 'a\"b')) && (ret < 0 || fd == 1) |> syscalls |> count()",
  ],
  ['name == "|>" |> count()', ["3"], '$ctx.pid == 3 && (name == "|>") |> count()'],
  ["|> count()", ["3"], "$ctx.pid == 3 |> count()"],
] as const) {
  test(`${query ?? "everything"} of ${pids.join(", ")}`, () => {
    const text = ofProcesses(query, pids.map(parseProcess))!;
    assert.is(text, expected);
    planQuery(text);
  });
}

test("a process that is none is refused", () => {
  assert.throws(
    () => parseProcess("web@8"),
    /expected an id on the host, such as 1119, .* got web@8/,
  );
});

test("8@web selects the same for tail, query, strace and top", () => {
  const of = ["--pid", "88@some-redis"];
  const tail = Number(run(["tail", small.path, ...of, "--count"]).stdout);
  const query = run([
    "query",
    small.path,
    ...of,
    "|> n = count() by $ctx.pid",
    "--format",
    "csv",
  ]).stdout;
  assert.match(query, new RegExp(`^1120,${tail},`, "m"));
  const calls = run(["strace", small.path, ...of, "--format", "json"])
    .stdout.trim()
    .split("\n");
  assert.ok(calls.length > 5 && calls.every((line) => JSON.parse(line).pid === 1120));
  assert.match(
    run(["top", small.path, "processes", ...of, "--once"]).stdout,
    /\nsome-redis +1120 /,
  );
});

test.run();
