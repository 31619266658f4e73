/** Directories that are followed while whatever writes to them is killed, or while what was written is deleted. */

import { readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { eventually } from "../support/child.ts";
import { Folders } from "../support/folder.ts";
import { type Lttng, needsLttng, sharedLttng } from "../support/lttng.ts";
import { tracewire } from "../support/tracewire.ts";
import { following, linesOf } from "./following.ts";

const test = suite("real/followed-ends");
const run = needsLttng(test);
const folders = new Folders();
const daemons = sharedLttng(test);
test.after(() => folders.removeAll());

async function localSession(lttng: Lttng, name: string): Promise<string> {
  const directory = join(folders.make(), name);
  const into = ["--session", name, "--userspace"];
  await lttng.lttng("create", name, `--output=${directory}`);
  for (const channel of ["channel", "metadata"])
    await lttng.lttng(
      "enable-channel",
      ...into,
      "--buffers-uid",
      "--switch-timer=100000",
      ...(channel === "channel" ? ["--subbuf-size=4096"] : []),
      channel,
    );
  await lttng.enableEvent(name, "tracewire_test:*");
  await lttng.lttng("start", name);
  return directory;
}

async function recordedLines(directory: string): Promise<string[]> {
  const child = tracewire("tail", directory, "-f", "babeltrace");
  await child.output().catch(() => "");
  return child.lines;
}

const archives = (directory: string): string[] => {
  const folder = join(directory, "archives");
  return readdirSync(folder).map((name) => join(folder, name));
};

run(
  "chunks that are deleted before they were read are a counted gap; those being read are not",
  async () => {
    const lttng = await daemons();
    const directory = await localSession(lttng, "deleted");
    const app = await lttng.application("deleted");
    const [reading, stopped] = await Promise.all([following(directory), following(directory)]);
    await app.emit("tick", 100);
    await stopped.until("printed the first", () => stopped.lines.length >= 100, 30_000);
    stopped.process.kill("SIGSTOP");
    for (let round = 0; round < 3; round++) {
      await app.emit("tick", 200);
      await lttng.lttng("rotate", "deleted");
    }
    await reading.until("printed all of it", () => reading.lines.length >= 700, 30_000);
    for (const chunk of archives(directory)) rmSync(chunk, { recursive: true });
    stopped.process.kill("SIGCONT");
    await app.emit("tick", 50);
    await app.end();
    await lttng.lttng("stop", "deleted");
    const all = await linesOf(reading, 750);
    assert.is(all.length, 750);
    assert.not.match(reading.stderr, /missing|warning/);
    await stopped.until("went on", () => stopped.lines.includes(all.at(-1)!), 30_000);
    const some = await linesOf(stopped, 150);
    // What it held open when it was stopped is not lost.
    assert.ok(some.length >= 150 && some.length < 750, `${some.length} lines`);
    assert.equal(
      some,
      all.filter((line) => some.includes(line)),
    );
    assert.match(stopped.stderr, /missing/);
    await lttng.lttng("destroy", "--no-wait", "deleted");
  },
);

run("ten followers and a live viewer read the same", async () => {
  const lttng = await daemons();
  await lttng.createSession("many");
  const directory = lttng.stored("many");
  const viewer = lttng.run("babeltrace2", [
    "--input-format=lttng-live",
    lttng.url("many"),
    "--no-delta",
  ]);
  const app = await lttng.application("many");
  await app.emit("tick", 20);
  const followers = await Promise.all(Array.from({ length: 10 }, () => following(directory)));
  await app.emit("tick", 480);
  await app.end();
  await lttng.end("many");
  const expected = await recordedLines(directory);
  assert.is(expected.length, 500);
  for (const follower of followers)
    assert.equal(await linesOf(follower, expected.length), expected);
  await viewer.until("has them too", () => viewer.lines.length >= 500, 30_000);
  await viewer.stop();
});

run(
  "a killed relay daemon leaves what it had written, and the follower neither hangs nor repeats",
  async () => {
    const lttng = await daemons();
    await lttng.createSession("crashed", { channel: ["--subbuf-size=4096"] });
    const directory = lttng.stored("crashed");
    const follower = await following(directory);
    const app = await lttng.application("crashed");
    await app.emit("tick", 200);
    await follower.until("printed them", () => follower.lines.length >= 150, 30_000);
    await lttng.killRelayd();
    await app.emit("tick", 50);
    await app.end();
    const expected = await recordedLines(directory);
    assert.equal(await linesOf(follower, expected.length), expected);
    await lttng.restartRelayd();
    await lttng.lttng("destroy", "--no-wait", "crashed");
  },
);

run("a killed consumer daemon leaves what it had written", async () => {
  const lttng = await daemons();
  const directory = await localSession(lttng, "consumed");
  const follower = await following(directory);
  const app = await lttng.application("consumed");
  await app.emit("tick", 200);
  await follower.until("printed some", () => follower.lines.length >= 150, 30_000);
  process.kill(
    await eventually("there is a consumer daemon", () => consumerOf(directory)),
    "SIGKILL",
  );
  await app.emit("tick", 50);
  await app.end();
  const expected = await recordedLines(directory);
  assert.equal(await linesOf(follower, expected.length), expected);
});

/** The consumer daemon that has a session's files open. */
function consumerOf(directory: string): number | undefined {
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${id}/comm`, "utf8").startsWith("lttng-consumerd")) continue;
      for (const name of readdirSync(`/proc/${id}/fd`))
        if (readlinkSync(`/proc/${id}/fd/${name}`).startsWith(directory)) return Number(id);
    } catch {
      // It has ended, or is another user's.
    }
  }
  return undefined;
}

test.run();
