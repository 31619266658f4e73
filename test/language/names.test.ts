/** Names in queries over a recorded trace: columns behind `|>`, fields in filters, and errors at the place of what nothing has. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { run } from "../support/program.ts";
import { projectTraces } from "../support/traces.ts";

const test = suite("language/names");
const traces = projectTraces(test);

const ask = async (text: string): Promise<string> => {
  const { status, stdout, stderr } = run(["query", await traces("small"), text, "--format", "csv"]);
  assert.is(status, 0, `${text}: ${stderr}`);
  return stdout;
};

/** A condition behind `|>`, and the filter that is the same. */
const SAME: readonly (readonly [behind: string, filter: string])[] = [
  ['event == "syscall_exit_*"', '$event.name == "syscall_exit_*"'],
  ['event in ("sched_switch", "nothing")', '$event.name == "sched_switch"'],
  ["cpu_id == 1", "$event.cpu_id == 1"],
  ['domain == "kernel"', '$event.domain == "kernel"'],
  ['host != "nowhere"', '$trace.hostname != "nowhere"'],
  ['container == "web" && event != "x"', '$container.name == "web" && $event.name != "x"'],
  ['container_type == "d*" || cpu_id == 0', '$container.type == "d*" || $event.cpu_id == 0'],
  ['`event` == "syscall_*"', '$event.name == "syscall_*"'],
  ["timestamp > 1", "$event.timestamp > 1"],
  // A bare name is the context, or else the field; where it is absent, only the comparison is false.
  ['procname == "bash*" || ret < 0', '$ctx.procname? == "bash*" || ret? < 0'],
  ["!(ret > 3)", "!(ret? > 3)"],
  ["tid > 900", "$ctx.tid > 900"],
  ["$ctx.tid > 900", "$ctx.tid > 900"],
  ["payload.tid > 900", "tid > 900"],
  ["`payload`.`tid` > 900", "tid > 900"],
];

for (const [behind, filter] of SAME)
  test(`|> where ${behind} is the filter ${filter}`, async () => {
    const expected = await ask(`${filter} |> count() by event, cpu_id`);
    assert.is(await ask(`|> where ${behind} |> count() by event, cpu_id`), expected);
    assert.is(await ask(`|> events |> where ${behind} |> count() by event, cpu_id`), expected);
    const all = await ask(`|> n = count() if (${behind}) by event, cpu_id |> where n > 0`);
    assert.is(all.replace(",n,", ",count,"), expected);
  });

test("a column of a table is told where it is missed, and what others call it", async () => {
  const trace = await traces("small");
  for (const [text, hint] of [
    ["|> count() by syscall", "a column of the tables syscalls and blocked: |> syscalls"],
    ["|> slices |> count() by syscall", "a column of the tables syscalls and blocked"],
    ["dt > 1ms |> count()", "dt is a column of the tables syscalls, slices"],
    ["|> syscalls |> where duration > 1ms", "did you mean dt?"],
    ["|> blocked |> p99(wakeup)", "there are"],
  ] as const) {
    const { status, stderr } = run(["query", trace, text]);
    assert.is(status, 1, text);
    assert.match(stderr, hint);
  }
});

test("a name that is written as in the other place is told how", async () => {
  for (const [filter, other] of [
    ['procname == "bash"', "$ctx.procname"],
    ["payload.tid == 1", "tid"],
    ['|> where procnam == "bash"', "procname"],
  ]) {
    const { status, stderr } = run(["query", await traces("small"), filter!]);
    assert.is(status, 1);
    assert.ok(stderr.includes(`(did you mean ${other}?)`), stderr);
  }
});

test("a condition behind a limit is one on the rows that the limit leaves", async () => {
  const late = "|> limit 40 |> where cpu_id == 1 || tid == 0 |> count() by event";
  const early =
    "|> limit 40 |> select event, cpu_id, tid |> where cpu_id == 1 || tid == 0 |> count() by event";
  assert.is(await ask(late), await ask(early));
});

test("a name is a field in the filter, and a column behind it", async () => {
  assert.is(
    await ask("tid > 0 |> where tid == 917 |> count()"),
    await ask("tid > 0 && $ctx.tid? == 917 |> count()"),
  );
});

/** Queries whose rows are ordered before columns are chosen, and the same with columns chosen first. */
const ORDERED: readonly (readonly [late: string, early: string])[] = [
  [
    "|> syscalls |> sort dt desc |> limit 9 |> select container, dt",
    "|> syscalls |> select container, dt |> sort dt desc |> limit 9",
  ],
  [
    '|> slices |> top 40 by dt |> where container != "nothing" |> count(), sum(prio) by comm',
    '|> slices |> select dt, container, comm, prio |> top 40 by dt |> where container != "nothing" |> count(), sum(prio) by comm',
  ],
  [
    "|> sort timestamp desc, cpu_id |> limit 50 |> select event, tid, ret",
    "|> select timestamp, cpu_id, event, tid, ret |> sort timestamp desc, cpu_id |> limit 50 |> select event, tid, ret",
  ],
  [
    "ret < 0 |> top 2 by ret per procname |> count(), distinct(tid) by event",
    "ret < 0 |> select ret, procname, tid, event |> top 2 by ret per procname |> count(), distinct(tid) by event",
  ],
];

