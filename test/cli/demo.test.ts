/** `tracewire demo` and `tracewire serve`: what a newcomer starts first. */

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Child, linesOf, stopChildren } from "../support/child.ts";
import { needs } from "../support/needs.ts";
import { freePorts } from "../support/ports.ts";
import { MAIN, recordedTrace } from "../support/traces.ts";
import { attachedTail, tracewire } from "../support/tracewire.ts";

const test = suite("cli/demo");
const TOKEN = "for-this-test-only";

/** Where the demos of a test unpack their trace: those that are killed leave it there. */
let temporary = "";

test.before.each(() => {
  temporary = mkdtempSync(join(tmpdir(), "tracewire-demo-"));
});

test.after.each(async () => {
  await stopChildren();
  rmSync(temporary, { recursive: true });
});

interface Demo {
  readonly child: Child;
  readonly page: string;
  readonly live: string;
}

async function demo(env: NodeJS.ProcessEnv = {}, relay: string = ":0"): Promise<Demo> {
  const child = new Child(process.execPath, [MAIN, "demo", "--listen", ":0", "--relay", relay], {
    ...process.env,
    TMPDIR: temporary,
    ...env,
  });
  await child.until("greeted", () => child.stdout.includes("Ctrl-C ends it."));
  const page = /http:\S+/.exec(child.stdout)?.[0] ?? "";
  const live = /net:\S+/.exec(child.stdout)?.[0] ?? "";
  return { child, page, live };
}

async function rows(url: string, headers: Record<string, string> = {}): Promise<unknown[]> {
  const answer = await fetch(url, { headers: { Accept: "application/x-ndjson", ...headers } });
  assert.is(answer.status, 200);
  return linesOf(await answer.text()).map((line): unknown => JSON.parse(line));
}

test("demo serves at once, ends at Ctrl-C and leaves nothing behind", async () => {
  const { child, page } = await demo();
  assert.is(readdirSync(temporary).length, 1);
  assert.match(await (await fetch(page)).text(), /^<!doctype html>/);
  assert.is((await rows(`${page}/v1/query?limit=20`)).length, 20);
  child.process.kill("SIGINT");
  assert.equal(await child.end(), { code: 0, signal: null });
  assert.equal(readdirSync(temporary), []);
});

test("demo offers its session at a fixed address, or at another port where that is taken", async () => {
  const [port] = await freePorts(1);
  const first = await demo({}, `127.0.0.1:${port}`);
  assert.is(first.live, `net://127.0.0.1:${port}/host/fosdem-host/demo`);
  const second = await demo({}, `127.0.0.1:${port}`);
  assert.match(second.live, /^net:\/\/127\.0\.0\.1:\d+\/host\/fosdem-host\/demo$/);
  assert.is.not(second.live, first.live);
});

test("demo has a session left for another viewer", async () => {
  const { live, page } = await demo();
  const tail = await attachedTail(live, "--limit", "5");
  assert.is(linesOf(await tail.output()).length, 5);
  assert.is((await rows(`${page}/v1/query?limit=1`)).length, 1);
});

needs(test, ["curl"])("demo prints commands that work as they stand", async () => {
  const { child } = await demo();
  const commands = child.stdout.split("\n").filter((line) => /^ {2}curl /.test(line));
  assert.is(commands.length, 2);
  for (const command of commands) {
    const shell = new Child("sh", [
      "-c",
      `${command.trim().replace("curl", "curl -s")} | head -n 2`,
    ]);
    assert.is(linesOf(await shell.output()).length, 2, command);
  }
});

test("demo and serve take a token, by option or from the environment", async () => {
  const { page, child } = await demo({ TRACEWIRE_TOKEN: TOKEN });
  assert.is((await fetch(`${page}/v1/query?limit=1`)).status, 401);
  const bearer = { Authorization: `Bearer ${TOKEN}` };
  assert.is((await rows(`${page}/v1/query?limit=1`, bearer)).length, 1);
  assert.is(child.stdout.includes(TOKEN), false);
  const trace = await recordedTrace("small");
  try {
    const serve = tracewire(
      "serve",
      trace.path,
      "--listen",
      "0.0.0.0:0",
      "--insecure",
      "--token",
      TOKEN,
    );
    await serve.until("printed its address", () => serve.lines.length > 0);
    const url = `${serve.lines[0]!.replace("0.0.0.0", "127.0.0.1")}/v1/query?limit=1`;
    assert.is((await fetch(url)).status, 401);
    assert.is((await rows(url, bearer)).length, 1);
    serve.process.kill("SIGINT");
    assert.is((await serve.end()).code, 0);
  } finally {
    await trace.remove();
  }
});

test("serve does not open a machine to its network by a slip", async () => {
  const cases = [
    [
      ["--listen", "0.0.0.0:0"],
      /^error: listening on 0\.0\.0\.0: expected a token \(--token-file, --token or TRACEWIRE_TOKEN\) or --tls-client-ca/,
    ],
    [["--listen", "[::]:0"], /^error: listening on ::: expected a token/],
    [["--listen", ":0", "--token", "short"], /^error: token: expected 8 to 256 letters/],
  ] as const;
  for (const [args, message] of cases) {
    const serve = tracewire("serve", "/tmp", ...args);
    assert.is((await serve.end()).code, 1);
    assert.match(serve.stderr, message);
    assert.is(serve.stdout, "");
  }
});

test.run();
