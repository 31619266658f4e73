/** Clients that lose their connection and come back, on a server that retains results. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { bytesOf } from "../../src/column/column.ts";
import { NOTHING_SO_FAR, type ResultBatch } from "../../src/query/result.ts";
import { Budget } from "../../src/server/engine/budget.ts";
import { SentBatches } from "../../src/server/engine/sent-batches.ts";
import type { RunningServer } from "../../src/server/server.ts";
import { Client, MANY_BATCHES, SMALL_ROWS, table, withLive, withRecorded } from "./lab.ts";

const test = suite("server/resume");
const RETAIN = { retainBytes: 64 << 20 };

/** The client has so many batches (behind the schema), and its query's name. */
async function withBatches(client: Client, count: number): Promise<string> {
  await client.until(() => client.binary.length === count + 1);
  const named = client.frames.find((frame) => frame["query"] !== undefined);
  return String(named?.["query"]);
}

/** Breaks the connection without a word. */
async function lose(client: Client): Promise<void> {
  client.socket.terminate();
  await client.last();
}

async function goOn(server: RunningServer, resume: string, seq: number): Promise<Client> {
  return await Client.ask(server, { resume, seq, credit: 1000 });
}

for (const [what, withServer] of [
  ["a recorded trace", withRecorded],
  [
    "a live session",
    (work: Parameters<typeof withRecorded>[0]) =>
      withLive((server) => work(server, ""), {}, RETAIN),
  ],
] as const) {
  test(`goes on behind the last batch that the client has: ${what}`, async () => {
    await withServer(async (server) => {
      const client = await Client.ask(server, { select: MANY_BATCHES, credit: 3 });
      const id = await withBatches(client, 3);
      await lose(client);
      // The third batch was sent, but let us say that it did not arrive.
      const arrived = client.binary.slice(0, 3);
      const before = rowsIn(arrived);
      const again = await goOn(server, id, 1);
      const end = await again.last();
      assert.equal([end.type, end["rows"], end["dropped"]], ["end", SMALL_ROWS, 0]);
      assert.is(before + again.rows, SMALL_ROWS);
      // It has ended: it cannot be resumed.
      const late = await goOn(server, id, 1);
      assert.is((await late.last()).type, "error");
    }, RETAIN);
  });
}

test("takes the query over from a connection that is dead but not known to be", async () => {
  await withRecorded(async (server) => {
    const client = await Client.ask(server, { select: MANY_BATCHES, credit: 2 });
    const id = await withBatches(client, 2);
    const again = await goOn(server, id, 1);
    assert.is((await again.last()).type, "end");
    assert.is(client.rows + again.rows, SMALL_ROWS);
    await lose(client);
  }, RETAIN);
});

test("counts to the row what it could not keep", async () => {
  await withRecorded(
    async (server) => {
      const query = { select: MANY_BATCHES, credit: 4, overflow: "drop" };
      const client = await Client.ask(server, query);
      const id = await withBatches(client, 4);
      await lose(client);
      // It began after the query that waits, and that one has come to its end too.
      const other = await Client.ask(server, { select: MANY_BATCHES, credit: 1000 });
      assert.is((await other.last()).type, "end");
      const again = await goOn(server, id, 0);
      const end = await again.last();
      assert.is(end.type, "end");
      assert.ok(Number(end["dropped"]) > 0);
      const first = rowsIn(client.binary.slice(0, 2));
      assert.is(first + again.rows + Number(end["dropped"]), SMALL_ROWS);
    },
    { retainBytes: 4 << 20 },
  );
});

test("a client that went, with all that is kept for it, takes nothing from another", async () => {
  await withRecorded(
    async (server) => {
      const query = { select: MANY_BATCHES, overflow: "drop" };
      const gone = await Client.ask(server, { ...query, credit: 2 });
      await withBatches(gone, 2);
      await lose(gone);
      const other = await Client.ask(server, { ...query, credit: 1000 });
      const end = await other.last();
      assert.equal([end["rows"], end["dropped"]], [SMALL_ROWS, 0]);
    },
    { retainBytes: 1 << 20 },
  );
});

