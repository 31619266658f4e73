import { request } from "node:http";
import { connect } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { get, SMALL_ROWS, table, withRecorded } from "./lab.ts";
import { filesOpenBelow } from "./open-files.ts";

const test = suite("server/http");

test("gives the same rows as Arrow, NDJSON and CSV", async () => {
  await withRecorded(async (server) => {
    const query = "/v1/query?select=timestamp,event,tid";
    const arrow = await get(server, query);
    const ndjson = await get(server, query, { Accept: "application/x-ndjson" });
    const csv = await get(server, query, { Accept: "text/csv" });
    assert.is(arrow.type, "application/vnd.apache.arrow.stream");
    const lines = ndjson.body.toString().trimEnd().split("\n");
    const records = csv.body.toString().trimEnd().split("\n").slice(1);
    assert.is(table(arrow).numRows, SMALL_ROWS);
    assert.is(lines.length, SMALL_ROWS);
    const column = table(arrow).getChild("tid");
    for (let row = 0; row < SMALL_ROWS; row += 997) {
      const { event, tid } = JSON.parse(lines[row]!) as Record<string, unknown>;
      assert.is(records[row]!.split(",").slice(1).join(), `${event},${tid ?? ""}`);
      assert.is(column?.get(row) ?? undefined, tid);
    }
  });
});

test("gives the rows of a time range", async () => {
  await withRecorded(async (server) => {
    const times = async (range: string): Promise<bigint[]> => {
      const column = table(await get(server, `/v1/query?select=timestamp&${range}`)).getChild(
        "timestamp",
      );
      return Array.from(column?.toArray() as BigInt64Array);
    };
    const all = await times("");
    const [begin, end] = [all[4000]!, all[9000]!];
    const seconds = (ns: bigint): string => `${ns / 1_000_000_000n}.${`${ns}`.slice(-9)}`;
    const some = await times(`begin=${seconds(begin)}&end=${seconds(end)}`);
    assert.equal(
      some,
      all.filter((ns) => ns >= begin && ns <= end),
    );
    assert.ok(some.length > 5000);
  });
});

test("answers what curl and a browser accept with Arrow, and nothing it cannot write", async () => {
  await withRecorded(async (server) => {
    for (const Accept of ["*/*", "text/html, application/xhtml+xml, */*;q=0.8"]) {
      const { type } = await get(server, "/v1/query?limit=1", { Accept });
      assert.is(type, "application/vnd.apache.arrow.stream");
    }
    const preferred = { Accept: "text/csv;q=0.5, application/ndjson" };
    assert.is((await get(server, "/v1/query?limit=1", preferred)).type, "application/x-ndjson");
    assert.is((await get(server, "/v1/query", { Accept: "image/png" })).status, 406);
    assert.is(
      (await get(server, "/v1/query?format=csv&limit=1", { Accept: "image/png" })).status,
      200,
    );
  });
});

test("keeps to limit, filter, event names and selection", async () => {
  await withRecorded(async (server) => {
    assert.is(table(await get(server, "/v1/query?limit=5000")).numRows, 5000);
    const query = `where=${encodeURIComponent("$ctx.procname == 'python3' && prev_prio == 20")}`;
    const filtered = table(
      await get(server, `/v1/query?${query}&events=sched_*&select=event,prev_prio`),
    );
    assert.equal(
      filtered.schema.fields.map(({ name }) => name),
      ["event", "prev_prio"],
    );
    assert.ok(filtered.numRows > 100 && filtered.numRows < SMALL_ROWS, `${filtered.numRows}`);
    for (const row of filtered)
      assert.equal([row["event"], row["prev_prio"]], ["sched_switch", 20]);
  });
});

test("gives a whole stream with its schema where no row is", async () => {
  await withRecorded(async (server) => {
    for (const query of ["limit=0", "events=none", "events=none&framing=self"]) {
      const empty = table(await get(server, `/v1/query?${query}&select=timestamp,event`));
      assert.is(empty.numRows, 0);
      assert.is(empty.schema.fields.length, 2, query);
    }
  });
});

test("writes texts out for readers without dictionaries", async () => {
  await withRecorded(async (server) => {
    const plain = table(await get(server, "/v1/query?dict=plain&select=event"));
    assert.is(String(plain.schema.fields[0]?.type), "Utf8");
    assert.is(plain.numRows, SMALL_ROWS);
  });
});

test("ends after the duration, which an endless query would not", async () => {
  await withRecorded(async (server) => {
    const { status, body } = await get(server, "/v1/query?duration=0ms&format=ndjson");
    assert.is(status, 200);
    assert.ok(body.toString().split("\n").length <= SMALL_ROWS);
  });
});

test("shows where a filter is wrong", async () => {
  await withRecorded(async (server) => {
    const { status, body } = await get(server, `/v1/query?where=${encodeURIComponent("ret <")}`);
    const { error } = JSON.parse(body.toString());
    assert.is(status, 400);
    assert.is(error.code, "FILTER_SYNTAX");
    assert.match(error.message, /\nret <\n {5}\^/);
    assert.equal([error.start, error.end, error.expected], [5, 6, ["a value"]]);
  });
});

