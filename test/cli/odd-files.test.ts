/** Where a file of settings is expected, something else is told at once: nothing waits for a FIFO, and one such file spoils no other. */

import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Folders } from "../support/folder.ts";
import { run } from "../support/program.ts";

const test = suite("cli/odd-files");
const folders = new Folders();
test.after(() => folders.removeAll());

const root = folders.make({ "mine/good.query": "# counts\n|> count()\n" });
const mine = join(root, "mine");
const fifo = join(root, "fifo");
for (const path of [fifo, join(mine, "fifo.query")]) execFileSync("mkfifo", [path]);
mkdirSync(join(mine, "folder.query"));
symlinkSync("/nowhere", join(mine, "gone.query"));

for (const [what, path] of [
  ["a FIFO", fifo],
  ["a folder", root],
] as const)
  test(`serve --config of ${what}`, () => {
    const { status, stderr } = run(["serve", root, "--config", path]);
    assert.is(status, 2);
    assert.match(stderr, "expected a configuration file, got something that is no regular file");
  });

test("named queries beside files that are none", () => {
  assert.is(run(["queries", "@good", "--queries", mine]).stdout, "|> count()\n");
  const { stdout } = run(["queries", "--queries", mine]);
  for (const name of ["fifo", "folder", "gone"])
    assert.match(stdout, new RegExp(`@${name} +expected a text file, got `));
  const { status, stderr } = run(["queries", "fifo", "--queries", mine]);
  assert.is(status, 1);
  assert.match(stderr, "@fifo: expected a text file, got something that is no regular file");
});

test("a name that no query has, and a folder that is none", () => {
  assert.match(run(["queries", "fialed-opens"]).stderr, "did you mean failed-opens?");
  assert.match(run(["queries", "--queries", fifo]).stderr, "queries: expected a folder, got");
});

test.run();
