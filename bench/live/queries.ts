/**
 * Many queries on one session: each with a filter of its own, over WebSockets, one of the clients frozen.
 *
 * `node build/bench/live/queries.js [QUERIES] [SECONDS] [EVENTS_PER_SECOND]`; default 100, 60, 200000.
 */

import { WebSocket } from "ws";
import { Child, stopChildren } from "../../test/support/child.ts";
import { Lttng } from "../../test/support/lttng.ts";
import { MAIN } from "../../test/support/traces.ts";
import { usageOf } from "./resident.ts";

const [count = "100", seconds = "60", rate = "200000"] = process.argv.slice(2);
const QUERIES = Number(count);
const BURST_MS = 50;
const SESSION = "queries";

interface Client {
  readonly socket: WebSocket;
  status: Record<string, unknown>;
  /** How far behind now the last status was, ms; the worst. */
  worstLagMs: number;
}

function open(url: string, query: Record<string, unknown>, isFrozen: boolean): Promise<Client> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/query`, ["tracewire.v1"], {
    perMessageDeflate: false,
  });
  const client: Client = { socket, status: {}, worstLagMs: 0 };
  socket.on("message", (data, isBinary) => {
    if (isBinary) {
      if (!isFrozen) socket.send('{"credit": 1}');
      return;
    }
    const frame = JSON.parse(String(data)) as Record<string, unknown>;
    if (frame["type"] !== "status" && frame["type"] !== "end") return;
    client.status = frame;
    const watermark = frame["watermark_ns"];
    if (typeof watermark !== "string") return;
    client.worstLagMs = Math.max(client.worstLagMs, Date.now() - Number(watermark) / 1e6);
  });
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("open", () => {
      socket.send(JSON.stringify(query));
      resolve(client);
    });
  });
}

const lttng = await Lttng.start();
try {
  const channel = ["--subbuf-size=1M", "--num-subbuf=8"];
  await lttng.createSession(SESSION, { channel, events: ["tracewire_test:tick"] });
  const applications = await Promise.all(["a", "b"].map((tag) => lttng.application(tag)));
  const server = new Child(process.execPath, [
    ...[
      MAIN,
      "serve",
      lttng.url(SESSION),
      "--listen",
      "127.0.0.1:0",
      "--no-token",
      "--from",
      "beginning",
    ],
  ]);
  await server.until("serves", () => server.lines.length > 0);
  const url = server.lines[0] ?? "";
  const clients = await Promise.all(
    Array.from({ length: QUERIES }, (_, i) => {
      const where = `(number & 127) == ${i % 128}`;
      const isFrozen = i === 0;
      // The frozen one wants everything, and gives credit for nothing beyond the first batches.
      const query = isFrozen ? { credit: 2 } : { where, credit: 64 };
      return open(url, { select: "timestamp,number,tag", ...query }, isFrozen);
    }),
  );
  const pid = server.process.pid ?? 0;
  const begin = usageOf(pid);
  const since = performance.now();
  const burst = (Number(rate) * BURST_MS) / 1000 / applications.length;
  let emitted = 0;
  for (let due = since; performance.now() - since < Number(seconds) * 1000; due += BURST_MS) {
    await Promise.all(applications.map((application) => application.emit("tick", burst)));
    emitted += burst * applications.length;
    await new Promise((resolve) =>
      setTimeout(resolve, Math.max(0, due + BURST_MS - performance.now())),
    );
  }
  const elapsed = (performance.now() - since) / 1000;
  const end = usageOf(pid);
  for (const application of applications) await application.end();
  await lttng.end(SESSION);
  await Promise.all(
    clients.slice(1).map(({ socket }) => new Promise((resolve) => socket.on("close", resolve))),
  );
  const sum = (name: string): number =>
    clients.slice(1).reduce((total, { status }) => total + Number(status[name] ?? 0), 0);
  const [frozen, ...others] = clients;
  console.log(
    `${(emitted / elapsed).toFixed(0)} events/s for ${elapsed.toFixed(0)} s, ${QUERIES} queries`,
  );
  console.log(
    `processor time: ${((end.cpuSeconds - begin.cpuSeconds) / elapsed).toFixed(2)} cores`,
  );
  console.log(
    `memory: ${begin.mib.toFixed(0)} MiB at the start, ${end.mib.toFixed(0)} MiB at the end`,
  );
  console.log(
    `worst lag: ${Math.max(...others.map(({ worstLagMs }) => worstLagMs)).toFixed(0)} ms (live timer 200 ms)`,
  );
  console.log(
    `rows ${sum("rows")}, dropped ${sum("dropped")}, late ${sum("late")}, lost events ${others[0]?.status["lost_events"]}`,
  );
  console.log(`the frozen one: ${JSON.stringify(frozen?.status)}`);
  frozen?.socket.terminate();
  server.process.kill("SIGINT");
  await server.end();
} finally {
  await stopChildren();
  await lttng.close();
}
