import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { program } from "../../src/cli/program.ts";
import { run } from "../support/program.ts";
import { PROJECT } from "../support/traces.ts";

const test = suite("cli/help");

const COMMANDS = program().commands.map((command) => command.name());

test("knows its commands", () => {
  const live = [
    "tail",
    "query",
    "queries",
    "record",
    "cut",
    "convert",
    "top",
    "analyze",
    "strace",
    "ps",
    "watch",
    "enable",
    "ls",
    "info",
    "serve",
    "view",
    "replay",
    "demo",
    "explain",
  ];
  assert.equal(COMMANDS, [...live, "containers", "statedump", "completion", "man"]);
  const { status, stdout } = run(["--help"]);
  assert.is(status, 0);
  for (const name of COMMANDS) assert.match(stdout, new RegExp(`^  ${name} `, "m"));
});

for (const name of COMMANDS) {
  test(`explains ${name} by example`, () => {
    const { status, stdout, stderr } = run([name, "--help"]);
    assert.equal([status, stderr], [0, ""]);
    assert.match(stdout, /^Examples?:\n {2}\$ /m);
    // Defaults are words for people, not values of the program.
    assert.not.match(stdout, /default:\s+(\[|\{|false|\d{4})/);
  });
}

test("prints the package's version", () => {
  const { version } = JSON.parse(readFileSync(join(PROJECT, "package.json"), "utf8"));
  assert.is(run(["--version"]).stdout, `${version}\n`);
});

test("shows its help without a command, and proposes the nearest to an unknown one", () => {
  const none = run([]);
  assert.is(none.status, 0);
  assert.match(none.stdout, /^Usage: tracewire/);
  const slip = run(["tial"]);
  assert.is(slip.status, 2);
  assert.match(slip.stderr, /unknown command 'tial'\n\(Did you mean tail\?\)/);
});

test.run();
