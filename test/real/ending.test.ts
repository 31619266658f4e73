import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Child, linesOf } from "../support/child.ts";
import { type Lttng, needsLttng, sharedLttng } from "../support/lttng.ts";
import { MAIN } from "../support/traces.ts";
import { attachedTail, tracewire } from "../support/tracewire.ts";

const test = suite("real/ending");
const run = needsLttng(test);
const daemons = sharedLttng(test);

const ROWS = ["--format", "ndjson", "--select", "tag,number"];

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  run(`ends soon and well at ${signal}, and frees the session`, async () => {
    const lttng = await daemons();
    const session = signal.toLowerCase();
    await lttng.createSession(session);
    const application = await lttng.application("app");
    const tail = await attachedTail(lttng.url(session), ...ROWS);
    await application.emit("tick", 20);
    await tail.until("printed the ticks", () => tail.lines.length === 20);
    assert.is(await isAttached(lttng, session), true);
    const startedAt = performance.now();
    tail.process.kill(signal);
    assert.equal(await tail.end(), { code: 0, signal: null });
    assert.ok(performance.now() - startedAt < 2000);
    assert.is(await isAttached(lttng, session), false);
    assert.not.match(tail.stderr, /warning|error/);
    await application.end();
    await lttng.end(session);
  });
}

run("ends at Ctrl-C while nothing happens at all", async () => {
  const lttng = await daemons();
  await lttng.createSession("silent");
  const tail = await attachedTail(lttng.url("silent"), ...ROWS);
  tail.process.kill("SIGINT");
  assert.equal(await tail.end(2000), { code: 0, signal: null });
  assert.is(await isAttached(lttng, "silent"), false);
  await lttng.end("silent");
});

run("ends when its reader goes away, and frees the session", async () => {
  const lttng = await daemons();
  await lttng.createSession("pipe");
  const application = await lttng.application("app");
  const script = 'sh -c \'"$@"; echo "code $?" >&2\' tail "$@" | head -3';
  const tail = ["tail", lttng.url("pipe"), ...ROWS];
  const pipe = new Child("sh", ["-c", script, "sh", process.execPath, MAIN, ...tail]);
  await pipe.until("attached", () => pipe.stderr.includes("attached to session"));
  // The reader leaves after three lines; only the next write shows it.
  while (pipe.ending === undefined) {
    await application.emit("tick", 10);
    await Promise.race([pipe.ended, new Promise((resolve) => setTimeout(resolve, 100))]);
  }
  assert.equal(linesOf(pipe.stdout), [
    '{"tag":"app","number":0}',
    '{"tag":"app","number":1}',
    '{"tag":"app","number":2}',
  ]);
  assert.match(pipe.stderr, /^code 0$/m);
  assert.not.match(pipe.stderr, /warning|error|EPIPE/);
  assert.is(await isAttached(lttng, "pipe"), false);
  await application.end();
  await lttng.end("pipe");
});

run("ends after so many events, or so much time", async () => {
  const lttng = await daemons();
  await lttng.createSession("limits");
  const application = await lttng.application("app");
  const limited = await attachedTail(lttng.url("limits"), ...ROWS, "--limit", "5");
  await application.emit("tick", 100);
  assert.is(linesOf(await limited.output()).length, 5);
  assert.is(await isAttached(lttng, "limits"), false);

  const timed = await attachedTail(lttng.url("limits"), ...ROWS, "--duration", "2s");
  await timed.output();
  assert.is(await isAttached(lttng, "limits"), false);
  await application.end();
  await lttng.end("limits");
});

run("counts what has matched", async () => {
  const lttng = await daemons();
  await lttng.createSession("count");
  const application = await lttng.application("app");
  const where = ["--where", "number >= 30", "--count"];
  const counting = await attachedTail(lttng.url("count"), "--from", "beginning", ...where);
  await application.emit("tick", 100);
  await application.end();
  await lttng.end("count");
  assert.is(await counting.output(), "70\n");
  assert.is(await tracewire("tail", lttng.stored("count"), ...where).output(), "70\n");
});

async function isAttached(lttng: Lttng, session: string): Promise<boolean> {
  const url = `net://127.0.0.1:${lttng.livePort}`;
  const sessions = JSON.parse(await tracewire("ls", url, "--format", "json").output());
  return sessions.find((entry: { session: string }) => entry.session === session).attached;
}

test.run();