for (const [late, early] of ORDERED)
  test(`${late} still has the columns of its rows`, async () => {
    const rows = await ask(late);
    assert.ok(rows.split("\n").length > 3, rows);
    assert.is(rows, await ask(early));
  });

test("rows that were ordered are shown with what ordered them, each column once", async () => {
  const heads = ["|> syscalls |> sort ret |> limit 1", "|> sort tid, cpu_id |> limit 1"];
  const shown = await Promise.all(heads.map(async (query) => (await ask(query)).split("\n")[0]));
  assert.equal(shown, [
    "timestamp,dt,syscall,procname,tid,ret",
    "timestamp,event,tid,cpu_id,payload",
  ]);
});

test("an identifier between backquotes is the same name", async () => {
  const plain = "|> syscalls |> where dt > 1us |> count(), max(dt) by syscall |> sort count desc";
  const quoted =
    "|> syscalls |> where `dt` > 1us |> count(), max(`dt`) by `syscall` |> sort `count` desc";
  assert.is(await ask(quoted), await ask(plain));
  assert.is(
    await ask("|> select `event`, `timestamp` |> limit 5"),
    await ask("|> select event, timestamp |> limit 5"),
  );
});

/** Queries with a name that nothing has, between `[` and `]`. */
const UNKNOWN: readonly string[] = [
  "[rett] < 0 |> count()",
  "|> where [rett] < 0 |> count()",
  "|> count() if ([rett] < 0)",
  "|> count(), errors = count() if ([rett] < 0) by event every 1s",
  '|> pair "syscall_entry_*" where [rett] == 1 then "syscall_exit_*" |> count()',
  '|> pair "syscall_entry_*" then "syscall_exit_*" where [rett] == 1 |> count()',
  '$container.name == "web" || [rett] < 0 |> count()',
  '$container.name == "web" && [rett] < 0 |> count()',
  "|> sum([rett])",
  "|> syscalls |> where [rett] < 0 |> count()",
];

for (const marked of UNKNOWN)
  test(`the error of ${marked} is at its place`, async () => {
    const text = marked.replace("[", "").replace("]", "");
    const { status, stdout, stderr } = run(["query", await traces("small"), text]);
    assert.is(status, 1);
    assert.is(stdout, "");
    assert.match(
      stderr,
      /expected a field or context of the trace, got rett(; | \()did you mean ret\?/,
    );
    const caret = " ".repeat(marked.indexOf("["));
    assert.ok(stderr.includes(`\n${text}\n${caret}^~~~\n`), stderr);
  });

test("the error of a system call has its name", async () => {
  const named = await ask("|> syscalls |> count(), min(ret), max(ret) by errno |> sort errno");
  const lines = named.trim().split("\n").slice(1);
  assert.ok(lines.length > 3, named);
  for (const line of lines) {
    const [name, , least, most] = line.split(",");
    if (name === "") assert.ok(Number(least) >= 0, line);
    else assert.is(least, most, line);
  }
  const result = await ask('|> syscalls |> where errno == "ENOENT" |> count() by ret');
  assert.match(result, /\n-2,\d+,0,0\n$/);
  assert.is(
    await ask("|> syscalls |> n = count(errno)"),
    await ask("|> syscalls |> n = count() if (ret < 0)"),
  );
});

test("a time stays a time as a key, and as the least, greatest, first and last of a group", async () => {
  const [first = ""] = (await ask("|> select timestamp |> limit 1")).split("\n").slice(1);
  assert.match(first, /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{9}Z$/);
  const line = async (text: string): Promise<string> => (await ask(text)).split("\n")[1]!;
  assert.ok((await line("|> min(timestamp), first(timestamp)")).startsWith(`${first},${first},`));
  assert.ok((await line("|> count() by timestamp |> limit 1")).startsWith(`${first},1,`));
  const last = (await ask("|> select timestamp")).trim().split("\n").at(-1);
  assert.ok((await line("|> max(timestamp), last(timestamp)")).startsWith(`${last},${last},`));
});

test("a filter that names a column is told how filters write it", async () => {
  const { stderr } = run(["tail", await traces("small"), "--where", 'host == "x"']);
  assert.match(stderr, /got host \(did you mean \$trace\.hostname\?\)/);
});

test.run();
