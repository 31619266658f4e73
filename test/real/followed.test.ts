/** Directories that real daemons write to: followed while they grow, against what is there in the end. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { eventually } from "../support/child.ts";
import { Folders } from "../support/folder.ts";
import { type Lttng, needsLttng, sharedLttng } from "../support/lttng.ts";
import { tracewire } from "../support/tracewire.ts";
import { following, linesOf } from "./following.ts";

const test = suite("real/followed");
const run = needsLttng(test);
const daemons = sharedLttng(test);
const folders = new Folders();
test.after(() => folders.removeAll());

const CONTEXTS = ["procname", "vpid", "vtid", "pid_ns"];

/** A session that is written to a directory of this machine. */
async function localSession(
  lttng: Lttng,
  name: string,
  channel: readonly string[] = [],
  buffers: "uid" | "pid" = "uid",
): Promise<string> {
  const directory = join(folders.make(), name);
  const into = ["--session", name, "--userspace"];
  await lttng.lttng("create", name, `--output=${directory}`);
  // Packets become whole within this time.
  const timer = "--switch-timer=100000";
  await lttng.lttng(
    "enable-channel",
    ...into,
    `--buffers-${buffers}`,
    timer,
    ...channel,
    "channel",
  );
  // Metadata are written at once; else when a buffer of them is full, or with a rotation.
  await lttng.lttng(
    "enable-channel",
    ...into,
    `--buffers-${buffers}`,
    "--switch-timer=100000",
    "metadata",
  );
  await lttng.enableEvent(name, "tracewire_test:*");
  const types = CONTEXTS.flatMap((context) => ["--type", context]);
  await lttng.lttng("add-context", ...into, ...types);
  await lttng.lttng("start", name);
  return directory;
}

async function recordedLines(directory: string): Promise<string[]> {
  const child = tracewire("tail", directory, "-f", "babeltrace");
  await child.output();
  return child.lines;
}

