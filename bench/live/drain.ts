/**
 * How fast a relay daemon's backlog is drained: by tracewire, which scans it, by a bare client, which only fetches packets as
 * fast as it can, and, over a line of 20 ms each way, by a strict client that asks for one thing at a time.
 *
 * `node build/bench/live/drain.js [MiB] [ROUNDS]`; default 1100 MiB, 3 rounds. Needs LTTng as the tests do.
 */

import { connect } from "node:net";
import { join } from "node:path";
import { Viewer } from "../../src/relay/viewer.ts";
import type { Application } from "../../test/support/application.ts";
import { Child, stopChildren } from "../../test/support/child.ts";
import { Lttng } from "../../test/support/lttng.ts";
import { TestServer } from "../../test/support/tcp.ts";
import { PROJECT } from "../../test/support/traces.ts";
import { tracewire } from "../../test/support/tracewire.ts";
import { attach, bare, type Drained } from "./bare-client.ts";

const MIB = 1024 * 1024;
/** What `drain-client` does with the packets. */
const MODES = ["items", "count", "where", "columns"];
const SESSION = "backlog";
/** Buffers of each process: the protocol gives one packet per stream and round trip. */
const MANY_STREAMS = "processes";
const DELAY_MS = 20;
/** About what a tick with its contexts takes. */
const EVENT_BYTES = 47;
/** The slow clients are measured for so long. */
const SLOW_MS = 15_000;

/** One request, one reply, stream after stream. */
async function strict(
  port: number,
  session: string,
  patienceMs: number,
): Promise<Drained & { streams: number }> {
  const viewer = await Viewer.open("127.0.0.1", port);
  const { id, streams } = await attach(viewer, session);
  const begin = performance.now();
  let bytes = 0;
  for (let isDone = false; !isDone; ) {
    isDone = true;
    for (const stream of streams) {
      const index = await viewer.nextIndex(stream.id);
      if (index.kind !== "ok") continue;
      const { offset, packetBits } = index.index;
      const reply = await viewer.packet(stream.id, offset, Number(packetBits / 8n));
      if (reply.kind === "ok") bytes += reply.bytes.length;
      isDone = performance.now() - begin > patienceMs;
      if (isDone) break;
    }
  }
  const seconds = (performance.now() - begin) / 1000;
  await viewer.detach(id);
  viewer.close();
  return { bytes, seconds, streams: streams.length };
}

/** A line that holds every byte back for a while, either way. */
function slowLine(port: number): Promise<TestServer & { readonly bytes: number }> {
  let bytes = 0;
  const server = TestServer.listen((viewer) => {
    const relayd = connect({ port, host: "127.0.0.1", noDelay: true });
    viewer.setNoDelay(true);
    viewer.on("data", (chunk) => setTimeout(() => relayd.write(chunk), DELAY_MS));
    relayd.on("data", (chunk) => {
      bytes += chunk.length;
      setTimeout(() => viewer.write(chunk), DELAY_MS);
    });
    relayd.on("error", () => viewer.destroy());
    viewer.on("close", () => relayd.destroy());
  });
  return server.then((one) => Object.defineProperty(one, "bytes", { get: () => bytes })) as Promise<
    TestServer & { readonly bytes: number }
  >;
}

/** A client in a process of its own, as a user's would be. */
async function client(url: string, mode: string, events: number): Promise<Drained> {
  const program = join(PROJECT, "build/bench/live/drain-client.js");
  const child = new Child(process.execPath, [program, url, mode, String(events)]);
  await child.until("ended", () => child.ending !== undefined, 600_000);
  const drained = JSON.parse(await child.output()) as Drained;
  if (child.stderr !== "") console.log(child.stderr.trimEnd());
  return drained;
}

function show(what: string, { bytes, seconds }: Drained): number {
  const rate = bytes / MIB / seconds;
  console.log(`${what.padEnd(44)} ${rate.toFixed(1)} MiB/s (${(bytes / MIB).toFixed(0)} MiB)`);
  return rate;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** Three applications, which stay, fill the relay daemon with what has not been read yet. */
async function fill(
  lttng: Lttng,
  session: string,
  buffers: "uid" | "pid",
  bytes: number,
): Promise<{ applications: readonly Application[]; emitted: number }> {
  const channel = ["--subbuf-size=512k", "--num-subbuf=8", "--blocking-timeout=inf"];
  const contexts = ["procname", "vpid", "vtid", "pid_ns", "user_ns"];
  const events = ["tracewire_test:tick"];
  await lttng.createSession(session, { channel, events, contexts, buffers });
  const applications = await Promise.all(["a", "b", "c"].map((tag) => lttng.application(tag)));
  let emitted = 0;
  while (emitted * EVENT_BYTES < bytes) {
    await Promise.all(applications.map((application) => application.emit("tick", 200_000)));
    emitted += applications.length * 200_000;
  }
  await lttng.lttng("stop", session);
  return { applications, emitted };
}

/** Three clients, one after the other, each with the same backlog before it. */
async function overSlowLine(lttng: Lttng, session: string): Promise<void> {
  const line = await slowLine(lttng.livePort);
  const { streams, ...drained } = await strict(line.port, session, SLOW_MS);
  const ofStrict = show("20 ms each way: strict", drained);
  show("20 ms each way: bare", await bare(line.port, session, SLOW_MS));
  const before = line.bytes;
  const url = lttng.url(session).replace(`:${lttng.livePort}`, `:${line.port}`);
  const tail = tracewire("tail", url, "--from", "beginning", "--count");
  await tail.until("attached", () => tail.stderr.includes("attached"));
  const since = performance.now();
  await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
  const seconds = (performance.now() - since) / 1000;
  const ours = show("20 ms each way: tail --count", { bytes: line.bytes - before, seconds });
  console.log(`slow line, ${streams} streams, ours / strict: ${(ours / ofStrict).toFixed(1)}`);
  tail.process.kill("SIGINT");
  await tail.end();
  await line.close();
}

const [size = "1100", rounds = "3"] = process.argv.slice(2);
const lttng = await Lttng.start();
try {
  const { applications, emitted } = await fill(lttng, SESSION, "uid", Number(size) * MIB);
  console.log(`${emitted} events`);
  const rates = new Map<string, number[]>();
  const url = lttng.url(SESSION);
  for (let round = 0; round < Number(rounds); round++) {
    for (const mode of ["bare", ...MODES]) {
      const rate = show(mode, await client(url, mode, emitted));
      rates.set(mode, [...(rates.get(mode) ?? []), rate]);
    }
  }
  const of = (what: string): number => median(rates.get(what) ?? []);
  for (const mode of MODES) {
    console.log(`${mode} / bare: ${(of(mode) / of("bare")).toFixed(2)}`);
  }
  await overSlowLine(lttng, SESSION);
  for (const application of applications) await application.end();
  await fill(lttng, MANY_STREAMS, "pid", Number(size) * MIB);
  await overSlowLine(lttng, MANY_STREAMS);
} finally {
  await stopChildren();
  await lttng.close();
}
