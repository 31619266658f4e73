import { hostname } from "node:os";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Child, stopChildren } from "../support/child.ts";
import { needsLttng, sharedLttng } from "../support/lttng.ts";
import { freePorts } from "../support/ports.ts";
import { damagingProxy } from "../support/relay-proxy.ts";
import { TestServer } from "../support/tcp.ts";
import { attachedTail, tracewire } from "../support/tracewire.ts";

const test = suite("real/refusals");
const run = needsLttng(test);
const daemons = sharedLttng(test);
test.after.each(stopChildren);

test("says that nothing listens", async () => {
  const [port] = await freePorts(1);
  for (const command of ["tail", "ls"]) {
    const child = tracewire(command, `net://127.0.0.1:${port}/host/h/s`);
    await refuses(child, /^error: .*127\.0\.0\.1:\d+: connection refused$/);
  }
});

const HTTP = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const GARBAGE = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 73 + 41) & 0xff));

for (const [what, answer] of [
  ["an HTTP server", HTTP],
  ["garbage", GARBAGE],
] as const) {
  test(`says that ${what} is no relay daemon`, async () => {
    const server = await TestServer.listen((socket) => {
      socket.once("data", () => socket.write(answer));
    });
    for (const command of ["tail", "ls"]) {
      const child = tracewire(command, `net://127.0.0.1:${server.port}/host/h/s`);
      await refuses(child, /^error: .*127\.0\.0\.1:\d+/);
    }
    await server.close();
  });
}

test("says that a server hangs up", async () => {
  const server = await TestServer.listen((socket) => {
    socket.once("data", () => socket.end());
  });
  const child = tracewire("tail", `net://127.0.0.1:${server.port}/host/h/s`);
  await refuses(child, /^error: .*127\.0\.0\.1:\d+/);
  await server.close();
});

test("gives up on a server that never answers", async () => {
  const server = await TestServer.listen(() => undefined);
  const child = tracewire("tail", `net://127.0.0.1:${server.port}/host/h/s`);
  await refuses(child, /^error: .*127\.0\.0\.1:\d+.* 10 s/);
  await server.close();
});

test("distinguishes a bad command line from a failure", async () => {
  const usage: readonly (readonly string[])[] = [
    ["tail"],
    ["tail", "net://127.0.0.1/host/h/s", "--no-such-option"],
    ["tail", "net://127.0.0.1/host/h/s", "--limit", "few"],
    ["no-such-command"],
  ];
  for (const args of usage) {
    const child = tracewire(...args);
    assert.equal(await child.end(), { code: 2, signal: null }, args.join(" "));
    assert.is(child.stdout, "");
    assert.match(child.stderr, /^error: /);
  }
  await refuses(
    tracewire("tail", "net://127.0.0.1:99999/host/h/s"),
    /^error: .*"99999" is not a port/,
  );
  await refuses(tracewire("tail", "net://127.0.0.1/h/s"), /^error: .*expected net:\/\/HOST/);
});

run("names the sessions that there are, and the nearest", async () => {
  const lttng = await daemons();
  await lttng.createSession("measure");
  const near = new RegExp(
    `^error: no session "${hostname()}/mesure" on .*; did you mean "${hostname()}/measure"\\?$`,
  );
  await refuses(tracewire("tail", lttng.url("mesure")), near);
  await lttng.end("measure");
});

run("says that another viewer is attached", async () => {
  const lttng = await daemons();
  await lttng.createSession("taken");
  const first = await attachedTail(lttng.url("taken"));
  const second = tracewire("tail", lttng.url("taken"));
  await refuses(second, /^error: .*session taken on .*: another viewer is attached/);
  first.process.kill("SIGINT");
  await first.output();
  // And now it is free.
  const third = await attachedTail(lttng.url("taken"));
  await lttng.end("taken");
  await third.output();
});

run("says that a session is not live", async () => {
  const lttng = await daemons();
  await lttng.createSession("stored", { liveTimerUs: 0 });
  await refuses(tracewire("tail", lttng.url("stored")), /^error: .*session stored .*not live/);
  await lttng.end("stored");
});

run("says that the relay daemon has gone", async () => {
  const lttng = await daemons();
  await lttng.createSession("cut");
  const proxy = await damagingProxy(lttng.livePort, () => undefined);
  const url = lttng.url("cut").replace(`:${lttng.livePort}`, `:${proxy.port}`);
  const tail = await attachedTail(url, "--no-reconnect");
  await proxy.close();
  assert.equal(await tail.end(), { code: 1, signal: null });
  assert.match(tail.stderr, /^attached .*\nerror: .*127\.0\.0\.1:\d+.*closed.*\n$/);
  await lttng.end("cut");
});

run("refuses a filter before it attaches", async () => {
  const lttng = await daemons();
  await lttng.createSession("filtered");
  const child = tracewire("tail", lttng.url("filtered"), "--where", "number ==");
  assert.equal(await child.end(), { code: 1, signal: null });
  assert.match(child.stderr, /^error: /);
  assert.not.match(child.stderr, "attached");
  await lttng.end("filtered");
});

/** One line on stderr, nothing on stdout, exit code 1. */
async function refuses(child: Child, message: RegExp): Promise<void> {
  assert.equal(await child.end(), { code: 1, signal: null });
  assert.is(child.stdout, "");
  assert.match(child.stderr.replace(/\n$/, ""), message);
  assert.is(child.stderr.split("\n").length, 2, child.stderr);
}

test.run();
