import { createServer, type Server, type Socket } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ProtocolError } from "../../src/base/errors.ts";
import { Connection } from "../../src/relay/connection.ts";
import type { Decoding } from "../../src/relay/decoding.ts";
import {
  encodeConnectReply,
  encodeMetadataReply,
  encodeNextIndexReply,
  encodePacketReply,
} from "../../src/relay/encode-reply.ts";
import { Viewer } from "../../src/relay/viewer.ts";
import { byteByByte } from "../support/splits.ts";
import { type Answer, MemoryRelayd } from "./memory-relayd.ts";

const test = suite("relay/connection");

const hello = encodeConnectReply({ viewerSession: 1n, major: 2, minor: 15 });
const retry = { kind: "retry", newMetadata: false, newStream: false } as const;

test("gives each of many outstanding requests its own reply", async () => {
  const relayd = new MemoryRelayd({
    cut: byteByByte,
    answer: (request) => {
      if (request.kind === "connect") return hello;
      if (request.kind === "next-index") {
        const timestamp = request.stream;
        return encodeNextIndexReply({ ...retry, kind: "inactive", timestamp, streamClass: 0n });
      }
      if (request.kind === "packet") {
        return encodePacketReply({ kind: "ok", bytes: new Uint8Array(request.length).fill(7) });
      }
      return "close";
    },
  });
  const viewer = await Viewer.open("box", 1, { dial: relayd.dial });
  const [a, packet, b] = await Promise.all([
    viewer.nextIndex(5n),
    viewer.packet(6n, 0n, 300),
    viewer.nextIndex(9n),
  ]);
  assert.equal(a, { ...retry, kind: "inactive", timestamp: 5n, streamClass: 0n });
  assert.is(packet.kind === "ok" && packet.bytes.length, 300);
  assert.equal(b, { ...retry, kind: "inactive", timestamp: 9n, streamClass: 0n });
  viewer.close();
});

test("keeps its place in the replies when waiting calls are abandoned", async () => {
  const relayd = new MemoryRelayd({ answer: () => "silence" });
  const connection = new Connection(relayd, "box:1", 1000);
  const first = connection.call("A", new Uint8Array(16), bytesOf(3));
  connection.abandon(new Error("not wanted"));
  await rejects(first, /not wanted/);
  const second = connection.call("B", new Uint8Array(16), bytesOf(2));
  relayd.push(Uint8Array.of(1, 2, 3, 4));
  relayd.push(Uint8Array.of(5));
  assert.equal([...(await second)], [4, 5]);
  connection.close();
});

test("gives up when a reply stays away, and fails later callers the same way", async () => {
  const relayd = new MemoryRelayd({ answer: () => "silence" });
  const connection = new Connection(relayd, "box:1", 20);
  const code = /REPLY_TIMEOUT reading the reply to A from box:1: nothing came for 0.02 s/;
  await rejects(connection.call("A", new Uint8Array(16), bytesOf(3)), code);
  await rejects(connection.call("B", new Uint8Array(16), bytesOf(3)), code);
  assert.ok(relayd.destroyed);
});

test("gives up when the announced body of a reply stays away", async () => {
  const body = encodeMetadataReply({ kind: "ok", bytes: new Uint8Array(100) }).subarray(0, 20);
  const viewer = await scripted({ metadata: body }, 20);
  await rejects(viewer.metadata(1n), /REPLY_TIMEOUT.*GET_METADATA.*after 20 bytes of it/);
});

test("says how far a reply came when the peer closes in the middle", async () => {
  const relayd = new MemoryRelayd({
    answer: (request) => (request.kind === "connect" ? hello : "close"),
  });
  const viewer = await Viewer.open("box", 1, { dial: relayd.dial });
  await rejects(
    viewer.nextIndex(1n),
    /PEER_CLOSED reading the reply to GET_NEXT_INDEX from box:1: the connection was closed/,
  );
});

test("fails the next caller when the peer closed meanwhile", async () => {
  const relayd = new MemoryRelayd({ answer: () => hello });
  const viewer = await Viewer.open("box", 1, { dial: relayd.dial });
  relayd.push(null);
  await new Promise((resolve) => setImmediate(resolve));
  await rejects(viewer.nextIndex(1n), /PEER_CLOSED the relayd at box:1 closed the connection/);
});