test("a query on a recorded trace keeps nothing for its client, and has all of it when that is back", async () => {
  await withRecorded(
    async (server) => {
      const asked = { select: MANY_BATCHES, credit: 3 };
      const clients = await Promise.all(Array.from({ length: 6 }, () => Client.ask(server, asked)));
      const ids = await Promise.all(clients.map((client) => withBatches(client, 3)));
      await Promise.all(clients.map(lose));
      const ends = await Promise.all(
        clients.map(async (client, i) => {
          const again = await goOn(server, ids[i]!, 2);
          const end = await again.last();
          assert.is(client.rows + again.rows, SMALL_ROWS);
          return [end.type, end["rows"], end["dropped"]];
        }),
      );
      for (const end of ends) assert.equal(end, ["end", SMALL_ROWS, 0]);
    },
    // Not even one batch would fit.
    { retainBytes: 1 },
  );
});

test("a client that comes back twice goes on behind what it has", async () => {
  await withRecorded(async (server) => {
    const query = { where: "$ctx.cpu_id != 1", dict: "delta", select: MANY_BATCHES };
    const whole = await Client.ask(server, { ...query, credit: 1000 });
    await whole.last();
    const first = await Client.ask(server, { ...query, credit: 1 });
    const id = await withBatches(first, 1);
    await lose(first);
    const second = await Client.ask(server, { resume: id, seq: 0, credit: 1 });
    await withBatches(second, 1);
    await lose(second);
    const third = await goOn(server, id, 1);
    const end = await third.last();
    assert.equal([end.type, end["rows"]], ["end", whole.rows]);
    assert.is(first.rows + second.rows + third.rows, whole.rows);
    const rows = (client: Client): unknown[] =>
      table({ body: Buffer.concat(client.binary) }).toArray();
    const inParts = [first, second, third].flatMap((client) => rows(client).map(String));
    assert.equal(inParts, rows(whole).map(String));
  }, RETAIN);
});

test("says that a recorded trace has changed since", async () => {
  await withRecorded(async (server, directory) => {
    const client = await Client.ask(server, { select: MANY_BATCHES, credit: 2 });
    const id = await withBatches(client, 2);
    await lose(client);
    writeFileSync(join(directory, "kernel", "new_0"), "");
    const again = await goOn(server, id, 1);
    const { type, error } = await again.last();
    assert.equal([type, (error as { code: string }).code], ["error", "SOURCE_CHANGED"]);
  }, RETAIN);
});

test("says that it does not know a query, or does not retain at all", async () => {
  for (const options of [RETAIN, {}]) {
    await withRecorded(async (server) => {
      const client = await goOn(server, "0123", 5);
      const { type, error } = await client.last();
      assert.equal([type, (error as { code: string }).code], ["error", "RESUME_UNKNOWN"]);
    }, options);
  }
});

test("keeps what was sent as far as the budget goes, and knows what is gone", () => {
  const budget = new Budget(10 * bytesOf(batch(0)));
  const mine = new SentBatches(budget);
  const others = new SentBatches(budget);
  for (let seq = 0; seq < 6; seq++) others.keep(batch(seq));
  for (let seq = 0; seq < 6; seq++) mine.keep(batch(seq));
  assert.is(budget.used, 10 * bytesOf(batch(0)));
  mine.acknowledge(2);
  const behind = mine.after(2);
  assert.equal(
    behind?.batches.map(({ seq }) => seq),
    [3, 4, 5],
  );
  assert.is(mine.after(1), undefined, "the client said that it had 2");
  assert.is(budget.used, 6 * bytesOf(batch(0)));
  others.keep(batch(6));
  for (let seq = 7; seq < 20; seq++) others.keep(batch(seq));
  const { batches = [], lostRows } = others.after(4) ?? {};
  assert.equal([batches.length, batches[0]?.seq, lostRows], [10, 10, 5 * 100]);
  assert.is(budget.used, 0);
});

test.run();

function batch(seq: number): ResultBatch {
  return {
    seq,
    rows: 100,
    timestamps: new BigInt64Array(100),
    columns: [],
    ...NOTHING_SO_FAR,
  };
}

/** Rows of an Arrow stream that broke off: the schema, and some batches. */
function rowsIn(frames: readonly Buffer[]): number {
  return table({ body: Buffer.concat(frames) }).numRows;
}
