/** The commands of the live protocol against each other: `replay` serves, `ls` and `tail` ask. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Child, linesOf, stopChildren } from "../support/child.ts";
import { MAIN, recordedTrace } from "../support/traces.ts";
import { attachedTail, tracewire } from "../support/tracewire.ts";

const test = suite("cli/live");
const trace = await recordedTrace("small");

/** Events of the trace. */
const ROWS = 17_202;

test.after.each(stopChildren);
test.after(() => trace.remove());

/** `tracewire replay`, once it serves. */
async function replayed(...options: string[]): Promise<{ replay: Child; url: string }> {
  const replay = tracewire("replay", trace.path, "--listen", ":0", ...options);
  await replay.until("printed its address", () => replay.lines.length > 0);
  return { replay, url: replay.lines[0]! };
}

test("tail prints the same events from a replay as from the directory", async () => {
  const { url } = await replayed("--speed", "max");
  const args = ["--format", "babeltrace", "--quiet"];
  const recorded = linesOf(await tracewire("tail", trace.path, ...args).output());
  const live = linesOf(await tracewire("tail", url, "--from", "beginning", ...args).output());
  assert.is(recorded.length, ROWS);
  assert.is(live.length, ROWS);
  assert.equal(
    live.filter((line, i) => line !== recorded[i]),
    [],
  );
});

test("tail filters a replay as it filters the directory", async () => {
  const { url } = await replayed("--speed", "max");
  for (const where of ["$ctx.pid_ns == 4026532220", 'filename == "/etc/*"', "ret < 0"]) {
    const counts = ["tail", "--where", where, "--count", "--quiet", "--from", "beginning"];
    const live = await tracewire(...counts, url).output();
    const recorded = await tracewire(...counts, trace.path).output();
    assert.is(live, recorded);
    assert.ok(Number(live) > 0 && Number(live) < ROWS, `${where}: ${live}`);
  }
});

test("tail ends at Ctrl-C within two seconds, as well as it can", async () => {
  const { url } = await replayed("--loop", "--now");
  const tail = await attachedTail(url, "--select", "payload");
  await tail.until("printed", () => tail.lines.length > 10);
  const since = performance.now();
  tail.process.kill("SIGINT");
  assert.equal(await tail.end(), { code: 0, signal: null });
  assert.ok(performance.now() - since < 2000);
  assert.ok(tail.stdout.endsWith("\n"));
  // It has detached: the next viewer gets in.
  const next = await attachedTail(url);
  next.process.kill("SIGTERM");
  assert.is((await next.end()).code, 0);
});

test("tail ends well when its reader goes", async () => {
  const { url } = await replayed("--speed", "max");
  for (const source of [trace.path, `${url} --from beginning`]) {
    const command = `{ "${process.execPath}" "${MAIN}" tail --quiet ${source}; echo "code $?" >&2; } | head -n 3`;
    const shell = new Child("sh", ["-c", command]);
    assert.is(linesOf(await shell.output()).length, 3);
    assert.is(shell.stderr, "code 0\n");
  }
});

test("replay ends at Ctrl-C, viewers or not, and hangs up on them", async () => {
  const { replay, url } = await replayed();
  const tail = await attachedTail(url, "--no-reconnect");
  replay.process.kill("SIGINT");
  assert.is((await replay.end()).code, 0);
  assert.is((await tail.end()).code, 1);
  assert.match(tail.stderr, /^error: /m);
});

test("replay says what it cannot serve", async () => {
  const none = tracewire("replay", "/nowhere", "--listen", ":0");
  assert.is((await none.end()).code, 1);
  assert.match(none.stderr, /^error: \/nowhere: expected a trace directory/);
  const { url } = await replayed();
  const port = new URL(url.replace("net:", "http:")).port;
  const taken = tracewire("replay", trace.path, "--listen", `:${port}`);
  assert.is((await taken.end()).code, 1);
  assert.match(
    taken.stderr,
    new RegExp(`^error: listening on 127.0.0.1:${port}: expected a free port, .*\n$`),
  );
});

test("ls lists a replay as a line, or as JSON for programs", async () => {
  const { url } = await replayed("--session", "mine");
  const relayd = url.slice(0, url.indexOf("/host/"));
  const line =
    /^net:\/\/.*\/host\/fosdem-host\/mine {2}live timer 500 ms {2}9 streams {2}free {2}CTF 1\.8\n$/;
  assert.match(await tracewire("ls", relayd).output(), line);
  await attachedTail(url);
  assert.match(await tracewire("ls", relayd).output(), "  attached  ");
  assert.equal(JSON.parse(await tracewire("ls", relayd, "--format", "json").output()), [
    {
      url,
      host: "fosdem-host",
      session: "mine",
      live_timer_us: 500_000,
      streams: 9,
      domains: 2,
      attached: true,
      format: "ctf-1.8",
    },
  ]);
});

test("ls says who does not answer", async () => {
  const ls = tracewire("ls", "net://127.0.0.1:1");
  assert.is((await ls.end()).code, 1);
  assert.match(ls.stderr, /^error: .*127\.0\.0\.1:1/);
});

test.run();
