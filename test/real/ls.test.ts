import { hostname } from "node:os";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { linesOf } from "../support/child.ts";
import { needsLttng, sharedLttng } from "../support/lttng.ts";
import { attachedTail, tracewire } from "../support/tracewire.ts";

const test = suite("real/ls");
const run = needsLttng(test);
const daemons = sharedLttng(test);

run("says that there is no session", async () => {
  const lttng = await daemons();
  const url = `net://127.0.0.1:${lttng.livePort}`;
  const text = tracewire("ls", url);
  assert.is(await text.output(), "");
  assert.match(text.stderr, "no sessions");
  assert.equal(JSON.parse(await tracewire("ls", url, "--format", "json").output()), []);
});

run("lists sessions with their timers, streams and viewers, as text and as JSON", async () => {
  const lttng = await daemons();
  await lttng.createSession("attached");
  await lttng.createSession("free", { liveTimerUs: 500_000 });
  await lttng.createSession("stored", { liveTimerUs: 0 });
  const application = await lttng.application("app");
  await application.emit("tick", 1);
  const tail = await attachedTail(lttng.url("attached"), "--from", "beginning", "--format", "csv");
  await tail.until("printed a tick", () => tail.lines.length > 1);

  const url = `net://127.0.0.1:${lttng.livePort}`;
  const listed = JSON.parse(await tracewire("ls", url, "--format", "json").output());
  const rows = listed.sort(bySession);
  const { streams, format } = rows[0];
  assert.ok(streams > 1, "a metadata stream, and one for each CPU");
  // From 2.15 on, LTTng writes CTF 2.
  assert.match(format, /^ctf-(1\.8|2)$/);
  const common = { host: hostname(), domains: 1, streams, format };
  assert.equal(rows, [
    {
      ...common,
      url: lttng.url("attached"),
      session: "attached",
      live_timer_us: 200_000,
      attached: true,
    },
    { ...common, url: lttng.url("free"), session: "free", live_timer_us: 500_000, attached: false },
    { ...common, url: lttng.url("stored"), session: "stored", live_timer_us: 0, attached: false },
  ]);
  const metadata = format.replace("ctf-", "CTF ");
  const lines = linesOf(await tracewire("ls", url).output()).sort();
  assert.equal(
    lines.map((line) => line.split(/ {2,}/)),
    [
      [lttng.url("attached"), "live timer 200 ms", `${streams} streams`, "attached", metadata],
      [lttng.url("free"), "live timer 500 ms", `${streams} streams`, "free", metadata],
      [lttng.url("stored"), "not live", `${streams} streams`, "free", metadata],
    ],
  );
  await application.end();
  for (const session of ["attached", "free", "stored"]) await lttng.end(session);
  await tail.output();
});

function bySession(a: { session: string }, b: { session: string }): number {
  return a.session < b.session ? -1 : 1;
}

test.run();
