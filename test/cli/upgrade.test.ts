/** A server whose files an upgrade takes away goes on: what it has not used yet, it has read. */

import { cpSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Child } from "../support/child.ts";
import { Folders } from "../support/folder.ts";
import { MAIN, PROJECT, recordedTrace } from "../support/traces.ts";

const test = suite("cli/upgrade");
const folders = new Folders();
test.after(() => folders.removeAll());

/** Each of the program's threads reads its parts a second after its start. */
const READ_MS = 2500;

test("answers in a format that nobody asked for before its parts were deleted", async () => {
  const trace = await recordedTrace("small");
  const installed = folders.make({});
  const bin = join(installed, "build", "bin");
  cpSync(dirname(MAIN), bin, { recursive: true });
  cpSync(join(PROJECT, "package.json"), join(installed, "package.json"));
  const command = [join(bin, "main.js"), "serve", trace.path, "--listen", "127.0.0.1:0"];
  const child = new Child(process.execPath, [...command, "--no-token"]);
  try {
    await child.until("listens", () => child.stderr.includes("serving"));
    await pause(READ_MS);
    for (const name of readdirSync(bin)) if (name.startsWith("part-")) rmSync(join(bin, name));
    const headers = { Accept: "application/vnd.apache.parquet" };
    const answer = await fetch(`${child.lines[0]!}/v1/query?limit=5`, { headers });
    assert.is(answer.status, 200, child.stderr);
    const bytes = Buffer.from(await answer.arrayBuffer());
    assert.is(bytes.toString("latin1", bytes.length - 4), "PAR1");
    child.process.kill("SIGTERM");
    assert.is((await child.end()).code, 0);
  } finally {
    if (child.ending === undefined) child.process.kill("SIGKILL");
    await trace.remove();
  }
});

test.run();