test("rejects bytes that were not asked for", async () => {
  const viewer = await scripted({
    "next-index": Buffer.concat([encodeNextIndexReply(retry), hello]),
  });
  assert.is((await viewer.nextIndex(1n)).kind, "retry");
  await rejects(viewer.nextIndex(1n), /UNSOLICITED.*expected nothing, got 20 bytes/);
});

test("announces 2.15 and lists in the layout of the older of the two", async () => {
  const old = encodeConnectReply({ viewerSession: 1n, major: 2, minor: 13 });
  const relayd = new MemoryRelayd({
    answer: (request) => (request.kind === "connect" ? old : Buffer.from("00000000", "hex")),
  });
  const viewer = await Viewer.open("box", 1, { dial: relayd.dial });
  assert.is(viewer.relaydMinor, 13);
  assert.equal(relayd.requests, [{ kind: "connect", major: 2, minor: 15, type: 1 }]);
  assert.equal(await viewer.listSessions(), []);
  viewer.close();
});

const strangers: [string, Answer, RegExp][] = [
  [
    "answers in HTTP",
    Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"),
    /expected protocol 2, got something else/,
  ],
  [
    "speaks another major",
    encodeConnectReply({ viewerSession: 1n, major: 3, minor: 0 }),
    /got protocol 3.0/,
  ],
  ["closes without a word", "close", /the connection was closed/],
  ["never answers", "silence", /nothing came for 0.02 s/],
];
for (const [what, answer, message] of strangers) {
  test(`reports that a peer which ${what} is no relayd`, async () => {
    const relayd = new MemoryRelayd({ answer: () => answer });
    const opening = Viewer.open("box", 80, { dial: relayd.dial, timeoutMs: 20 });
    await rejects(opening, /NOT_A_RELAYD box:80 does not answer as an lttng-relayd/, message);
    assert.ok(relayd.destroyed);
  });
}

test("reports that nothing listens", async () => {
  const server = await listening(() => undefined);
  const { port } = addressOf(server);
  await new Promise((resolve) => server.close(resolve));
  await rejects(
    Viewer.open("127.0.0.1", port),
    new RegExp(`CONNECT_REFUSED cannot connect to 127.0.0.1:${port}: connection refused`),
  );
});

test("reports that a host does not exist", async () => {
  await rejects(
    Viewer.open("no-such-host.invalid", 5344),
    /CONNECT_FAILED cannot connect to no-such/,
  );
});

test("speaks over TCP, and stops waiting for a greeting when aborted", async () => {
  const sockets: Socket[] = [];
  let isPolite = true;
  const server = await listening((socket) => {
    sockets.push(socket);
    socket.on("data", () => isPolite && socket.write(hello));
    socket.on("error", () => undefined);
  });
  const { port } = addressOf(server);
  const viewer = await Viewer.open("127.0.0.1", port);
  assert.is(viewer.relaydMinor, 15);
  isPolite = false;
  const stop = new AbortController();
  const opening = Viewer.open("127.0.0.1", port, { signal: stop.signal });
  setImmediate(() => stop.abort(new Error("enough")));
  await rejects(opening, /enough/);
  await rejects(Viewer.open("127.0.0.1", port, { signal: stop.signal }), /enough/);
  viewer.close();
  for (const socket of sockets) socket.destroy();
  server.close();
});

test.run();

async function scripted(answers: Record<string, Uint8Array>, timeoutMs = 1000): Promise<Viewer> {
  const relayd = new MemoryRelayd({
    answer: (request) => (request.kind === "connect" ? hello : (answers[request.kind] ?? "close")),
  });
  return await Viewer.open("box", 1, { dial: relayd.dial, timeoutMs });
}

function* bytesOf(n: number): Decoding<Uint8Array> {
  return yield n;
}

async function rejects(promise: Promise<unknown>, ...patterns: RegExp[]): Promise<void> {
  try {
    await promise;
  } catch (error) {
    const text = error instanceof ProtocolError ? `${error.code} ${error.message}` : String(error);
    for (const pattern of patterns) assert.match(text, pattern);
    return;
  }
  assert.unreachable("expected a rejection");
}

function listening(onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer(onConnection);
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

function addressOf(server: Server): { port: number } {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not a TCP server");
  return address;
}
