import { suite } from "uvu";
import * as assert from "uvu/assert";
import { needsLttng, sharedLttng } from "../support/lttng.ts";
import { attachedTail, babeltraceLines } from "../support/tracewire.ts";

const test = suite("real/live");
const run = needsLttng(test);
const daemons = sharedLttng(test);

const CONTEXTS = ["procname", "vpid", "vtid", "pid_ns"];

run("gives each namespace its own events, and all of them as babeltrace2 prints them", async () => {
  const lttng = await daemons();
  const sessions = ["everything", "one-namespace"] as const;
  for (const session of sessions) await lttng.createSession(session, { contexts: CONTEXTS });
  const one = await lttng.application("one", { isContained: true, delayUs: 2000 });
  const other = await lttng.application("other", { isContained: true, delayUs: 3000 });
  assert.is.not(one.pidNamespace, other.pidNamespace);

  const everything = await attachedTail(lttng.url("everything"), "--format", "babeltrace");
  const filter = `$ctx.pid_ns == ${one.pidNamespace}`;
  const select = "event,number,tag,pid_ns,vpid,procname";
  const filtered = await attachedTail(
    lttng.url("one-namespace"),
    ...["--where", filter, "--select", select, "--format", "ndjson"],
  );
  for (let round = 0; round < 2; round++) {
    await Promise.all([one.emit("tick", 400), other.emit("tick", 300)]);
  }
  // The first events are here while both applications and both sessions live on.
  await filtered.until("printed an event", () => filtered.lines.length > 0);
  assert.is(await one.end(), 800);
  assert.is(await other.end(), 600);
  for (const session of sessions) await lttng.end(session);

  const rows = (await filtered.output()).trimEnd().split("\n");
  const { vpid } = JSON.parse(rows[0] ?? "{}");
  assert.is(typeof vpid, "number");
  const expected = Array.from({ length: 800 }, (_, number) => ({
    event: "tracewire_test:tick",
    number,
    tag: "one",
    pid_ns: Number(one.pidNamespace),
    vpid,
    procname: "app",
  }));
  assert.equal(
    rows.map((row) => JSON.parse(row)),
    expected,
  );

  const lines = (await everything.output()).trimEnd().split("\n");
  assert.is(lines.length, 1400);
  assert.equal(lines, await babeltraceLines(lttng.stored("everything")));
  for (const { stderr } of [everything, filtered]) {
    assert.match(stderr, "the session is over");
    assert.not.match(stderr, /warning|error/);
  }
});

test.run();
