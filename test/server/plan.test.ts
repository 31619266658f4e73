/** Ranges of recorded sources: together they give what the whole gives, and how far a source goes is known. */

import { readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { instant } from "../../src/ctf/clock.ts";
import { openRecorded } from "../../src/ctf/recorded.ts";
import type { Partition, SourceWatermark } from "../../src/server/engine/plan.ts";
import { type RunningServer, serve } from "../../src/server/server.ts";
import { filesBelow } from "../../src/source/files-below.ts";
import { recordedTrace } from "../support/traces.ts";
import { Client, get, SMALL_ROWS, table, withLive, withRecorded } from "./lab.ts";

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

test("keeps within times as queries take them", async () => {
  await withRecorded(async (server) => {
    for (const range of ["begin=%2B200ms", "end=-300ms", "begin=%2B100ms&end=-300ms"]) {
      const whole = table(await get(server, `/v1/query?select=timestamp&${range}`)).numRows;
      assert.ok(whole > 0 && whole < SMALL_ROWS, `${whole} rows of ${range}`);
      let rows = 0;
      const parts = await partitions(server, `bytes=65536&${range}`);
      for (const part of parts) rows += await rowsOf(server, part);
      assert.is(rows, whole, `${parts.length} parts of ${range}`);
    }
  });
});

test("refuses what is no time, and live sources", async () => {
  await withRecorded(async (server) => {
    for (const search of [
      "begin_ns=soon",
      "begin=soon",
      "begin=now&begin_ns=1",
      "end_ns=99999999999999999999",
      "bytes=-1",
      "x=1",
    ])
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

test("a range whose packets were deleted since it was planned is gone", async () => {
  await withRecorded(async (server, directory) => {
    const parts = await partitions(server, "bytes=300000");
    const asked = ({ begin_ns, end_ns, packets }: Partition): string =>
      `/v1/query?select=timestamp&begin_ns=${begin_ns ?? ""}&end_ns=${end_ns ?? ""}&packets=${packets}`;
    let rows = 0;
    for (const one of parts) rows += table(await get(server, asked(one))).numRows;
    assert.is(rows, SMALL_ROWS);
    for (const { path } of filesBelow(directory)) if (/_1(\.idx)?$/.test(path)) rmSync(path);
    const replies = await Promise.all(parts.map((one) => get(server, asked(one))));
    const gone = replies.filter(({ status }) => status === 410);
    assert.ok(gone.length > 0);
    const { code, message } = JSON.parse(gone[0]!.body.toString()).error;
    assert.is(code, "RANGE_GONE");
    assert.match(message, /expected \d+ packets from .* to .*, got \d+: the others were deleted/);
  });
});

test("the watermark says before when packets were deleted", async () => {
  await withRecorded(async (server, directory) => {
    assert.is((await watermark(server)).gone_ns, null);
    const { opened } = await openRecorded([directory]);
    const stream = opened
      .flatMap(({ streams }) => streams)
      .find(({ packets }) => packets.length > 1)!;
    const [first, second] = stream.packets;
    writeFileSync(first!.path, readFileSync(first!.path).subarray(first!.bytes));
    rmSync(join(dirname(first!.path), "index"), { recursive: true, force: true });
    const gone = (await watermark(server)).gone_ns;
    assert.is(gone, String(instant(stream.streamClass.clock, second!.begin)));
  });
});

test("a range that a live source has given already is gone, and one that is to come is not", async () => {
  await withLive(async (server) => {
    const first = table(await get(server, "/v1/query?select=timestamp&limit=5"));
    const ns = first.getChild("timestamp")!.get(0) as unknown;
    const past = await get(server, "/v1/query?select=timestamp&begin_ns=1&end_ns=1000&duration=1s");
    assert.is(past.status, 410, `${past.body} ${ns}`);
    assert.is(JSON.parse(past.body.toString()).error.code, "RANGE_GONE");
    const planned = await get(server, "/v1/query?packets=3");
    assert.is(planned.status, 400);
    assert.is(JSON.parse(planned.body.toString()).error.code, "NOT_RECORDED");
    const soon = BigInt(Date.now() + 3_600_000) * 1_000_000n;
    const future = `/v1/query?select=timestamp&begin_ns=${soon}&end_ns=${soon + 1n}&duration=200ms`;
    assert.is((await get(server, future)).status, 200);
  });
});

test("losses of ranges are those of the whole, each once", async () => {
  const trace = await recordedTrace("lossy");
  const server = await serve([trace.path], { port: 0 });
  try {
    type Report = { readonly kind: string; readonly count: number; readonly end_ns: string };
    const of = async (search: string): Promise<readonly Report[]> =>
      (await json<{ losses: Report[] }>(server, `/v1/losses?${search}`)).losses;
    const whole = await of("");
    const status = (await Client.ask(server, { select: "timestamp", credit: 1_000_000 })).last();
    const { lost_events, lost_packets } = (await status) as unknown as Record<string, number>;
    const sum = (kind: string): number =>
      whole.filter((one) => one.kind === kind).reduce((all, { count }) => all + count, 0);
    assert.equal([sum("discarded-events"), sum("missing-packets")], [lost_events, lost_packets]);
    assert.ok(whole.length > 1);
    const parts = await partitions(server, "bytes=65536");
    assert.ok(parts.length > 3);
    const found: Report[] = [];
    for (const { begin_ns, end_ns } of parts)
      found.push(...(await of(`begin_ns=${begin_ns ?? ""}&end_ns=${end_ns ?? ""}`)));
    const text = (all: readonly Report[]): string[] => all.map((one) => JSON.stringify(one)).sort();
    assert.equal(text(found), text(whole));
  } finally {
    await server.close();
    await trace.remove();
  }
});

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
