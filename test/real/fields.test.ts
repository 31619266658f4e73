import { suite } from "uvu";
import * as assert from "uvu/assert";
import { linesOf } from "../support/child.ts";
import { needsLttng, sharedLttng } from "../support/lttng.ts";
import { attachedTail, babeltraceLines, tracewire } from "../support/tracewire.ts";

const test = suite("real/fields");
const run = needsLttng(test);
const daemons = sharedLttng(test);

const ROUNDS = 90;

for (const buffers of ["uid", "pid"] as const) {
  run(`prints every field kind as babeltrace2 does, with buffers for each ${buffers}`, async () => {
    const lttng = await daemons();
    const session = `fields-${buffers}`;
    await lttng.createSession(session, { buffers, contexts: ["procname", "vpid", "vtid"] });
    const live = await attachedTail(lttng.url(session), "--format", "babeltrace");
    const first = await lttng.application("first");
    const second = await lttng.application("second");
    for (const application of [first, second]) {
      await application.emit("kinds", ROUNDS);
      await application.emit("bare", 3);
      await application.emit("tick", 3);
    }
    // A per-process trace that is gone before a viewer asks is never announced (relayd up to 2.13).
    await live.until("printed all", () => live.lines.length >= 2 * (6 * ROUNDS + 6));
    await first.end();
    await second.end();
    await lttng.end(session);

    const stored = lttng.stored(session);
    const expected = await babeltraceLines(stored);
    assert.is(expected.length, 2 * (6 * ROUNDS + 6));
    assert.equal(
      linesOf(await tracewire("tail", stored, "--format", "babeltrace").output()),
      expected,
    );
    const lines = linesOf(await live.output());
    // Streams of a process that are announced late may bring late rows; each line begins with its time.
    assert.equal(buffers === "pid" ? lines.sort() : lines, expected);
  });
}

run("reads empty strings as empty", async () => {
  const lttng = await daemons();
  await lttng.createSession("empty", {});
  const application = await lttng.application("app");
  // Text before it, which a reader with a stale buffer would print again.
  await application.emit("tick", 1);
  await application.emit("empty", 2);
  await application.end();
  await lttng.end("empty");
  const rows = await tracewire(
    ...["tail", lttng.stored("empty"), "--event", "*:empty", "--format", "ndjson"],
    ...["--select", "nothing,number,something"],
  ).output();
  assert.equal(linesOf(rows), [
    '{"nothing":"","number":0,"something":"something"}',
    '{"nothing":"","number":1,"something":"something"}',
  ]);
  const lines = await tracewire("tail", lttng.stored("empty"), "--format", "babeltrace").output();
  assert.match(lines, '{ nothing = "", number = 0, something = "something" }');
});

test.run();
