import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Client, get, MANY_BATCHES, SMALL_ROWS, table, withRecorded } from "./lab.ts";
import { filesOpenBelow } from "./open-files.ts";

const test = suite("server/websocket");

test("sends one Arrow stream in binary frames, and its account in text frames", async () => {
  await withRecorded(async (server) => {
    const client = await Client.ask(server, { select: ["timestamp", "event"] });
    const end = await client.last();
    assert.is(client.closeCode, 1000);
    assert.is(client.socket.protocol, "tracewire.v1");
    assert.is(client.rows, SMALL_ROWS);
    const [first, second] = client.frames;
    assert.equal([first?.type, first?.["rows"]], ["status", 0]);
    assert.equal(second?.["columns"], [
      { name: "timestamp", type: "timestamp" },
      { name: "event", type: "dictionary" },
    ]);
    assert.equal(
      [end.type, end["rows"], end["dropped"], end["late"], end["lost_events"]],
      ["end", SMALL_ROWS, 0, 0, 0],
    );
  });
});

test("sends no more batches than the client allows, and loses nothing", async () => {
  await withRecorded(async (server) => {
    const client = await Client.ask(server, { select: MANY_BATCHES, credit: 1 });
    const batches = (): number => client.binary.length - 1;
    await client.until(() => batches() === 1);
    // Statuses come each second: two of them without a second batch.
    const statuses = (): number =>
      client.frames.filter(({ type, batches }) => type === "status" && batches === 1).length;
    await client.until(() => statuses() === 2);
    assert.is(batches(), 1);
    client.say({ credit: 2 });
    await client.until(() => batches() === 3);
    const before = client.frames.length;
    await client.until(() => client.frames.length > before);
    assert.is(batches(), 3);
    client.say({ credit: 1000 });
    const end = await client.last();
    assert.equal([end.type, end["rows"], end["dropped"]], ["end", SMALL_ROWS, 0]);
    assert.is(client.rows, SMALL_ROWS);
  });
});

test("drops whole batches when asked to, and counts each row", async () => {
  await withRecorded(async (server) => {
    const query = { select: MANY_BATCHES, credit: 0, overflow: "drop" };
    const client = await Client.ask(server, query);
    const dropped = (): number => Number(client.frames.at(-1)?.["dropped"] ?? 0);
    await client.until(() => dropped() > 10_000);
    client.say({ credit: 1000 });
    const end = await client.last();
    assert.is(end.type, "end");
    assert.is(Number(end["rows"]) + Number(end["dropped"]), SMALL_ROWS);
    assert.is(client.rows, end["rows"]);
  });
});

test("makes each frame a whole stream when asked to", async () => {
  await withRecorded(async (server) => {
    const client = await Client.ask(server, { framing: "self", select: "event,procname" });
    await client.last();
    assert.ok(client.binary.length > 1);
    const rows = client.binary.map((body) => table({ body }).numRows);
    assert.is(
      rows.reduce((a, b) => a + b),
      SMALL_ROWS,
    );
  });
});

test("writes NDJSON for pages without an Arrow reader", async () => {
  await withRecorded(async (server) => {
    const client = await Client.ask(server, { format: "ndjson", limit: 3 });
    await client.last();
    assert.is(Buffer.concat(client.binary).toString().trimEnd().split("\n").length, 3);
  });
});

test("reports what is wrong with a query, and closes", async () => {
  await withRecorded(async (server) => {
    const cases = [
      [{ where: "ret <" }, "FILTER_SYNTAX"],
      [{ where: 'ret == "', credit: 1 }, "FILTER_SYNTAX"],
      [{ wher: "ret" }, "UNKNOWN_PARAMETER"],
      [{ limit: -1 }, "BAD_PARAMETER"],
      [{ source: "nowhere" }, "UNKNOWN_SOURCE"],
      [{ select: ["procnam"] }, "SELECT_UNKNOWN_FIELD"],
      [["where"], "BAD_FRAME"],
      [null, "BAD_FRAME"],
    ] as const;
    for (const [query, code] of cases) {
      const client = await Client.open(server);
      client.say(query);
      const { type, error } = await client.last();
      assert.is(type, "error");
      assert.match((error as { code: string }).code, code === "FILTER_SYNTAX" ? /^FILTER_/ : code);
      assert.is(client.closeCode, 4400, code);
    }
  });
});

test("survives garbage of every kind", async () => {
  await withRecorded(async (server) => {
    const garbage = async (send: (client: Client) => void, closeCode: number): Promise<void> => {
      const client = await Client.open(server);
      send(client);
      await client.last();
      assert.is(client.closeCode, closeCode);
    };
    await garbage(({ socket }) => socket.send("\u0000{{{"), 4400);
    await garbage(({ socket }) => socket.send(Buffer.from([1, 2, 3])), 4400);
    await garbage(({ socket }) => socket.send("x".repeat(64 * 1024 + 1)), 1009);
    await garbage(({ socket }) => {
      for (let i = 0; i < 100; i++) socket.send("{", { fin: false });
    }, 1008);
    const late = await Client.ask(server, { credit: 0 });
    late.say({ credit: "many" });
    await late.last();
    assert.is(late.closeCode, 4400);
    assert.is((await get(server, "/healthz")).body.toString(), "ok\n");
  });
});

test("refuses other subprotocols and other origins, and takes none of either", async () => {
  await withRecorded(async (server) => {
    const refusal = (protocols: string[], headers: Record<string, string>): Promise<string> =>
      Client.open(server, protocols, { headers }).then(
        (client) => {
          client.socket.terminate();
          return "open";
        },
        (error: Error) => error.message,
      );
    assert.is(await refusal(["graphql-ws"], {}), "status 400");
    assert.is(await refusal(["graphql-ws", "tracewire.v1"], {}), "open");
    assert.is(await refusal([], {}), "open");
    assert.is(await refusal([], { Origin: "http://evil.example" }), "status 403");
    assert.is(await refusal([], { Host: "evil.example" }), "status 403");
    assert.is(await refusal([], { Origin: server.url }), "open");
  });
});

test("ends the query of a client that goes", async () => {
  await withRecorded(async (server, directory) => {
    const client = await Client.ask(server, { credit: 1, select: MANY_BATCHES });
    await client.until(() => client.binary.length === 2);
    assert.ok(filesOpenBelow(directory) > 0);
    client.socket.terminate();
    while (filesOpenBelow(directory) > 0) await new Promise((resolve) => setImmediate(resolve));
  });
});

test("says goodbye when the server ends, and leaves nothing open", async () => {
  let client: Client | undefined;
  await withRecorded(async (server, directory) => {
    client = await Client.ask(server, { credit: 0 });
    await client.until(() => client?.frames.length === 2);
    await server.close();
    while (filesOpenBelow(directory) > 0) await new Promise((resolve) => setImmediate(resolve));
  });
  await client?.last();
  assert.is(client?.closeCode, 1001);
  const open = process.getActiveResourcesInfo().filter((kind) => /TCP|Timeout/.test(kind));
  assert.equal(open, []);
});

test.run();
