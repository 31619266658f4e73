/** Where output goes: slow readers, readers that go away, full disks, terminals. */

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Child, stopChildren } from "../support/child.ts";
import { needs } from "../support/needs.ts";
import { run } from "../support/program.ts";
import { MAIN, recordedTrace } from "../support/traces.ts";
import { tracewire } from "../support/tracewire.ts";

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

const COMMANDS: readonly (readonly string[])[] = [
  ["tail", churn.path],
  ["tail", churn.path, "--count"],
  ["tail", churn.path, "--format", "arrow"],
  ["query", churn.path, "|> count() by event"],
  ["info", churn.path, "--fields"],
  ["containers", churn.path],
  ["containers", churn.path, "--json"],
  ["explain", churn.path, "ret < 0"],
  ["completion", "bash"],
  ["man"],
  ["--help"],
  ["tail", "--help"],
  ["--version"],
];

for (const args of COMMANDS) {
  const shown = args.map((arg) => (arg === churn.path ? "TRACE" : arg)).join(" ");
  test(`${shown} ends with one line on a full disk`, () => {
    const { status, stderr } = shell(`"$@" > /dev/full`, args);
    assert.is(status, 1);
    assert.match(stderr, /^error: ENOSPC: no space left on device, write\n$/m);
    assert.not.match(stderr, /\n {4}at /);
  });

  test(`${shown} ends quietly when its reader goes away`, () => {
    const { stdout, stderr } = shell(`{ "$@"; echo "status $?" >&2; } | true`, args);
    assert.is(stdout, "");
    assert.is(stderr, "status 0\n");
  });
}

test("a server whose address cannot be printed says so, and serves", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tracewire-output-"));
  const socketPath = join(folder, "s.sock");
  const args = ["serve", churn.path, "--listen", `unix:${socketPath}`, "--no-token"];
  const script = `exec "$@" > /dev/full`;
  const child = new Child("bash", ["-c", script, "bash", process.execPath, MAIN, ...args]);
  try {
    await child.until("says so", () => /stdout: .*(?:ENOSPC|no space)/.test(child.stderr));
    await child.until("serves", () => child.stderr.includes("serving"));
    const status = await new Promise((resolve, reject) => {
      get({ socketPath, path: "/healthz" }, (answer) => resolve(answer.statusCode)).on(
        "error",
        reject,
      );
    });
    assert.is(status, 200);
    child.process.kill("SIGTERM");
    assert.is((await child.end()).code, 0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function shell(
  script: string,
  args: readonly string[],
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync(
    "bash",
    ["-c", script, "bash", process.execPath, MAIN, ...args],
    { encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } },
  );
  return { status, stdout, stderr };
}

needs(test, ["script"])("Arrow is not written to a terminal", () => {
  const command = `${process.execPath} ${MAIN} tail ${churn.path} --format arrow`;
  const { stdout, status } = spawnSync("script", ["-qec", command, "/dev/null"], {
    encoding: "utf8",
  });
  assert.is(status, 1);
  assert.match(stdout, /error:.* stdout: expected a file or a pipe for Arrow.* add > FILE/);
});

needs(test, ["script"])(
  "no status line is drawn where a pipe may lead to the same terminal",
  () => {
    const command = `${process.execPath} ${MAIN} tail ${churn.path} -f babeltrace | (sleep 1; cat) | tail -1`;
    const { stdout } = spawnSync("script", ["-qec", command, "/dev/null"], { encoding: "utf8" });
    assert.not.ok(stdout.includes("\u001b[2K"), stdout);
  },
);

for (const [args, expected] of [
  [["tail", "-o", "json", "-n", "1"], /^\{"timestamp":.*\}\n$/],
  [["tail", "--output", "jsonl", "-n", "1"], /^\{"timestamp":.*\}\n$/],
  [["tail", "--json", "-n", "1"], /^\{"timestamp":.*\}\n$/],
  [["info", "-o", "json"], /^\{\n {2}"traces"/],
  [["info", "--format", "text"], /event classes/],
  [["containers", "-f", "json"], /^\[/],
] as const) {
  test(`${args.join(" ")} is understood`, () => {
    const [name, ...options] = args;
    const { status, stdout, stderr } = run([name, churn.path, ...options]);
    assert.is(status, 0, stderr);
    assert.match(stdout, expected);
  });
}

test("containers --follow ends on the first Ctrl-C", async () => {
  const replay = tracewire("replay", churn.path, "--listen", "127.0.0.1:0", "--loop");
  await replay.until("listened", () => replay.lines.length > 0);
  const follow = tracewire("containers", replay.lines[0]!, "--follow");
  await follow.until("found containers", () => follow.lines.length > 0);
  const at = performance.now();
  follow.process.kill("SIGINT");
  const { code, signal } = await follow.end();
  assert.equal([code, signal], [0, null]);
  assert.ok(performance.now() - at < 5000);
  await stopChildren();
});

test.run();
