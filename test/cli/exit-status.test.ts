/** What scripts see: everything was read, or data was damaged or lost, or it failed. */

import { spawnSync } from "node:child_process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Folders } from "../support/folder.ts";
import { run } from "../support/program.ts";
import { MAIN } from "../support/traces.ts";
import { Bytes, event, joined, PREAMBLE, packet, record, STREAM } from "../support/tsdl.ts";

const test = suite("cli/exit-status");
const folders = new Folders();
test.after(() => folders.removeAll());

const metadata = `${PREAMBLE}${STREAM}${event(0, "tick", "u8 _n;")}`;
const tick = (n: number): Uint8Array => record(0, BigInt(n), new Bytes().u8(n).take());
const at = (sequenceNumber: bigint, discarded = 0n): Uint8Array =>
  packet(tick(Number(sequenceNumber)), {
    begin: sequenceNumber,
    end: sequenceNumber,
    sequenceNumber,
    discarded,
  });

const whole = joined(at(0n), at(1n));
const TRACES: Readonly<Record<string, readonly [Uint8Array, number]>> = {
  "a whole trace": [whole, 0],
  "a missing packet": [joined(at(0n), at(2n)), 3],
  "events that the tracer discarded": [joined(at(0n), at(1n, 5n)), 3],
  "a record that is cut": [
    joined(at(0n), packet(tick(1).subarray(0, 5), { begin: 1n, end: 1n, sequenceNumber: 1n })),
    3,
  ],
  "a file that is cut": [whole.subarray(0, whole.length - 3), 3],
};

for (const [what, [stream, expected]] of Object.entries(TRACES)) {
  for (const args of [
    ["tail"],
    ["tail", "--count"],
    ["tail", "--format", "arrow"],
    ["info"],
    ["containers"],
  ]) {
    test(`${args.join(" ")}: ${what} is ${expected}`, () => {
      const [command = "", ...options] = args;
      const { status, stderr } = run([command, folders.make({ metadata, stream }), ...options]);
      assert.is(status, expected, stderr);
    });
  }
}

test("an error is 1, a wrong command line 2, whatever is lost", () => {
  const path = folders.make({ metadata, stream: TRACES["a missing packet"]![0] });
  assert.is(run(["tail", path, "--select", "nothing"]).status, 1);
  assert.is(run(["tail", path, "--nothing"]).status, 2);
});

test("a reader that goes away is 0, whatever is lost", () => {
  const path = folders.make({ metadata, stream: TRACES["a missing packet"]![0] });
  const script = `{ "$@" 2> /dev/null; echo "status $?" >&2; } | true`;
  const args = ["-c", script, "bash", process.execPath, MAIN, "tail", path];
  const { stderr } = spawnSync("bash", args, { encoding: "utf8" });
  assert.is(stderr, "status 0\n");
});

test.run();
