/** What lies where data files lie: only regular files are streams, and what cannot be read is counted. */

import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { tap } from "rxjs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openFeed } from "../../src/feed/feed.ts";
import { describeLoss, type Loss } from "../../src/feed/losses.ts";
import { Folders } from "../support/folder.ts";
import { run } from "../support/program.ts";
import { runSpec } from "../support/query.ts";
import { Bytes, event, joined, PREAMBLE, packet, record, STREAM } from "../support/tsdl.ts";

const test = suite("field/odd-files");
const folders = new Folders();
test.after(() => folders.removeAll());

const METADATA = PREAMBLE + STREAM + event(1, "tick", "u32 n;");

/** A packet of one event. */
function tick(time: bigint): Uint8Array {
  return packet(record(1, time, new Bytes().u32(Number(time)).take()), { begin: time, end: time });
}

test("FIFOs, sockets, devices and links that lead elsewhere are never opened: a line for each, and counted", async () => {
  const path = folders.make({ metadata: METADATA, stream_0: joined(tick(1n), tick(2n)) });
  execFileSync("mkfifo", [join(path, "stream_1")]);
  const socket = createServer();
  await new Promise<void>((resolve) => socket.listen(join(path, "stream_2"), resolve));
  mkdirSync(join(path, "stream_3"));
  symlinkSync("/dev/zero", join(path, "stream_4"));
  symlinkSync(join(path, "stream_3"), join(path, "stream_5"));
  symlinkSync(join(path, "nothing"), join(path, "stream_6"));
  symlinkSync(join(path, "stream_0"), join(path, "stream_7"));
  execFileSync("mkfifo", [join(path, "stream_3", "metadata")]);
  mkdirSync(join(path, "index"));
  execFileSync("mkfifo", [join(path, "index", "stream_0.idx")]);
  try {
    for (const engine of ["kernel", "interpreter"]) {
      const { stdout, stderr } = run(["tail", path, "--count", "--engine", engine]);
      assert.is(stdout, "4\n", stderr);
      const lines = stderr.trimEnd().split("\n");
      const expected = [
        /stream_3\/metadata: expected a regular file, got a FIFO$/,
        /stream_1: expected a regular file, got a FIFO$/,
        /stream_2: expected a regular file, got a socket$/,
        /stream_4: expected a regular file, got a device$/,
        /stream_5: expected a regular file, got a link to a folder$/,
        /stream_6: no such file$/,
        /lost: 6 gaps of unknown size$/,
      ];
      assert.is(lines.length, expected.length, stderr);
      for (const [i, line] of lines.entries()) assert.match(line, expected[i]!);
    }
    const { stdout } = run(["info", path]);
    assert.match(stdout, /problem +\S+stream_1: expected a regular file, got a FIFO/);
  } finally {
    socket.close();
  }
});

test("a link leads into no folder that the trace lies in, nor into those of the kernel", () => {
  const path = folders.make({ metadata: METADATA, stream_0: tick(1n) });
  const beside = folders.make({ metadata: METADATA, stream_0: tick(1n) });
  for (const [i, target] of ["/", "..", ".", "/proc", "/sys", beside].entries())
    symlinkSync(target, join(path, `stream_${i + 1}`));
  const followed = [`follow:${path}`, "--from", "beginning", "--duration", "3s"];
  for (const args of [[path], followed]) {
    const began = performance.now();
    const { stdout, stderr } = run(["tail", ...args, "--count"]);
    // Its own, and the other trace's, which is asked for by its link.
    assert.is(stdout, "2\n", stderr);
    assert.ok(performance.now() - began < 20_000);
  }
});

/** Rows and losses of a query, while something happens to the trace once its packets are known. */
function disturbed(
  path: string,
  engine: "kernel" | "interpreter",
  deferPacketReads: boolean,
  disturb: () => void,
): Promise<{ rows: number; losses: Loss[] }> {
  const share = openFeed([path], { from: "beginning" }).share({ deferPacketReads });
  const items = share.items.pipe(tap((item) => void (item.kind === "begin" && disturb())));
  const losses: Loss[] = [];
  let rows = 0;
  return new Promise((resolve, reject) => {
    runSpec({ engine }, items, share.gate).subscribe({
      next: (item) => {
        if (item.kind === "batch") rows += item.batch.rows;
        else if (item.kind === "loss") losses.push(item.loss);
      },
      error: reject,
      complete: () => resolve({ rows, losses }),
    });
  });
}

const DISTURBANCES: readonly (readonly [string, (path: string) => void, RegExp])[] = [
  ["vanish", (path) => rmSync(path), /stream_1: no such file$/],
  [
    "shrink",
    (path) => truncateSync(path, 10),
    /stream_1: expected \d+ bytes at \d+, got \d+: the file shrank/,
  ],
  [
    "become a FIFO",
    (path) => {
      rmSync(path);
      execFileSync("mkfifo", [path]);
    },
    /stream_1: expected a regular file, got a FIFO$/,
  ],
];

for (const [what, disturb, expected] of DISTURBANCES) {
  test(`files that ${what} while they are read are counted packet by packet; the others are read`, async () => {
    for (const engine of ["kernel", "interpreter"] as const) {
      for (const deferPacketReads of [true, false]) {
        const path = folders.make({
          metadata: METADATA,
          stream_0: joined(tick(1n), tick(3n), tick(5n)),
          stream_1: joined(tick(2n), tick(4n)),
        });
        const { rows, losses } = await disturbed(path, engine, deferPacketReads, () =>
          disturb(join(path, "stream_1")),
        );
        assert.is(rows, 3);
        assert.is(losses.length, 2);
        for (const loss of losses) {
          assert.is(loss.kind === "gap" && loss.packets, 1);
          assert.match(describeLoss(loss), expected);
        }
      }
    }
  });
}

test("a metadata file that is none is a trace that cannot be opened", () => {
  const path = folders.make({ stream_0: tick(1n) });
  execFileSync("mkfifo", [join(path, "metadata")]);
  const { status, stderr } = run(["info", path]);
  assert.is(status, 1);
  assert.match(stderr, /^error: \S+metadata: expected a regular file, got a FIFO\n$/);
});

test("what cannot be read on the disk is an error of that file", () => {
  const path = folders.make({ metadata: METADATA, stream_0: tick(1n) });
  // A regular file, of which reading fails.
  symlinkSync("/proc/self/mem", join(path, "stream_1"));
  writeFileSync(join(path, "stream_2"), "");
  const { stdout, status } = run(["tail", path, "--count"]);
  assert.is(stdout, "1\n");
  assert.is(status, 0);
});

test.run();