test("says what it does not know, and what is nearest", async () => {
  await withRecorded(async (server, directory) => {
    const cases = [
      [`/v1/query?source=${encodeURIComponent(`${directory}x`)}`, 404, "UNKNOWN_SOURCE", directory],
      ["/v1/query?wher=1", 400, "UNKNOWN_PARAMETER", "did you mean where?"],
      ["/v1/query?select=procnam", 400, "SELECT_UNKNOWN_FIELD", "did you mean procname?"],
      ["/v1/query?select=event:int64", 400, "SELECT_UNKNOWN_FIELD", "type of its own: event alone"],
      ["/v1/query?where=rett%3D%3D1", 400, "FILTER_UNKNOWN_FIELD", "did you mean ret?"],
      ["/v1/quer", 404, "NOT_FOUND", "/v1/query"],
    ] as const;
    for (const [path, status, code, hint] of cases) {
      const reply = await get(server, path);
      const { error } = JSON.parse(reply.body.toString());
      assert.equal([reply.status, error.code], [status, code]);
      assert.ok(error.message.includes(hint), error.message);
    }
    assert.is((await get(server, "/v1/query", {}, "PUT")).status, 405);
  });
});

test("refuses names and origins that are not its own", async () => {
  const evil = "http://evil.example";
  await withRecorded(
    async (server) => {
      const own = `127.0.0.1:${server.port}`;
      const status = async (headers: Record<string, string>): Promise<number> =>
        (await get(server, "/healthz", headers)).status;
      assert.is(await status({ Host: "evil.example" }), 403);
      assert.is(await status({ Host: "localhost.evil.example" }), 403);
      assert.is(await status({ Host: "localhost:1" }), 200);
      assert.is(await status({ Host: "[::1]:7447" }), 200);
      assert.is(await status({ Origin: evil }), 403);
      assert.is(await status({ Origin: "null" }), 403);
      assert.is(await status({ Host: own, Origin: `http://${own}` }), 200);
      assert.is(await status({ Origin: "https://friend.example" }), 200);
    },
    { allowedOrigins: ["https://friend.example"] },
  );
});

test("serves its page and lists its sources", async () => {
  await withRecorded(async (server, directory) => {
    const page = await get(server, "/");
    assert.match(page.body.toString(), /^<!doctype html>/);
    const { body } = await get(server, "/v1/sessions");
    const sources = [{ source: directory, kind: "recorded" }];
    const token = { name: "-", operator: true, hidden: [] };
    assert.equal(JSON.parse(body.toString()), { sources, sessions: [], token });
  });
});

test("waits for a client that does not read, and ends its query when it goes", async () => {
  await withRecorded(async (server, directory) => {
    const columns = Array.from({ length: 30 }, () => "payload").join();
    const asked = request(`${server.url}/v1/query?format=ndjson&select=${columns}`, {
      agent: false,
    });
    asked.on("error", () => undefined);
    asked.end();
    await new Promise((resolve) => asked.on("response", resolve));
    assert.ok(filesOpenBelow(directory) > 0);
    asked.destroy();
    while (filesOpenBelow(directory) > 0) await new Promise((resolve) => setImmediate(resolve));
  });
});

test("aggregates have as many groups as the server allows; the others share one row", async () => {
  await withRecorded(
    async (server) => {
      const q = encodeURIComponent("|> count() by event");
      const { status, body } = await get(server, `/v1/query?format=ndjson&q=${q}`);
      assert.is(status, 200);
      const rows: { event: string | null; count: number; overflow: number }[] = body
        .toString()
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      const shared = rows.filter(({ overflow }) => overflow === 1);
      assert.is(shared.length, 1);
      assert.is(rows.length, 4);
      assert.is(
        rows.reduce((sum, { count }) => sum + count, 0),
        SMALL_ROWS,
      );
    },
    { limits: { maxGroups: 3 } },
  );
});

test("a body that is no JSON object is refused as a body", async () => {
  await withRecorded(async ({ url }) => {
    const headers = { "Content-Type": "application/json" };
    for (const body of ["where", "[1]"]) {
      const answer = await fetch(`${url}/v1/query`, { method: "POST", body, headers });
      const { error } = (await answer.json()) as { error: { code: string; message: string } };
      assert.is(answer.status, 400);
      assert.is(error.code, "BAD_FRAME");
      assert.is(error.message, `body: expected a JSON object, got ${body}`);
    }
  });
});

test("a body that breaks off is its sender's affair", async () => {
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  await withRecorded(
    async (server) => {
      const head =
        "POST /v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
      for (const rest of [
        "Content-Length: 9\r\n\r\n{",
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
      ]) {
        const socket = connect(server.port, "127.0.0.1");
        socket.on("error", () => undefined);
        await new Promise((resolve) => socket.write(`${head}${rest}`, resolve));
        // Its head has come before its client goes, and its end before the log is read.
        await get(server, "/v1/sources");
        socket.destroy();
        await get(server, "/v1/sources");
      }
    },
    { log },
  );
  assert.equal(lines, []);
});

test.run();
