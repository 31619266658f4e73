/** Completion scripts and the manual page, made from the commands: what the shells and troff make of them. */

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { completionScript, SHELLS } from "../../src/cli/completion.ts";
import { manualPage } from "../../src/cli/man.ts";
import { program } from "../../src/cli/program.ts";
import { Folders } from "../support/folder.ts";
import { needs } from "../support/needs.ts";
import { run } from "../support/program.ts";

const test = suite("cli/completion");
const folders = new Folders();
test.after(() => folders.removeAll());

/** What bash proposes for the last of some words. */
function bash(...words: string[]): string[] {
  const script = `source <("$0" "$1" completion bash)
shift; COMP_WORDS=("$@"); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _tracewire; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const main = process.argv[1]!.replace(/test\/cli\/.*$/, "bin/main.js");
  const args = ["-c", script, process.execPath, main, "tracewire", ...words];
  const { stdout, stderr } = spawnSync("bash", args, { encoding: "utf8" });
  assert.is(stderr, "");
  return stdout.trim().split("\n");
}

for (const [words, expected] of [
  [["ta"], ["tail"]],
  [["co"], ["convert", "containers", "completion"]],
  [["--v"], ["--version"]],
  [["tail", "--for"], ["--format"]],
  [
    ["tail", "./trace", "--color", ""],
    ["auto", "always", "never"],
  ],
  [["tail", "./trace", "--engine", "k"], ["kernel"]],
  [["ls", "-f", "j"], ["json"]],
  [["completion", "z"], ["zsh"]],
  [["tail", "./tr"], [""]],
  [["statedump", "--only"], ["--only-named"]],
] as const) {
  test(`bash: tracewire ${words.join(" ")}<Tab>`, () => assert.equal(bash(...words), expected));
}

for (const shell of SHELLS) {
  test(`${shell}: every command and option is there`, () => {
    const { stdout, status } = run(["completion", shell]);
    assert.is(status, 0);
    assert.is(stdout, completionScript(program(), shell));
    for (const command of program().commands) {
      assert.ok(stdout.includes(command.name()), command.name());
      for (const { long, hidden } of command.options)
        if (long !== undefined && long !== null && !hidden)
          assert.ok(stdout.includes(shell === "fish" ? `-l ${long.slice(2)}` : long), long);
    }
  });

  needs(test, [shell])(`${shell} reads its script`, () => {
    const path = join(folders.make({ script: completionScript(program(), shell) }), "script");
    const { status, stderr } = spawnSync(shell, ["-n", path], { encoding: "utf8" });
    assert.equal([status, stderr], [0, ""]);
  });
}

test("the manual page has every command, option and exit status", () => {
  const page = run(["man"]).stdout.replaceAll("\\-", "-");
  for (const command of program().commands) {
    assert.ok(page.includes(`\n.SS ${command.name()} `), command.name());
    for (const { flags, hidden } of command.options)
      if (!hidden) assert.ok(page.includes(`\n.B ${flags}\n`), flags);
  }
  assert.match(page, /^\.SH EXIT STATUS\n(?:\.TP\n\.B \d\n.*\n){4}/m);
});

needs(test, ["groff"])("troff has no complaint about it", () => {
  const page = manualPage(program());
  const { status, stderr, stdout } = spawnSync("groff", ["-man", "-ww", "-Tutf8", "-Kutf8"], {
    input: page,
    encoding: "utf8",
  });
  assert.equal([status, stderr], [0, ""]);
  assert.match(stdout, /wrong\s+clocks/);
});

test.run();
