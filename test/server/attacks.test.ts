/**
 * What a hostile client does, on loopback, bounded and short: meanwhile `/healthz` answers, queries of others run, memory stays
 * bounded, and descriptors come back. `STRICT=1` holds the figures of docs/operating.md, on a machine that does nothing else.
 */

import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { WebSocket } from "ws";
import { replay } from "../../src/replay/server.ts";
import { recordedTrace } from "../support/traces.ts";
import { ATTACKER, type Attacked, described, type Seen, underAttack } from "./attacked.ts";

const test = suite("server/attacks");
const isStrict = process.env["STRICT"] !== undefined;
/** On a busy machine, shared with other tests, a process waits for its turn. */
const HEALTH_MS = isStrict ? 50 : 1000;
const QUERY_MS = isStrict ? 500 : 8000;
const MAX_MIB = 400;
const STALL = ["--max-stall", "2s"];

function check(name: string, seen: Seen, held: number = 2): void {
  console.log(`\n   ${name}: ${described(seen)}`);
  assert.ok(seen.healthP99 <= HEALTH_MS, "healthz");
  assert.ok(seen.queryP50 <= QUERY_MS, "query");
  assert.ok(seen.peakMiB <= MAX_MIB, "memory");
  assert.ok(seen.descriptors <= seen.descriptorsBefore + held, "descriptors");
}

/** Attacks a server of the trace `small`. */
function attacked(
  name: string,
  args: readonly string[],
  attack: (server: Attacked) => Promise<void>,
  held?: number,
): void {
  test(name, async () => {
    const trace = await recordedTrace("small");
    try {
      check(name, await underAttack([trace.path], args, attack), held);
    } finally {
      await trace.remove();
    }
  });
}

const after = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** A request whose answer is looked at and not read. */
function unread(url: string, path: string): Promise<{ status: number; end: () => void }> {
  return new Promise((resolve) => {
    const asked = request(`${url}${path}`, { agent: false, headers: ATTACKER }, (response) => {
      response.on("error", () => undefined);
      resolve({ status: response.statusCode ?? 0, end: () => asked.destroy() });
    });
    asked.on("error", () => resolve({ status: 0, end: () => undefined }));
    asked.end();
  });
}

function raw(port: number, text: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    socket.on("error", () => undefined);
    socket.on("connect", () => {
      socket.write(text);
      resolve(socket);
    });
  });
}

