/** Many requests at once, of one connection and of many: answered in turn, bounded, and forgotten with their connections. */

import { connect } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { RunningServer } from "../../src/server/server.ts";
import { get, withRecorded } from "./lab.ts";

const test = suite("server/pipelines");

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
