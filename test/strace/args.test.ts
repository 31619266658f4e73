/** The column `args` of the table `syscalls` has what `tracewire strace` prints, but for the files of descriptors. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { run } from "../support/program.ts";
import { projectTraces } from "../support/traces.ts";

const test = suite("strace/args");
const traces = projectTraces(test);

/** A call that has begun and ended: its arguments. */
const WHOLE = /^\[pid +\d+\] \S+ (\w+)\((.*)\) = [^?]/;
/** Behind a descriptor, its file. */
const FILE = /(\d)<(?:[^<>\\]|\\.)*>(?:\(deleted\))?/g;

function rows(trace: string, query: string): readonly Record<string, unknown>[] {
  const { stdout, stderr, status } = run(["query", trace, query, "--format", "ndjson"]);
  assert.is(status, 0, stderr);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

for (const name of ["calls", "small"] as const) {
  test(`${name}: arguments are strace's, call by call in the order of their ends`, async () => {
    const trace = await traces(name);
    const { stdout, status } = run(["strace", trace]);
    assert.is(status, 0);
    const expected = stdout
      .split("\n")
      .flatMap((line) => WHOLE.exec(line)?.[2] ?? [])
      .map((text) => text.replace(FILE, "$1"));
    const got = rows(trace, "|> syscalls |> select args").map(({ args }) => args);
    assert.ok(got.length > 500, `${got.length} calls`);
    assert.equal(got, expected);
  });
}

test("arguments are texts like others: in conditions, groups and beside what else is selected", async () => {
  const trace = await traces("small");
  const opens = rows(
    trace,
    'syscall == "openat" && args == "*O_CLOEXEC*" |> syscalls |> select filename, flags, args, errno',
  );
  assert.ok(opens.length > 10);
  // Some names could not be read.
  for (const { filename, flags, args, errno } of opens.filter((open) => open["filename"] !== "")) {
    assert.ok(String(args).startsWith(`AT_FDCWD, "${String(filename)}", O_`), String(args));
    assert.ok((Number(flags) & 0o2000000) !== 0);
    assert.ok(errno === null || errno === undefined || /^E[A-Z]+$/.test(String(errno)));
  }
  const all = rows(trace, "|> syscalls |> count()")[0];
  const groups = rows(trace, "|> syscalls |> count() by syscall, args");
  assert.is(
    groups.reduce((sum, { count }) => sum + Number(count), 0),
    Number(all?.["count"]),
  );
});

test.run();
