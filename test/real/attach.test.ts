import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Child } from "../support/child.ts";
import { needsLttng, sharedLttng } from "../support/lttng.ts";
import { attachedTail } from "../support/tracewire.ts";

const test = suite("real/attach");
const run = needsLttng(test);
const daemons = sharedLttng(test);

const ROWS = ["--format", "ndjson", "--select", "event,tag,number"];

run("attaches to a session that is not started and has no application yet", async () => {
  const lttng = await daemons();
  await lttng.createSession("before", { isStarted: false });
  const tail = await attachedTail(lttng.url("before"), ...ROWS);
  await lttng.lttng("start", "before");
  const application = await lttng.application("late");
  await application.emit("tick", 5);
  await tail.until("printed the ticks", () => tail.lines.length === 5);
  await application.end();
  await lttng.end("before");
  await tail.output();
  assert.equal(ticks(tail, "late"), numbers(0, 5));
});

run("begins now, or with everything that the relay daemon has", async () => {
  const lttng = await daemons();
  for (const from of ["now", "beginning"]) await lttng.createSession(from);
  const application = await lttng.application("app");
  await application.emit("tick", 50);
  // A stop hands everything to the relay daemon.
  for (const from of ["now", "beginning"]) {
    await lttng.lttng("stop", from);
    await lttng.lttng("start", from);
  }
  const fromNow = await attachedTail(lttng.url("now"), "--from", "now", ...ROWS);
  const beginning = lttng.url("beginning");
  const fromBeginning = await attachedTail(beginning, "--from", "beginning", ...ROWS);
  await application.emit("tick", 10);
  await application.end();
  for (const from of ["now", "beginning"]) await lttng.end(from);
  for (const tail of [fromNow, fromBeginning]) await tail.output();
  assert.equal(ticks(fromBeginning, "app"), numbers(0, 60));
  assert.equal(ticks(fromNow, "app"), numbers(50, 60));
});

for (const buffers of ["uid", "pid"] as const) {
  run(
    `follows what comes later: applications and events, buffers for each ${buffers}`,
    async () => {
      const lttng = await daemons();
      const session = `later-${buffers}`;
      await lttng.createSession(session, { buffers, events: ["tracewire_test:tick"] });
      const first = await lttng.application("first");
      await first.emit("tick", 3);
      const tail = await attachedTail(lttng.url(session), "--from", "beginning", ...ROWS);
      await tail.until("printed the first ticks", () => ticks(tail, "first").length === 3);

      // Not recorded: no viewer has asked for these events.
      await first.emit("bare", 1);
      const second = await lttng.application("second");
      await second.emit("tick", 4);
      await tail.until("found the second", () => ticks(tail, "second").length === 4);

      await lttng.enableEvent(session, "tracewire_test:bare");
      await first.emit("bare", 2);
      await second.emit("bare", 3);
      await first.emit("tick", 1);
      await tail.until("learned the new event", () => named(tail, "tracewire_test:bare") === 5);

      // A short life is long enough, once it is seen.
      const third = await lttng.application("third");
      await third.emit("tick", 2);
      await tail.until("found the third", () => ticks(tail, "third").length === 2);
      for (const application of [first, second, third]) await application.end();
      await lttng.end(session);
      await tail.output();
      assert.equal(ticks(tail, "first"), numbers(0, 4));
      assert.equal(ticks(tail, "second"), numbers(0, 4));
      assert.equal(ticks(tail, "third"), numbers(0, 2));
      assert.is(tail.lines.length, 15);
      // A process's first events may be older than what others have sent before its streams were announced.
      assert.not.match(tail.stderr, /warning(?!: \d+ rows? came late)|error/);
    },
  );
}

/** The numbers of the ticks that an application sent, as they came. */
function ticks(tail: Child, tag: string): number[] {
  return tail.lines
    .map((line) => JSON.parse(line))
    .filter((row) => row.tag === tag)
    .map((row) => row.number);
}

function named(tail: Child, event: string): number {
  return tail.lines.filter((line) => JSON.parse(line).event === event).length;
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

test.run();
