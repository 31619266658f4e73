/** Connections that wait at the door: unread, the newest and the oldest let in by turns, and none forgotten. */

import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Doorway } from "../../src/server/doorway.ts";

const test = suite("server/doorway");

/** Works as long as an answer may. */
function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

interface Seen {
  readonly client: Socket;
  readonly port: number | undefined;
}

/** Connections that were made before the door opened the first time, in their order. */
async function crowd(door: Doorway, count: number): Promise<readonly Seen[]> {
  door.server.listen(0, "127.0.0.1");
  await once(door.server, "listening");
  const { port } = door.server.address() as AddressInfo;
  const seen: Seen[] = [];
  for (let i = 0; i < count; i++) {
    const client = connect(port, "127.0.0.1");
    client.on("error", () => undefined);
    await once(client, "connect");
    seen.push({ client, port: client.localPort });
  }
  return seen;
}

test("lets in each connection once, the last long before the rest of its crowd", async () => {
  const come: (number | undefined)[] = [];
  const entered: (number | undefined)[] = [];
  const door = new Doorway(
    ({ remotePort }) => come.push(remotePort),
    (socket) => {
      entered.push(socket.remotePort);
      // Each costs more than a turn, so that the crowd grows behind it.
      work(5);
      socket.on("data", () => undefined);
    },
  );
  const seen = await crowd(door, 40);
  while (entered.length < 40) await new Promise((done) => setTimeout(done, 5));
  const sorted = (ports: readonly (number | undefined)[]): unknown => [...ports].sort();
  assert.equal(sorted(entered), sorted(seen.map(({ port }) => port)));
  const last = entered.indexOf(come.at(-1));
  assert.ok(last < 38, `the last came in as number ${last}`);
  for (const { client } of seen) client.destroy();
  door.server.close();
  await once(door.server, "close");
});

test("reads nothing of a connection before it is let in", async () => {
  let bytes = 0;
  let wasRead = false;
  const door = new Doorway(
    () => undefined,
    (socket) => {
      wasRead = socket.bytesRead > 0;
      socket.on("data", (chunk) => {
        bytes += chunk.length;
      });
    },
  );
  const [one] = await crowd(door, 1);
  one!.client.write("hello");
  while (bytes < 5) await new Promise((done) => setTimeout(done, 5));
  assert.not(wasRead);
  one!.client.destroy();
  door.server.close();
  await once(door.server, "close");
});

test("cuts off who waits when it closes, and whoever is refused", async () => {
  let entered = 0;
  let refused = 0;
  const door = new Doorway(
    (socket) => {
      if (refused++ === 0) socket.destroy();
      else queueMicrotask(() => door.close());
    },
    () => entered++,
  );
  const closed = once(door.server, "close");
  const seen = await crowd(door, 2);
  while (refused < 2) await new Promise((done) => setTimeout(done, 5));
  door.server.close();
  await Promise.all(seen.map(({ client }) => client.closed || once(client.resume(), "close")));
  await closed;
  assert.is(entered, 0);
});

test.run();
