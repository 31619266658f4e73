/** `serve --config`: what it says of values, and that no change of a file opens or ends a server that runs. */

import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Child } from "../support/child.ts";
import { Folders } from "../support/folder.ts";
import { run } from "../support/program.ts";
import { MAIN, recordedTrace } from "../support/traces.ts";

const test = suite("cli/serve-reload");
const folders = new Folders();
test.after(() => folders.removeAll());

const TOKEN = "a-token-of-this-test";

/** Lines of a configuration, and what is said of them. */
const WRONG = {
  "max-rows = 5\nmax-stall = -5s": /line 2: .*'-5s' is invalid. expected a duration/,
  "max-connections = 0": /line 1: .*'0' is invalid. expected more than 0/,
  "max-cpu = 0s": /line 1: .*'0s' is invalid. expected more than 0/,
  "insecure = yes": /line 1: insecure: expected true or false, got yes/,
  "containers = true": /line 1: .*'true' is invalid. expected auto/,
  "listen =": /line 1: .*expected HOST:PORT/,
  "config = other.conf": /line 1: expected one of listen, .*, got config/,
  "audit = /nowhere/audit": /audit: \/nowhere\/audit: expected a file that lines can be added to/,
};

for (const [lines, problem] of Object.entries(WRONG))
  test(`tells where a configuration is wrong: ${lines.replace("\n", ", ")}`, () => {
    const folder = folders.make({ "serve.conf": lines });
    const { status, stderr } = run(["serve", folder, "--config", join(folder, "serve.conf")]);
    assert.is.not(status, 0);
    assert.match(stderr, problem);
    assert.is(stderr.trim().split("\n").length, 1);
  });

test("refuses tokens that every user could write", () => {
  const folder = folders.make({ tokens: TOKEN });
  chmodSync(join(folder, "tokens"), 0o606);
  const { status, stderr } = run(["serve", folder, "--token-file", join(folder, "tokens")]);
  assert.is(status, 1);
  assert.match(stderr, "got one that every user can write (mode 606)");
});

test("stays as it is when a file has become unusable, and obeys no SIGUSR1", async () => {
  const trace = await recordedTrace("small");
  const folder = folders.make({ tokens: TOKEN });
  const [config, tokens] = [join(folder, "serve.conf"), join(folder, "tokens")];
  const usual = `token-file = ${tokens}\n`;
  writeFileSync(config, usual);
  const listen = ["--listen", "127.0.0.1:0", "--config", config];
  const child = new Child(process.execPath, [MAIN, "serve", trace.path, ...listen]);
  try {
    await child.until("listens", () => child.stderr.includes("serving"));
    const url = child.lines[0]!;
    const status = async (token: string): Promise<number> => {
      const headers = { Authorization: `Bearer ${token}` };
      return (await fetch(`${url}/v1/sources`, { headers })).status;
    };
    const reload = async (expected: RegExp): Promise<void> => {
      const before = child.stderr.length;
      child.process.kill("SIGHUP");
      await child.until(`says ${expected}`, () => expected.test(child.stderr.slice(before)));
      assert.is(await status(TOKEN), 200);
      assert.is(await status("a-token-of-nobody"), 401);
    };
    await reload(/^reloaded$/m);
    writeFileSync(config, `${usual}nonsense\n`);
    await reload(/^not reloaded: .*line 2: expected NAME = VALUE, got nonsense$/m);
    rmSync(config);
    mkdirSync(config);
    await reload(/^not reloaded: .*got something that is no regular file$/m);
    rmSync(config, { recursive: true });
    writeFileSync(config, `${usual}retain = 5MiB\nmax-rows = 7\n`);
    await reload(/^reloaded; at the next start: retain$/m);
    // As root it would have made a token of its own at its start.
    writeFileSync(config, "max-rows = 7\n");
    if (process.geteuid?.() === 0) await reload(/^not reloaded: expected token or token-file/m);
    writeFileSync(config, usual);
    child.process.kill("SIGUSR1");
    await reload(/^reloaded/m);
    assert.not.match(child.stderr, /Debugger/);
    child.process.kill("SIGTERM");
    assert.is((await child.end()).code, 0);
  } finally {
    if (child.ending === undefined) child.process.kill("SIGKILL");
    await trace.remove();
  }
});

test.run();
