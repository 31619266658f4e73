/** What `tracewire strace` prints of a recording of three containers, held against strace's grammar call by call. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { run } from "../support/program.ts";
import { projectTraces } from "../support/traces.ts";
import { isInGrammar, nameOf, SIGNATURES } from "./grammar.ts";

const test = suite("strace/grammar");
const traces = projectTraces(test);

/** Lines of each call that are checked. */
const LINES = 200;
const HEAD = /^\[pid +\d+\] \d\d:\d\d:\d\d\.\d{6} /;

const CONTAINERS = ["some-redis", "thirsty_meninsky", "master-cheetah"];

test("lines of every call have strace's names, numbers and paths in their places", async () => {
  const counts = new Map<string, number>();
  for (const name of ["calls", "small"] as const)
    for (const container of CONTAINERS) {
      const { stdout, status } = run(["strace", await traces(name), "--container", container]);
      assert.is(status, 0);
      const lines = stdout.trim().split("\n");
      assert.ok(lines.length > 100, `${name}, ${container}: ${lines.length} lines`);
      for (const line of lines) {
        assert.match(line, HEAD);
        const call = nameOf(line.replace(HEAD, ""));
        const count = counts.get(call) ?? 0;
        counts.set(call, count + 1);
        if (count < LINES) assert.ok(isInGrammar(line.replace(HEAD, "")), line);
      }
    }
  const common = [...counts.values()].filter((count) => count >= LINES);
  assert.ok(counts.size > 70, `${counts.size} calls`);
  assert.ok(common.length >= 9, `${common.length} with ${LINES} lines`);
  assert.equal(
    [...counts.keys()].filter((call) => !(call in SIGNATURES)),
    [],
  );
});

for (const line of [
  'openat(AT_FDCWD, "/a", 0) = 3</a> <0.000001>',
  'openat(AT_FDCWD, "/a", O_RDONLY, 0644) = -2 <0.000001>',
  "read(3, 4096, 832) = 832 <0.000001>",
  "mmap(NULL, 1, 3, MAP_PRIVATE, 3, 0) = 0x1000 <0.000001>",
  "kill(1, 9) = 0 <0.000001>",
  "close(3) = 0",
  "read(3,<unfinished ...>",
]) {
  test(`the grammar refuses ${line}`, () => assert.not(isInGrammar(line)));
}

test.run();
