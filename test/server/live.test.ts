import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SourceError } from "../../src/base/errors.ts";
import { LiveFeed } from "../../src/feed/feed.ts";
import { listSessions } from "../../src/relay/list-sessions.ts";
import { replay } from "../../src/replay/server.ts";
import { serve } from "../../src/server/server.ts";
import { Client, get, MANY_BATCHES, SMALL_ROWS, table, withLive, withReplay } from "./lab.ts";

const test = suite("server/live");
const GOES_ON = { speed: 1, loop: true, shiftToNow: true, overlap: true } as const;

test("gives a live session to its end, and attaches anew for the next query", async () => {
  await withLive(async (server) => {
    for (let round = 0; round < 2; round++) {
      const reply = await get(server, "/v1/query?select=timestamp,event");
      assert.is(table(reply).numRows, SMALL_ROWS);
    }
  });
});

test("gives everything to a slow client that is alone", async () => {
  await withLive(async (server) => {
    const client = await Client.ask(server, { select: MANY_BATCHES, credit: 1 });
    client.socket.on("message", (_, isBinary) => isBinary && client.say({ credit: 1 }));
    const end = await client.last();
    assert.equal([end.type, end["rows"], end["dropped"]], ["end", SMALL_ROWS, 0]);
    assert.is(client.rows, SMALL_ROWS);
  });
});

test("drops rows of a slow client that is not alone, and counts them", async () => {
  await withLive(async (server) => {
    const slow = await Client.ask(server, { select: MANY_BATCHES, credit: 0 });
    await slow.until(() => slow.frames.some(({ columns }) => columns !== undefined));
    const quick = await Client.ask(server, { select: "event", credit: 1000 });
    assert.is((await quick.last()).type, "end");
    slow.say({ credit: 1000 });
    const end = await slow.last();
    assert.is(end.type, "end");
    assert.ok(Number(end["dropped"]) > 0);
    assert.is(Number(end["rows"]) + Number(end["dropped"]), SMALL_ROWS);
    assert.is(slow.rows, end["rows"]);
  });
});

test("lists what the relayd has, itself as its viewer", async () => {
  await withLive(async (server, relayd) => {
    const { body } = await get(server, "/v1/sessions");
    const { sources, sessions } = JSON.parse(body.toString());
    assert.equal(sources, [{ source: relayd.urls[0], kind: "live" }]);
    assert.is(sessions.length, 2);
    assert.equal(
      sessions.map((one: Record<string, unknown>) => [one["url"], one["clients"], one["format"]]),
      Array.from({ length: 2 }, () => [relayd.urls[0], 1, "ctf-1.8"]),
    );
  });
});

test("reports names that no container has, with those that are known: HTTP and WebSocket", async () => {
  await withLive(
    async (server) => {
      const where = '$container.name == "some-reddis" || $container.name == "wéb"';
      // What the session has before is known to whoever asks later.
      await (
        await Client.ask(server, {
          select: ["container"],
          where: '$container.name == "some-redis"',
          limit: 10,
        })
      ).last();
      const client = await Client.ask(server, { where });
      await client.until(() => client.frames.filter(({ type }) => type === "note").length >= 2);
      const notes = client.frames
        .filter(({ type }) => type === "note")
        .map(({ text }) => String(text));
      assert.match(notes[0]!, /^waiting for container some-reddis; known: .*\bsome-redis\b/);
      assert.match(notes[0]!, /did you mean some-redis\?/);
      assert.match(notes[1]!, /^waiting for container wéb; known: /);
      client.socket.terminate();

      const leaving = new AbortController();
      const query = new URLSearchParams({ where });
      const answer = await fetch(`${server.url}/v1/query?${query}`, { signal: leaving.signal });
      const header = answer.headers.get("tracewire-notes") ?? "";
      assert.equal(decodeURIComponent(header).split(" / "), notes.slice(0, 2));
      leaving.abort();
    },
    { speed: 1, loop: true, shiftToNow: true, overlap: true },
  );
});

