/** SIGINT and SIGTERM end commands at once, whatever they are doing. */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Folders } from "../support/folder.ts";
import { MAIN } from "../support/traces.ts";
import { Bytes } from "../support/tsdl.ts";

const test = suite("cli/signals");
const folders = new Folders();
const running = new Set<ChildProcess>();
test.after(() => {
  for (const child of running) child.kill("SIGKILL");
  folders.removeAll();
});

/** A second, and what a busy machine adds. */
const MOST_MS = 3000;
const PACKETS = 10_000;
const ARRAY_BYTES = 3_000_000;

/** Thousands of packets of one event each, of 3 MB each: minutes of work, and hardly a byte on the disk. */
function endlessTrace(): string {
  const metadata = `/* CTF 1.8 */
typealias integer { size = 8; align = 8; } := u8;
typealias integer { size = 32; align = 8; } := u32;
trace { major = 1; minor = 8; byte_order = le; packet.header := struct { u32 magic; }; };
stream { packet.context := struct { u32 packet_size; }; };
event { name = long; fields := struct { u8 a[${ARRAY_BYTES}]; }; };
`;
  const path = folders.make({ metadata });
  const file = openSync(join(path, "stream"), "w");
  const size = 8 + ARRAY_BYTES;
  const head = new Bytes()
    .u32(0xc1fc1fc1)
    .u32(size * 8)
    .take(); // magic, packet_size
  for (let i = 0; i < PACKETS; i++) writeSync(file, head, 0, head.length, i * size);
  ftruncateSync(file, PACKETS * size);
  closeSync(file);
  return path;
}

/** Metadata of very many classes: seconds of work. */
function largeMetadata(): string {
  const event = (i: number): string =>
    `event { name = "event ${i}"; id = ${i}; stream_id = 0; fields := struct { integer { size = 32; } _a; string _b; }; };\n`;
  const head = `/* CTF 1.8 */
trace { major = 1; minor = 8; byte_order = le; };
stream { id = 0; event.header := struct { integer { size = 32; } id; }; };
`;
  return folders.make({
    metadata: head + Array.from({ length: 300_000 }, (_, i) => event(i)).join(""),
    stream: new Uint8Array(4),
  });
}

const endless = endlessTrace();
const large = largeMetadata();

/** Whether the reader takes what is printed, or leaves it in the pipe. */
type Reader = "reads" | "is stuck";

const CASES: readonly (readonly [string, readonly string[], Reader])[] = [
  ["compiled code", ["tail", endless], "reads"],
  ["compiled code in threads", ["tail", endless, "--workers", "2"], "reads"],
  ["the interpreter", ["tail", endless, "--engine", "interpreter"], "reads"],
  ["lines for a reader that is stuck", ["tail", endless, "--format", "babeltrace"], "is stuck"],
  ["counting", ["info", endless], "reads"],
  ["reading metadata for rows", ["tail", large], "reads"],
  ["reading metadata for info", ["info", large], "reads"],
  ["reading metadata for containers", ["containers", large], "reads"],
];

for (const [what, args, reader] of CASES) {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    test(`${signal} ends ${what}`, async () => {
      const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
      running.add(child);
      const ended = new Promise((resolve) => child.once("exit", resolve));
      if (reader === "reads") child.stdout.resume();
      child.stderr.resume();
      await new Promise((resolve) => setTimeout(resolve, 1000));
      assert.is(child.exitCode, null, "it has ended by itself");
      const from = performance.now();
      child.kill(signal);
      await ended;
      const ms = performance.now() - from;
      assert.ok(ms < MOST_MS, `it took ${Math.round(ms)} ms`);
    });
  }
}

test.run();