async function webSocket(url: string, query: unknown): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/query`, "tracewire.v1", {
    perMessageDeflate: false,
    headers: ATTACKER,
  });
  socket.on("error", () => undefined);
  await once(socket, "open");
  socket.send(JSON.stringify(query));
  return socket;
}

const times = <T>(count: number, make: (i: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => make(i)));

test("a busy live session with twenty clients starves nobody", async () => {
  const trace = await recordedTrace("small");
  const options = { speed: "max", loop: true, session: "busy" } as const;
  const relayd = await replay([trace.path], options);
  try {
    const name = "a busy live session";
    const seen = await underAttack(relayd.urls, [], async ({ url }) => {
      const sockets = await times(20, () => webSocket(url, { credit: 1_000_000 }));
      await after(4000);
      for (const socket of sockets) socket.terminate();
    });
    check(name, seen);
  } finally {
    await relayd.close();
    await trace.remove();
  }
});

attacked("upgrades that are refused, their sockets kept", [], async ({ port }) => {
  const head = "Host: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
  const sockets = await times(100, () => raw(port, `GET /v1/nothing HTTP/1.1\r\n${head}\r\n`));
  await after(1000);
  for (const socket of sockets) socket.destroy();
});

attacked("requests without an end", [], async ({ port }) => {
  const sockets = await times(200, () => raw(port, "GET /v1/query HTTP/1.1\r\nHost: 127"));
  // Their time is over after ten seconds; here they are only many.
  await after(2000);
  for (const socket of sockets) socket.destroy();
});

attacked(
  "more connections than an address may have",
  ["--max-connections", "50"],
  async (server) => {
    const sockets = await times(45, () => raw(server.port, ""));
    const others = await times(40, () => raw(server.port, ""));
    await after(500);
    for (const socket of [...sockets, ...others]) socket.destroy();
  },
);

attacked("filters that cost much", [], async ({ url }) => {
  const glob = (i: number): string => `$ctx.procname == "*a*a*a*a*b${i}"`;
  const where = Array.from({ length: 800 }, (_, i) => glob(i)).join(" || ");
  const codes = await times(10, async () => {
    const body = JSON.stringify({ where });
    const headers = { ...ATTACKER, "Content-Type": "application/json" };
    const answer = await fetch(`${url}/v1/query`, { method: "POST", body, headers });
    return ((await answer.json()) as { error: { code: string } }).error.code;
  });
  assert.equal([...new Set(codes)], ["FILTER_TOO_COSTLY"]);
});

attacked("three hundred payloads in a row", [], async ({ url }) => {
  const select = Array.from({ length: 300 }, () => "payload").join();
  const answers = await times(20, () => unread(url, `/v1/query?format=csv&select=${select}`));
  assert.equal([...new Set(answers.map(({ status }) => status))], [400]);
});

attacked("a hundred clients that never read", STALL, async ({ url }) => {
  const select = Array.from({ length: 40 }, () => "payload").join();
  const clients = times(100, () => unread(url, `/v1/query?format=csv&select=${select}`));
  await after(4500);
  for (const { end } of await clients) end();
});

attacked("six hundred WebSockets without credit", STALL, async ({ url }) => {
  const sockets = await times(600, () => webSocket(url, { credit: 0 }));
  await after(4000);
  for (const socket of sockets) socket.terminate();
});

attacked(
  "clients that come and go, on a server that retains",
  ["--retain", "64MiB"],
  async (server) => {
    for (let round = 0; round < 10; round++) {
      const sockets = await times(15, () => webSocket(server.url, { credit: 1 }));
      await after(200);
      for (const socket of sockets) socket.terminate();
    }
  },
);

attacked("requests in pipelines, their answers unread", [], async ({ port }) => {
  const head = `Host: 127.0.0.1\r\nAuthorization: ${ATTACKER["Authorization"]}\r\n`;
  for (const path of ["/v1/schema", "/metrics", "/"]) {
    const requests = `GET ${path} HTTP/1.1\r\n${head}\r\n`.repeat(60);
    const sockets = await times(20, () => raw(port, requests));
    for (const socket of sockets) socket.pause();
    await after(1000);
    for (const socket of sockets) socket.destroy();
  }
});

attacked("bodies and frames without end", [], async ({ url, port }) => {
  const socket = await webSocket(url, { credit: 0 });
  for (let i = 0; i < 20_000; i++) socket.send('{"credit":0}');
  const body = "x".repeat(2 << 20);
  const headers = { ...ATTACKER, "Content-Type": "application/json" };
  const answer = await fetch(`${url}/v1/query`, { method: "POST", body, headers }).catch(
    () => undefined,
  );
  assert.ok(answer === undefined || answer.status === 413);
  const other = await raw(
    port,
    "POST /v1/query HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n",
  );
  await after(1000);
  socket.terminate();
  other.destroy();
});

test("a log that nobody reads stops nothing, and refusals do not flood it", async () => {
  const trace = await recordedTrace("small");
  try {
    const name = "a log that nobody reads";
    const seen = await underAttack(
      [trace.path],
      ["--log-format", "json"],
      async ({ url, child }) => {
        child.process.stderr?.pause();
        for (let i = 0; i < 20; i++)
          await times(100, async () => {
            const headers = { Origin: `http://evil.example/${"x".repeat(3000)}` };
            const asked = request(`${url}/v1/query`, { headers, agent: false }, (answer) =>
              answer.resume(),
            );
            asked.on("error", () => undefined);
            asked.end();
            await once(asked, "close");
          });
        child.process.stderr?.destroy();
        await times(100, () => unread(url, "/v1/query?where=ret%3C0&limit=1"));
      },
    );
    check(name, seen);
  } finally {
    await trace.remove();
  }
});

test.run();