test("fails at once when a session is not there or has its viewer", async () => {
  // A session that goes on: one that is over has no viewer any more.
  await withReplay(async (relayd, url) => {
    const code = (source: string): Promise<string> =>
      serve([source], { port: 0 }).then(
        () => "serves",
        (error: { code: string }) => error.code,
      );
    assert.is(await code(`net://127.0.0.1:${relayd.port}/host/no-such/nothing`), "UNKNOWN_SESSION");
    assert.is(await code("/nowhere/at/all"), "SOURCE_NOT_FOUND");
    const first = await serve([url], { port: 0 });
    assert.is(await code(url), "ALREADY_ATTACHED");
    await first.close();
    const second = await serve([url], { port: 0 });
    await second.close();
  }, GOES_ON);
});

test("detaches when it closes", async () => {
  await withReplay(async ({ port }, url) => {
    const server = await serve([url], { port: 0, from: "beginning" });
    const viewers = async (): Promise<number[]> =>
      (await listSessions({ host: "127.0.0.1", port })).map(({ clients }) => clients);
    assert.equal(await viewers(), [1, 1]);
    const client = await Client.ask(server, { credit: 0 });
    await client.until(() => client.frames.length > 1);
    await server.close();
    assert.equal(await viewers(), [0, 0]);
    assert.is((await client.last()).type === "error", false);
    assert.is(client.closeCode, 1001);
  });
});

test("forgets a query whose sources cannot be opened", async () => {
  for (const source of ["/a/directory", "net://127.0.0.1/host/no-session"]) {
    const feed = new LiveFeed(["net://127.0.0.1:1/host/a/b", source], { from: "beginning" });
    const { items, gate } = feed.share();
    gate.hold();
    const error = await new Promise((resolve) => items.subscribe({ error: resolve }));
    assert.instance(error, SourceError);
    assert.equal([feed.queries, feed.isAttached], [0, false]);
    const again = await feed.start().catch((failed: unknown) => failed);
    assert.instance(again, SourceError);
    await feed.close();
  }
});

test("reports to its clients that the relayd has gone, and lives on", async () => {
  await withLive(
    async (server, relayd) => {
      const client = await Client.ask(server, { select: "event" });
      const streamed = get(server, "/v1/query?select=event&format=ndjson");
      await client.until(() => client.frames.some(({ columns }) => columns !== undefined));
      await relayd.close();
      const { type, error } = await client.last();
      assert.equal([type, (error as { code: string }).code], ["error", "PEER_CLOSED"]);
      assert.is(client.closeCode, 1011);
      const lines = (await streamed).body.toString().trimEnd().split("\n");
      assert.is(JSON.parse(lines.at(-1) ?? "").error.code, "PEER_CLOSED");
      // One attempt that failed must not hold up the next.
      for (let attempt = 0; attempt < 3; attempt++) {
        const later = await get(server, "/v1/query");
        assert.is(later.status, 502);
        assert.is(JSON.parse(later.body.toString()).error.code, "CONNECT_REFUSED");
      }
      assert.is((await get(server, "/healthz")).status, 200);
    },
    { speed: 1 },
    { reconnect: false },
  );
});

test("goes on when the relayd comes back, and says what happened", async () => {
  await withReplay(
    async (relayd, url, directory) => {
      const server = await serve([url], { port: 0, from: "beginning" });
      const client = await Client.ask(server, { select: "event", credit: 1000 });
      await client.until(() => client.frames.some(({ columns }) => columns !== undefined));
      await relayd.close();
      await client.until(() => client.frames.some(({ text }) => /trying again/.test(String(text))));
      const { port } = relayd;
      const again = await replay([directory], { speed: "max", session: "small", port });
      const end = await client.last();
      assert.equal([end.type, end["rows"], end["reconnects"]], ["end", SMALL_ROWS, 1]);
      assert.is(client.rows, SMALL_ROWS);
      const losses = client.frames.filter(({ type }) => type === "loss");
      assert.equal(
        losses.map(({ kind, cause, count }) => [kind, cause, count]),
        [["gap", "reconnect", 0]],
      );
      await server.close();
      await again.close();
    },
    { speed: 4 },
  );
});

test.run();