run("history and what comes are what is recorded in the end, through rotations", async () => {
  const lttng = await daemons();
  const directory = await localSession(lttng, "rotated");
  const first = await lttng.application("first");
  await first.emit("tick", 200);
  await eventually("packets are there", () => hasPackets(directory) || undefined);
  const followers = await Promise.all([following(directory), following(directory)]);
  await lttng.lttng("enable-rotation", "--session", "rotated", "--timer", "500000");
  for (let round = 0; round < 6; round++) {
    await first.emit("tick", 100);
    await first.emit("kinds", 5);
    // One that begins when there are archives, and a chunk that is written to.
    if (round === 4) followers.push(await following(directory));
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  // An application that comes later declares its events again.
  const second = await lttng.application("second");
  await second.emit("tick", 150);
  await first.end();
  await second.end();
  await lttng.lttng("disable-rotation", "--session", "rotated", "--timer");
  await lttng.lttng("stop", "rotated");
  await standsStill(directory);
  const expected = await recordedLines(directory);
  assert.ok(expected.length > 900, `${expected.length} lines`);
  assert.ok(readdirSync(join(directory, "archives")).length > 1);
  for (const follower of followers) {
    assert.equal(await linesOf(follower, expected.length), expected);
    assert.not.match(follower.stderr, /late|lost|warning|error/);
  }
  await lttng.lttng("destroy", "--no-wait", "rotated");
});

run("applications with buffers of their own come and go", async () => {
  const lttng = await daemons();
  const directory = await localSession(lttng, "own-buffers", [], "pid");
  const followers = [await following(directory)];
  for (let round = 0; round < 4; round++) {
    const app = await lttng.application(`app${round}`);
    await app.emit("tick", 50);
    await app.end();
    if (round === 2) followers.push(await following(directory));
  }
  await lttng.lttng("stop", "own-buffers");
  const expected = await recordedLines(directory);
  assert.is(expected.length, 200);
  for (const follower of followers) {
    assert.equal(await linesOf(follower, 200), expected);
    assert.not.match(follower.stderr, /late|lost|warning|error/);
  }
  await lttng.lttng("destroy", "--no-wait", "own-buffers");
});

run("a ring of files is followed over what it overwrites", async () => {
  const lttng = await daemons();
  const ring = ["--tracefile-size=16384", "--tracefile-count=2", "--subbuf-size=4096"];
  const directory = await localSession(lttng, "ring", ring);
  const follower = await following(directory);
  const app = await lttng.application("ring");
  for (let round = 0; round < 20; round++) {
    await app.emit("tick", 100);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await app.end();
  await lttng.lttng("stop", "ring");
  const kept = await recordedLines(directory);
  assert.ok(kept.length < 2000, `the ring has kept ${kept.length}`);
  const lines = await linesOf(follower, 2000);
  assert.is(lines.length, 2000);
  const there = new Set(lines);
  assert.equal(
    kept.filter((line) => !there.has(line)),
    [],
  );
  assert.equal(
    lines.map((line) => Number(/number = (\d+)/.exec(line)?.[1])),
    Array.from({ length: 2000 }, (_, number) => number),
  );
  await lttng.lttng("destroy", "--no-wait", "ring");
});

run("a clear is reported, and reading goes on behind it", async () => {
  const lttng = await daemons();
  const directory = await localSession(lttng, "cleared");
  const app = await lttng.application("cleared");
  const follower = await following(directory);
  await app.emit("tick", 100);
  await follower.until("printed them", () => follower.lines.length >= 100);
  await lttng.lttng("clear", "cleared");
  await app.emit("tick", 50);
  await app.end();
  await lttng.lttng("stop", "cleared");
  const lines = await linesOf(follower, 150);
  assert.is(lines.length, 150);
  assert.match(follower.stderr, /was cleared/);
  assert.equal(lines.slice(100), (await recordedLines(directory)).slice(-50));
  await lttng.lttng("destroy", "--no-wait", "cleared");
});

run(
  "a clear behind a rotation, in a ring of files, is reported, and takes nothing that was read",
  async () => {
    const lttng = await daemons();
    const ring = ["--tracefile-size=65536", "--tracefile-count=2", "--subbuf-size=16384"];
    const directory = await localSession(lttng, "rotated-cleared", ring);
    const app = await lttng.application("rotated-cleared");
    const follower = await following(directory);
    await app.emit("tick", 100);
    // It waits until the rotation is over. A clear during one does nothing in LTTng 2.13, but leaves applications untraced until
    // the session is started anew, of which neither the session's state nor a trace says anything.
    await lttng.lttng("rotate", "rotated-cleared");
    await app.emit("tick", 100);
    await follower.until("printed them", () => follower.lines.length >= 200);
    await lttng.lttng("clear", "rotated-cleared");
    await app.emit("tick", 100);
    await lttng.lttng("rotate", "rotated-cleared");
    await app.emit("tick", 50);
    await app.end();
    await lttng.lttng("stop", "rotated-cleared");
    const lines = await linesOf(follower, 350);
    assert.equal(
      lines.map((line) => Number(/number = (\d+)/.exec(line)?.[1])),
      Array.from({ length: 350 }, (_, number) => number),
    );
    assert.match(follower.stderr, /was cleared/);
    assert.match(follower.stderr, /lost: .*1 clear/);
    // Archives stay; the chunk that was cleared has gone.
    const recorded = await recordedLines(directory);
    assert.equal(recorded, [...lines.slice(0, 100), ...lines.slice(200)]);
    await lttng.lttng("destroy", "--no-wait", "rotated-cleared");
  },
);

run("what a relay daemon writes is followed beside a live viewer", async () => {
  const lttng = await daemons();
  await lttng.createSession("relayed", { contexts: CONTEXTS });
  const directory = lttng.stored("relayed");
  const follower = await following(directory);
  const app = await lttng.application("relayed");
  await app.emit("tick", 300);
  await app.end();
  await lttng.end("relayed");
  const lines = await linesOf(follower, 300);
  assert.equal(lines, await recordedLines(directory));
});

run("an application that is killed leaves what it had written", async () => {
  const lttng = await daemons();
  const directory = await localSession(lttng, "killed");
  const follower = await following(directory);
  const app = await lttng.application("killed");
  await app.emit("tick", 120);
  app.kill();
  await lttng.lttng("stop", "killed");
  const expected = await recordedLines(directory);
  assert.equal(await linesOf(follower, expected.length), expected);
  await lttng.lttng("destroy", "--no-wait", "killed");
});

/** Waits until no rotation moves folders any more, of which a recorded trace could not be read. */
async function standsStill(directory: string): Promise<void> {
  const names = (): string => readdirSync(directory, { recursive: true }).sort().join();
  await eventually("rotations are over", async () => {
    const before = names();
    await new Promise((resolve) => setTimeout(resolve, 700));
    return names() === before || undefined;
  });
}

function hasPackets(directory: string): boolean {
  return readdirSync(directory, { recursive: true }).some((name) =>
    /channel_\d/.test(String(name)),
  );
}

test.run();
