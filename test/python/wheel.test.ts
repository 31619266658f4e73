/** The wheel: built, checked, installed into an empty environment, and used away from the repository. */

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Child } from "../support/child.ts";
import { needs } from "../support/needs.ts";
import { PROJECT, recordedTrace } from "../support/traces.ts";

const base = suite("python/wheel");
const test = needs(base, [
  "python3:build",
  "python3:hatchling",
  "python3:twine",
  "python3:pyarrow",
]);

const SCRIPT = `
import sys, tracewire as tw, pyarrow as pa
assert sys.prefix in tw.__file__, tw.__file__
with tw.open(sys.argv[1]) as trace:
    failed = trace.query(where="ret < 0", select=["timestamp", "event", "container", "ret"])
    slow = trace.query("@slow-syscalls")
    print(trace.sources()[0]["kind"], pa.table(failed).num_rows, slow.table().num_rows > 0)
`;

async function succeed(cwd: string, program: string, ...args: string[]): Promise<string> {
  const child = new Child("env", ["-C", cwd, "-u", "PYTHONPATH", program, ...args]);
  const { code } = await child.end();
  assert.is(code, 0, `${child.stdout}\n${child.stderr}`.slice(-4000));
  return child.stdout;
}

test("works from an empty environment", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tracewire-wheel-"));
  const trace = await recordedTrace("small");
  try {
    const build = ["-m", "build", "--wheel", "--no-isolation", "--outdir", folder];
    await succeed(folder, "python3", ...build, join(PROJECT, "python"));
    const wheel = join(folder, readdirSync(folder).find((name) => name.endsWith(".whl")) ?? "");
    assert.match(
      await succeed(folder, "python3", "-m", "twine", "check", "--strict", wheel),
      "PASSED",
    );
    const environment = join(folder, "environment");
    await succeed(folder, "python3", "-m", "venv", environment);
    const python = join(environment, "bin/python");
    await succeed(folder, python, "-m", "pip", "install", "-q", wheel);
    const printed = await succeed(folder, python, "-c", SCRIPT, trace.path);
    assert.is(printed.trim(), "recorded 65 True");
  } finally {
    rmSync(folder, { recursive: true });
    await trace.remove();
  }
});

base.run();
