/** `view`: a page on a free port, opened where there is a browser, until Ctrl-C. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Child, eventually } from "../support/child.ts";
import { Folders } from "../support/folder.ts";
import { MAIN, recordedTrace } from "../support/traces.ts";

const test = suite("cli/view");
const folders = new Folders();
const trace = await recordedTrace("small");
test.after(async () => {
  folders.removeAll();
  await trace.remove();
});

const { PATH } = process.env;

/** Starts it, hands its link over, and ends it by Ctrl-C. */
async function withView(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  work: (link: URL) => Promise<void>,
): Promise<string> {
  const child = new Child(process.execPath, [MAIN, "view", trace.path, ...args], {
    HOME: folders.make(),
    ...env,
  });
  try {
    await child.until("printed its link", () => child.stderr.includes("Ctrl-C"));
    await work(new URL(child.lines[0] ?? ""));
  } finally {
    child.process.kill("SIGINT");
  }
  assert.equal(await child.ended, { code: 0, signal: null });
  return child.stderr;
}

test("prints the link where there is no browser; its token opens the trace, and nothing else does", async () => {
  const said = await withView([], { PATH }, async (link) => {
    assert.is(link.hostname, "127.0.0.1");
    const token = new URLSearchParams(link.hash.slice(1)).get("token");
    assert.match((await (await fetch(link)).text()).slice(0, 100), /^<!doctype html>/);
    const sessions = new URL("/v1/sessions", link);
    assert.is((await fetch(sessions)).status, 401);
    const answer = await fetch(sessions, { headers: { Authorization: `Bearer ${token}` } });
    assert.is(answer.status, 200);
  });
  assert.match(said, /open the link in a browser/);
});

test("opens the page by a file that leads to it and goes with it: command lines show no token", async () => {
  const folder = folders.make();
  const shown = join(folder, "shown");
  const bin = folders.make();
  writeFileSync(
    join(bin, "xdg-open"),
    `#!/bin/sh\nprintf %s "$1" > '${shown}.part' && mv '${shown}.part' '${shown}'\n`,
    {
      mode: 0o755,
    },
  );
  let file = "";
  await withView([], { PATH: `${bin}:${PATH}`, DISPLAY: ":0" }, async (link) => {
    const url = await eventually("the browser was opened", async () =>
      existsSync(shown) ? readFileSync(shown, "utf8") : undefined,
    );
    assert.not.match(url, /token/);
    file = fileURLToPath(url);
    assert.ok(readFileSync(file, "utf8").includes(link.href));
  });
  assert.is(existsSync(file), false);
});

test("opens nothing with --no-open", async () => {
  const said = await withView(["--no-open"], { PATH, DISPLAY: ":0" }, async () => {});
  assert.match(said, /open the link in a browser/);
});

test.run();
