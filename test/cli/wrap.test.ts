/** What terminals of 80 columns show. */

import { spawnSync } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { wrapped } from "../../src/cli/wrap.ts";
import { needs } from "../support/needs.ts";
import { MAIN, recordedTrace } from "../support/traces.ts";

const test = suite("cli/wrap");
const small = await recordedTrace("small");
test.after(() => small.remove());

test("long lines go on with an indent; colours take no room", () => {
  assert.is(wrapped("  a bb ccc dddd eeeee ffffff", 20), "  a bb ccc dddd\n      eeeee ffffff");
  const colored = "  \u001b[1ma\u001b[22m bb ccc dddd";
  assert.is(wrapped(colored, 20), colored);
  assert.is(wrapped(`x ${"y".repeat(30)} z`, 20), `x\n    ${"y".repeat(30)}\n    z`);
  assert.is(wrapped("one two", undefined), "one two");
});

/** Erases the terminal's line. */
const ERASE = "\r\u001b[2K";

function atTerminal(args: string, columns: number): string[] {
  const command = `stty cols ${columns}; ${process.execPath} ${MAIN} ${args}`;
  const { stdout } = spawnSync("script", ["-qec", command, "/dev/null"], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  // On a slow machine there are status lines, which were erased again.
  return stdout.split("\n").map((line) => {
    const left = line.split(ERASE).at(-1)!;
    return stripVTControlCharacters(left).replace(/\r$/, "");
  });
}

for (const args of [`containers ${small.path}`, `info ${small.path}`]) {
  needs(test, ["script"])(`${args.split(" ")[0]} fits 80 columns`, () => {
    const lines = atTerminal(args, 80);
    assert.ok(lines.length > 5);
    for (const line of lines)
      assert.ok(line.length <= 80 || !line.trim().includes(" "), `${line.length}: ${line}`);
  });
}

needs(test, ["script"])("tail's lines go on with an indent, and nothing is missing", () => {
  const wide = atTerminal(`tail ${small.path} -n 50 --quiet`, 5000);
  const narrow = atTerminal(`tail ${small.path} -n 50 --quiet`, 80);
  assert.ok(narrow.length > wide.length);
  assert.is(narrow.join(" ").replaceAll(/\s+/g, " "), wide.join(" ").replaceAll(/\s+/g, " "));
  for (const line of narrow) assert.ok(line.length <= 80 || !line.trim().includes(" "), line);
});

test.run();
