/** What connections send: many requests at once are answered in turn and bounded, and who closes its half is answered. */

import { request } from "node:http";
import { connect, type TcpNetConnectOpts } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { RunningServer } from "../../src/server/server.ts";
import { get, SMALL_ROWS, withLive, withRecorded } from "./lab.ts";

const test = suite("server/intake");

/** Sends a request so many times at once; everything that comes back, until the connection ends. */
function pipelined({ port }: RunningServer, path: string, count: number): Promise<string> {
  const head = `GET ${path} HTTP/1.1\r\nHost: localhost\r\n`;
  const last = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      text += chunk;
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(text));
    socket.write(`${head}\r\n`.repeat(count) + last);
  });
}

const heads = (text: string): number => text.split("HTTP/1.1 ").length - 1;

test("answers what a connection sends at once, in its order", async () => {
  await withRecorded(async (server) => {
    const text = await pipelined(server, "/v1/query?limit=1&format=ndjson", 5);
    assert.is(heads(text), 6);
    assert.is(text.split('"event"').length - 1, 5);
    assert.ok(text.endsWith("ok\n"));
  });
});

test("cuts off a connection that sends requests without end", async () => {
  await withRecorded(async (server) => {
    const text = await pipelined(server, "/v1/schema", 2000);
    assert.ok(heads(text) < 70, `${heads(text)} answers`);
    assert.is((await get(server, "/healthz")).status, 200);
  });
});

/** Sends it, in one piece or byte by byte, and closes its half, as `nc -N` does; everything that comes back. */
function halfClosed(options: TcpNetConnectOpts, text: string, isCut = false): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ ...options, allowHalfOpen: true });
    let answer = "";
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      answer += chunk;
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(answer));
    if (isCut) for (const byte of text) socket.write(byte);
    else socket.write(text);
    socket.end();
    socket.on("end", () => socket.destroy());
  });
}

const WHOLE = "GET /v1/query?format=ndjson HTTP/1.1\r\nHost: localhost\r\n\r\n";

for (const isCut of [false, true]) {
  test(`answers who closes its half behind its request, ${isCut ? "byte by byte" : "at once"}`, async () => {
    await withRecorded(async ({ port }) => {
      const text = await halfClosed({ port, host: "127.0.0.1" }, WHOLE, isCut);
      assert.match(text, "HTTP/1.1 200 OK");
      assert.is(text.split('"event"').length - 1, SMALL_ROWS);
      assert.ok(text.endsWith("\r\n0\r\n\r\n"), "whole");
    });
  });
}

test("answers each of several requests behind which a client closes its half", async () => {
  await withRecorded(async ({ port }) => {
    const schema = "GET /v1/schema HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const body = '{"limit":1,"format":"ndjson"}';
    const head = `POST /v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    const text = await halfClosed(
      { port, host: "127.0.0.1" },
      `${schema}${head}${body}${schema}`,
      true,
    );
    assert.is(text.split("HTTP/1.1 200 OK").length - 1, 3);
    assert.is(text.split('"event"').length - 1, 1);
  });
});

test("refuses half a request behind which a client closes its half", async () => {
  await withRecorded(async ({ port }) => {
    const text = await halfClosed({ port, host: "127.0.0.1" }, WHOLE.slice(0, 40));
    assert.match(text, "HTTP/1.1 400 Bad Request");
  });
});

test("ends the query of a client that goes before its answer begins", async () => {
  await withLive(async (server) => {
    const asked = request(`${server.url}/v1/query?q=count()&format=ndjson`, { agent: false });
    asked.on("error", () => undefined);
    asked.end();
    await queriesAre(server, 1);
    asked.destroy();
    await queriesAre(server, 0);
  }, {});
});

async function queriesAre(server: RunningServer, count: number): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const { body } = await get(server, "/v1/queries");
    if ((JSON.parse(`${body}`) as { queries: unknown[] }).queries.length === count) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`expected ${count} queries`);
}

test("gives calls of a client their turns, and says which are too many", async () => {
  const limits = { maxWaiting: 6 };
  await withRecorded(
    async (server) => {
      const asked = Array.from({ length: 40 }, () => get(server, "/v1/schema"));
      const replies = await Promise.all(asked);
      const good = replies.filter(({ status }) => status === 200);
      const refused = replies.filter(({ status }) => status === 429);
      assert.ok(good.length >= 10, `${good.length} answered`);
      assert.is(good.length + refused.length, 40);
      assert.match(`${refused[0]?.body}`, "limit calls-per-client");
      assert.is((await get(server, "/v1/schema")).status, 200);
    },
    { limits },
  );
});

test.run();
