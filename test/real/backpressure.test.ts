/** A reader that stands still: nothing more is asked of the relay daemon, nothing grows, and nothing is missing at the end. */

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { eventually } from "../support/child.ts";
import { needsLttng, sharedLttng } from "../support/lttng.ts";
import { MAIN } from "../support/traces.ts";

const test = suite("real/backpressure");
const run = needsLttng(test);
const daemons = sharedLttng(test);

const ROUNDS = 20;
const TICKS = 50_000;

run(
  "holds the relay daemon back while its reader stands still, and then gives everything",
  async () => {
    const lttng = await daemons();
    const channel = ["--subbuf-size=256k", "--num-subbuf=8", "--blocking-timeout=inf"];
    await lttng.createSession("still", { channel, events: ["tracewire_test:tick"] });
    const application = await lttng.application("app");
    const args = ["tail", lttng.url("still"), "--from", "beginning", "--format", "ndjson"];
    const tail = spawn(process.execPath, [MAIN, ...args, "--select", "number"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = new Promise((resolve) => tail.on("exit", (code) => resolve(code)));
    let stderr = "";
    tail.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    try {
      await eventually("attached", () => stderr.includes("attached to session") || undefined);
      await application.emit("tick", TICKS);
      const before = residentMiB(tail.pid);
      for (let round = 1; round < ROUNDS; round++) await application.emit("tick", TICKS);
      // Some live timers more: a viewer that still asked would have it all by now.
      await new Promise((resolve) => setTimeout(resolve, 2000));
      const grown = residentMiB(tail.pid) - before;
      assert.ok(grown < 100, `${grown} MiB more`);
      let next = 0;
      let rest = "";
      tail.stdout.setEncoding("utf8").on("data", (text: string) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) assert.is(JSON.parse(line).number, next++);
      });
      await application.end();
      await lttng.end("still");
      assert.is(await ended, 0);
      assert.is(next, ROUNDS * TICKS);
      assert.not.match(stderr, /warning/);
    } finally {
      tail.kill("SIGKILL");
    }
  },
);

function residentMiB(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
}

test.run();
