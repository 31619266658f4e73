/** A container or a process that nothing has is told by every command, however it is asked for; and one that is absent is none. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Folders } from "../support/folder.ts";
import { run } from "../support/program.ts";
import { projectTraces } from "../support/traces.ts";
import { Bytes, event, PREAMBLE, packet, record, STREAM } from "../support/tsdl.ts";

const test = suite("cli/missing-names");
const traces = projectTraces(test);
const folders = new Folders();
test.after(() => folders.removeAll());

const MISSING = /no container is called wbe; known: .*some-redis/;
/** By an option, in the filter, behind tables that decide it in the scan or behind it, behind limits and aggregates. */
const COMMANDS: readonly (readonly string[])[] = [
  ["tail", "--container", "wbe"],
  ["strace", "--container", "wbe"],
  ["strace", "--pid", "8@wbe"],
  ["ps", "--container", "wbe"],
  ["top", "--container", "wbe"],
  ["query", "--container", "wbe", "|> syscalls |> count()"],
  ["query", "--container", "wbe", "|> slices |> count()"],
  ...[
    '$container.name == "wbe" |> count()',
    'container == "wbe" |> syscalls',
    '|> where container == "wbe"',
    '|> syscalls |> where container == "wbe" |> count()',
    '|> syscalls |> where dt > 1ms && (container == "wbe" || ret < 0) |> count()',
    '|> slices |> where container == "wbe"',
    '|> limit 5 |> where container == "wbe"',
    '|> count() by container |> where container in ("wbe", "some-redis")',
  ].map((text) => ["query", text]),
];

for (const [command, ...args] of COMMANDS)
  test([command, ...args].join(" "), async () => {
    const { status, stderr } = run([command!, await traces("small"), ...args]);
    assert.is(status, 0, stderr);
    assert.match(stderr, MISSING);
  });

test("analyze tells it too", async () => {
  const { stderr } = run(["analyze", await traces("small"), "cputop", "--container", "wbe"]);
  assert.match(stderr, MISSING);
});

test("an exclusion that excludes nothing is told", async () => {
  const trace = await traces("small");
  const { stderr } = run(["query", trace, '|> slices |> where container != "wbe" |> count()']);
  assert.match(stderr, "excludes nothing: no container is called wbe");
});

test("a query without rows says so, where people read it", async () => {
  const trace = await traces("small");
  for (const text of ["ret < -100000", "|> syscalls |> where dt > 1h"]) {
    const { stdout, stderr } = run(["query", trace, text]);
    assert.is(stdout, "");
    assert.match(stderr, /no rows\n$/);
    assert.not.match(run(["query", trace, text, "--quiet"]).stderr, "no rows");
    assert.not.match(run(["query", trace, text, "--format", "csv"]).stderr, "no rows");
  }
});

test("processes that have no events are told", async () => {
  const { stdout, stderr } = run(["strace", await traces("small"), "--pid", "99999"]);
  assert.is(stdout, "");
  assert.match(stderr, "process 99999 has no events here");
});

test("before anything was recorded there are no processes", async () => {
  const { stderr } = run(["ps", await traces("small"), "--at", "1999-01-01"]);
  assert.match(stderr, "events of any until that time");
});

/** Conditions on events whose container is not known, and how many of the three hold. */
const UNKNOWN: readonly (readonly [string, number])[] = [
  ['container == "*"', 0],
  ['container == ""', 0],
  ['container != "web"', 0],
  ['$container.type != "lxd"', 0],
  ['!(container == "web")', 3],
  ['container_type == "lxd" || n > 1', 2],
  ['!(container != "web") && n < 3', 2],
];

for (const [condition, expected] of UNKNOWN)
  test(`|> where ${condition}: ${expected} of 3 without a container`, () => {
    const records = [1n, 2n, 3n].map((at) => record(0, at, new Bytes().u8(Number(at)).take()));
    const trace = folders.make({
      metadata: `${PREAMBLE}${STREAM}${event(0, "ev", "u8 _n;")}`,
      stream: packet(Buffer.concat(records), { end: 3n }),
    });
    const places = ["|> where", "|> limit 9 |> where"].map((stages) => `${stages} ${condition}`);
    const counted = [...places.map((text) => `${text} |> count()`), `|> count() if (${condition})`];
    const answers = counted.map((text) => run(["query", trace, text, "--format", "csv"]).stdout);
    assert.equal(
      answers.map((answer) => Number(answer.split("\n")[1]?.split(",")[0])),
      counted.map(() => expected),
    );
  });

test.run();
