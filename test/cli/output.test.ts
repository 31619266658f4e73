/** Where output goes: slow readers, readers that go away, full disks, terminals. */

import { spawn } from "node:child_process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MAIN, recordedTrace } from "../support/traces.ts";

const test = suite("cli/output");
const churn = await recordedTrace("churn");
test.after(() => churn.remove());

/** Much longer than a command takes to leave. */
const PAUSE_MS = 2500;

test("a reader that does not read for a while gets every row", async () => {
  const args = [MAIN, "tail", churn.path, "--format", "babeltrace"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  let lines = 0;
  for await (const chunk of child.stdout) lines += String(chunk).split("\n").length - 1;
  assert.is(lines, 82_770);
});

test.run();
