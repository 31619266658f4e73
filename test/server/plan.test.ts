/** Ranges of recorded sources: together they give what the whole gives, and how far a source goes is known. */

import { utimesSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Partition, SourceWatermark } from "../../src/server/engine/plan.ts";
import type { RunningServer } from "../../src/server/server.ts";
import { filesBelow } from "../../src/source/files-below.ts";
import { get, SMALL_ROWS, table, withLive, withRecorded } from "./lab.ts";

const test = suite("server/plan");

async function json<T>(server: RunningServer, path: string): Promise<T> {
  const { status, body } = await get(server, path);
  assert.is(status, 200, body.toString());
  return JSON.parse(body.toString()) as T;
}

const partitions = async (server: RunningServer, search: string): Promise<readonly Partition[]> =>
  (await json<{ partitions: Partition[] }>(server, `/v1/plan?${search}`)).partitions;

const watermark = async (server: RunningServer): Promise<SourceWatermark> =>
  (await json<{ sources: SourceWatermark[] }>(server, "/v1/watermark")).sources[0]!;

async function rowsOf(server: RunningServer, { begin_ns, end_ns }: Partition): Promise<number> {
  const query = `/v1/query?select=timestamp&begin_ns=${begin_ns ?? ""}&end_ns=${end_ns ?? ""}`;
  return table(await get(server, query)).numRows;
}

test("cuts a source into ranges of which every event is in exactly one", async () => {
  await withRecorded(async (server) => {
    for (const bytes of [65_536, 300_000, 1_000_000_000]) {
      const parts = await partitions(server, `bytes=${bytes}`);
      assert.is(parts[0]!.begin_ns, null);
      assert.is(parts.at(-1)!.end_ns, null);
      let rows = 0;
      for (const [i, part] of parts.entries()) {
        if (i > 0) assert.is(part.begin_ns, parts[i - 1]!.end_ns);
        assert.ok(part.packets === 1 || part.bytes <= bytes);
        rows += await rowsOf(server, part);
      }
      assert.is(rows, SMALL_ROWS, `${parts.length} parts of ${bytes} bytes`);
    }
  });
});

test("keeps within a range that is asked for", async () => {
  await withRecorded(async (server) => {
    const [first, , third] = await partitions(server, "bytes=65536");
    const [begin, end] = [first!.end_ns!, third!.end_ns!];
    const parts = await partitions(server, `bytes=1000000000&begin_ns=${begin}&end_ns=${end}`);
    assert.equal(
      parts.map(({ begin_ns, end_ns }) => [begin_ns, end_ns]),
      [[begin, end]],
    );
    assert.equal(await partitions(server, `begin_ns=${end}&end_ns=${begin}`), []);
  });
});

test("refuses what is no time, and live sources", async () => {
  await withRecorded(async (server) => {
    for (const search of ["begin_ns=soon", "end_ns=99999999999999999999", "bytes=-1", "x=1"])
      assert.is((await get(server, `/v1/plan?${search}`)).status, 400, search);
  });
  await withLive(async (server) => {
    const { status, body } = await get(server, "/v1/plan");
    assert.is(status, 400);
    assert.is(JSON.parse(body.toString()).error.code, "NOT_RECORDED");
    assert.is((await watermark(server)).complete_ns, null);
  });
});

test("a stream that is still written to holds the watermark up, and one that is silent does not", async () => {
  await withRecorded(async (server, directory) => {
    const files = [...filesBelow(directory)].map(({ path }) => path);
    for (const path of files) utimesSync(path, 1, 1);
    const whole = BigInt((await watermark(server)).complete_ns!);
    assert.is(await rowsOf(server, part(undefined, whole)), SMALL_ROWS);
    const now = Date.now() / 1000;
    for (const path of files) utimesSync(path, now, now);
    const growing = await watermark(server);
    assert.ok(BigInt(growing.complete_ns!) < whole);
    assert.ok(BigInt(growing.oldest_ns!) < BigInt(growing.complete_ns!));
  });
});

function part(begin: bigint | undefined, end: bigint): Partition {
  const begin_ns = begin === undefined ? null : String(begin);
  return { source: "", begin_ns, end_ns: String(end), bytes: 0, packets: 0 };
}

test("explains filters and queries in the server's words", async () => {
  await withRecorded(async (server) => {
    const explained = async (q: string): Promise<string> =>
      (await json<{ text: string }>(server, `/v1/explain?q=${encodeURIComponent(q)}`)).text;
    assert.match(await explained("ret < 0"), /Bytecode[\s\S]*Coverage/);
    assert.match(await explained("ret < 0 |> count() by event"), /aggregate count\(\) by event/);
    assert.is((await get(server, "/v1/explain?q=ret%20%3C")).status, 400);
  });
});

test.run();
