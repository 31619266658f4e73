/** The line of progress that `tail` shows at a terminal while it reads a recorded trace. */

import { spawnSync } from "node:child_process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { describeProgress, ProgressLine } from "../../src/cli/status.ts";
import { needs } from "../support/needs.ts";
import { MAIN, recordedTrace } from "../support/traces.ts";

const test = suite("cli/progress");

const ERASE = "\r\u001b[2K";

/** A terminal's stream that keeps what is written. */
function terminal(columns: number): {
  text: string;
  columns: number;
  write(bytes: Uint8Array): void;
} {
  return {
    text: "",
    columns,
    write(bytes) {
      this.text += Buffer.from(bytes);
    },
  };
}

test("is written five times a second at most, and erased at the end", () => {
  const stream = terminal(80);
  let now = 1000;
  const line = new ProgressLine(stream, false, () => now);
  for (let done = 1; done <= 100; done++) {
    now += 10;
    line.update(done * 1e6, 100e6, done * 1e5);
  }
  const shown = stream.text.split(ERASE).slice(1);
  assert.equal(shown, [
    "20 %, 10.0 M rows/s, 100 MB/s, 1 s left",
    "40 %, 10.0 M rows/s, 100 MB/s, 1 s left",
    "60 %, 10.0 M rows/s, 100 MB/s, 1 s left",
    "80 %, 10.0 M rows/s, 100 MB/s, 1 s left",
    "100 %, 10.0 M rows/s, 100 MB/s, 0 s left",
  ]);
  line.end();
  assert.ok(stream.text.endsWith(ERASE));
  const { length } = stream.text;
  now += 1000;
  line.update(1, 1, 1);
  line.end();
  assert.is(stream.text.length, length);
});

test("shows the rate of the work that goes on now", () => {
  const stream = terminal(80);
  let now = 0;
  const line = new ProgressLine(stream, false, () => now);
  now = 10_000;
  line.show((seconds) => `looking, ${seconds} s`);
  line.restart();
  now = 11_000;
  line.update(50e6, 100e6, 1e6);
  assert.equal(stream.text.split(ERASE).slice(1), [
    "looking, 10 s",
    "50 %, 1.0 M rows/s, 50 MB/s, 1 s left",
  ]);
});

test("says nothing of work that is done at once, and nothing that would wrap", () => {
  const stream = terminal(20);
  let now = 0;
  const line = new ProgressLine(stream, false, () => now);
  now = 199;
  line.update(1, 2, 3);
  line.end();
  assert.is(stream.text, "");
  const other = new ProgressLine(stream, true, () => now);
  now = 500;
  other.update(1, 2, 3);
  assert.is(stream.text, `${ERASE}\u001b[2m50 %, 10 rows/s, 0 \u001b[22m`);
});

test("counts in readable units", () => {
  assert.is(describeProgress(1e9, 4e9, 12_345, 60), "25 %, 206 rows/s, 17 MB/s, 3 min 0 s left");
  assert.is(describeProgress(1e9, 1e12, 12e6, 60), "0 %, 200 k rows/s, 17 MB/s, 16 h 39 min left");
  assert.is(describeProgress(0, 10, 0, 1), "0 %, 0 rows/s, 0 MB/s");
});

/** Runs a shell command line with stderr, and only that, on a pseudo-terminal; gives what was written there. */
function atTerminal(command: string, env: Readonly<Record<string, string>> = {}): string {
  const { status, stdout } = spawnSync("script", ["-qec", command, "/dev/null"], {
    // Whatever the surroundings say about colours.
    env: { ...process.env, NO_COLOR: "", FORCE_COLOR: undefined, TERM: "xterm", ...env },
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  assert.is(status, 0, stdout.slice(-1000));
  return stdout;
}

/** Slow enough for a line of progress, whose rows go elsewhere than to the terminal. */
const SLOWLY = "--engine interpreter > /dev/null";
const PROGRESS = /\d+ %, [\d.]+( [kM])? rows\/s, \d+ MB\/s/;

needs(test, ["script"])("shows on a terminal that has no rows to show", async () => {
  const trace = await recordedTrace("churn");
  const tail = `${process.execPath} ${MAIN} tail ${trace.path}`;
  try {
    const shown = atTerminal(`${tail} --format babeltrace ${SLOWLY}`);
    assert.match(shown, PROGRESS);
    assert.match(shown, "\u001b[2m");
    // Gone at the end, but for what is worth keeping.
    const last = shown.slice(shown.lastIndexOf(ERASE) + ERASE.length);
    assert.not.match(last, PROGRESS);
    const plain = atTerminal(`${tail} --format babeltrace ${SLOWLY}`, { NO_COLOR: "1" });
    assert.match(plain, PROGRESS);
    assert.not.match(plain, "\u001b[2m");
  } finally {
    await trace.remove();
  }
});

needs(test, ["script"])("does not show where it would be in the way", async () => {
  const trace = await recordedTrace("churn");
  const tail = `${process.execPath} ${MAIN} tail ${trace.path} --format babeltrace`;
  try {
    assert.not.match(atTerminal(`${tail} --quiet ${SLOWLY}`), PROGRESS);
    assert.not.match(atTerminal(`${tail} ${SLOWLY}`, { TERM: "dumb" }), PROGRESS);
    assert.not.match(atTerminal(`${tail} --engine interpreter 2>&1 > /dev/null | cat`), PROGRESS);
    // What reads the rows may write to the same terminal.
    assert.not.match(atTerminal(`${tail} | (sleep 1; cat > /dev/null)`), PROGRESS);
    // Rows on the terminal are progress enough.
    assert.not.match(atTerminal(tail), PROGRESS);
  } finally {
    await trace.remove();
  }
});

test.run();
