/** Live columns that nothing declares when the query begins: nulls until a class has their field, then of its type. */

import { from, Observable } from "rxjs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Item, StreamOrigin } from "../../src/base/item.ts";
import type { DecodedItem } from "../../src/feed/decoded-item.ts";
import { MetadataStage } from "../../src/feed/metadata-stage.ts";
import { ipcWriter } from "../../src/format/arrow/ipc-writer.ts";
import type { BatchWriter } from "../../src/format/batch-writer.ts";
import { csvWriter } from "../../src/format/csv.ts";
import { ndjsonWriter } from "../../src/format/ndjson.ts";
import type { ResultItem } from "../../src/query/result.ts";
import { settled } from "../../src/query/settled.ts";
import { cell, collect, type Row, runSpec, type Spec } from "../support/query.ts";
import { freshSeed, seededRandom } from "../support/splits.ts";
import { Bytes, event, joined, PREAMBLE, packet, record, STREAM } from "../support/tsdl.ts";

const test = suite("query/late-columns");

const trace = { host: "web1", session: "auto", path: "ust/uid/0/64-bit", source: "net://web1" };
const [first, second]: readonly StreamOrigin[] = ["channel_0", "channel_1"].map((name) => ({
  trace,
  name,
}));

const metadata = (text: string): Item => ({
  kind: "metadata",
  trace,
  bytes: new TextEncoder().encode(text),
});
const packetOf = (stream: StreamOrigin | undefined, ...records: [bigint, Uint8Array][]): Item => {
  const times = records.map(([time]) => time);
  const bytes = packet(joined(...records.map(([, bytes]) => bytes)), {
    begin: times[0]!,
    end: times.at(-1)!,
  });
  return { kind: "packet", stream: stream!, bytes };
};
const early = (time: bigint): [bigint, Uint8Array] => [
  time,
  record(0, time, new Bytes().u8(Number(time)).take()),
];
const late = (time: bigint, value: number, text: string): [bigint, Uint8Array] => [
  time,
  record(1, time, new Bytes().u32(value).text(text).u8(0).take()),
];

const BEGIN: readonly Item[] = [
  { kind: "trace", trace },
  metadata(`${PREAMBLE}${STREAM}${event(0, "app:early", "u8 _x;")}`),
  { kind: "stream", stream: first! },
  { kind: "stream", stream: second! },
];
const DECLARATION = metadata(event(1, "app:late", "u32 _value; string _path;"));
const ITEMS: readonly Item[] = [
  ...BEGIN,
  packetOf(first, early(1n), early(2n), early(5n)),
  packetOf(second, early(3n)),
  DECLARATION,
  packetOf(second, late(4n, 4_000_000_000, "/etc"), late(6n, 6, "")),
  packetOf(first, early(7n), late(8n, 8, "/usr")),
];

function decoded(items: readonly Item[]): Observable<DecodedItem> {
  const catalog = new MetadataStage();
  return from(items.flatMap((item) => [...catalog.decode(item)]));
}

function results(spec: Spec, items = ITEMS): Observable<ResultItem> {
  return runSpec({ isLive: true, ...spec }, decoded(items));
}

/** Everything that a query gives, columns by their types. */
async function storyOf(items: Observable<ResultItem>): Promise<unknown[]> {
  const story: unknown[] = [];
  await items.forEach((item) => {
    if (item.kind === "columns")
      story.push(
        item.columns.map(({ type }) => (type.kind === "number" ? type.number : type.kind)),
      );
    else if (item.kind === "note") story.push(item.text);
    else if (item.kind === "batch")
      for (let row = 0; row < item.batch.rows; row++)
        story.push(item.batch.columns.map((column) => cell(column, row)));
  });
  return story;
}

const SELECT = ["x", "value", "path"];

for (const engine of ["kernel", "interpreter"] as const) {
  test(`a column gets the type of the first class that has its field, in the order of time: ${engine}`, async () => {
    const story = await storyOf(results({ select: SELECT, engine }));
    assert.match(
      String(story[0]),
      /^select: expected a field .*, got value.*nothing has it so far/,
    );
    assert.equal(story.slice(1), [
      ["uint8", "uint32", "utf8"],
      [1, null, null],
      [2, null, null],
      [3, null, null],
      [null, 4_000_000_000, "/etc"],
      [5, null, null],
      [null, 6, ""],
      [7, null, null],
      [null, 8, "/usr"],
    ]);
  });

  test(`rows that leave before the declaration have nulls, and the change is announced: ${engine}`, async () => {
    const story = await storyOf(results({ select: SELECT, engine, flushOnWatermark: true }));
    assert.equal(story.slice(1), [
      ["uint8", "null", "null"],
      [1, null, null],
      [2, null, null],
      ["uint8", "uint32", "utf8"],
      "column value is declared: uint32 from here on",
      "column path is declared: utf8 from here on",
      [3, null, null],
      [null, 4_000_000_000, "/etc"],
      [5, null, null],
      [null, 6, ""],
      [7, null, null],
      [null, 8, "/usr"],
    ]);
  });

  test(`a packet that waits for its class gives the column's first value: ${engine}`, async () => {
    const waits = packetOf(second, early(3n), late(4n, 44, "/tmp"));
    const items = [...BEGIN, packetOf(first, early(1n), early(9n)), waits, DECLARATION];
    const { rows, losses } = await collect(results({ select: SELECT, engine }, items));
    assert.equal(losses, []);
    assert.equal(
      rows.map(({ value }) => value),
      [null, null, 44, null],
    );
  });

  test(`a limit counts rows of both layouts: ${engine}`, async () => {
    for (let limit = 1; limit <= 8; limit++) {
      const { rows } = await collect(results({ select: SELECT, engine, limit }));
      assert.is(rows.length, limit);
    }
  });

  test(`a declared type holds from the first row on: ${engine}`, async () => {
    const select = ["value:float64", "path:text", "never:int16", "x:text"];
    const story = await storyOf(results({ select, engine, order: "none" }));
    const rows = story.filter((one) => Array.isArray(one));
    assert.equal(rows.slice(0, 2), [
      ["float64", "utf8", "int16", "utf8"],
      [null, null, null, "1"],
    ]);
    assert.equal(rows.at(-1), [8, "/usr", null, null]);
    assert.is(rows.length, 9);
  });
}

const flat = (_: string, value: unknown): unknown =>
  typeof value === "bigint" ? String(value) : value;
const TYPES: readonly (readonly [string, number])[] = [
  ["u8", 1],
  ["u16", 2],
  ["u32", 4],
  ["i32", 4],
];

test("kernel and interpreter agree wherever declarations stand among the packets", async () => {
  const random = seededRandom(freshSeed());
  const fields = ["a", "b", "c", "d"];
  for (let round = 0; round < 60; round++) {
    const items: Item[] = [...BEGIN];
    // No two events are of one time.
    const clocks = new Map([first!, second!].map((stream, i) => [stream, BigInt(i)]));
    const waiting = [...fields];
    const sizes: number[] = [1];
    for (let step = 0; step < 30; step++) {
      if (waiting.length > 0 && random() < 0.2) {
        const id = 1 + fields.length - waiting.length;
        const [type, size] = TYPES[Math.floor(random() * TYPES.length)]!;
        items.push(metadata(event(id, `app:${id}`, `${type} _${waiting.shift()};`)));
        sizes.push(size);
      }
      const stream = random() < 0.5 ? first! : second!;
      const records: [bigint, Uint8Array][] = [];
      let time = clocks.get(stream)!;
      for (let i = 0; i < 1 + random() * 4; i++) {
        time += 2n * BigInt(1 + Math.floor(random() * 5));
        const id = Math.floor(random() * sizes.length);
        records.push([time, record(id, time, new Uint8Array(sizes[id]!).fill(id))]);
      }
      clocks.set(stream, time);
      items.push(packetOf(stream, ...records));
    }
    const order = random() < 0.5 ? "time" : "none";
    const [compiled, interpreted] = await Promise.all(
      (["kernel", "interpreter"] as const).map((engine) =>
        collect(results({ select: ["timestamp", "event", "x", ...fields], engine, order }, items)),
      ),
    );
    const differing = compiled!.rows.findIndex(
      (row, i) => JSON.stringify(row, flat) !== JSON.stringify(interpreted!.rows[i], flat),
    );
    assert.is(
      differing,
      -1,
      `round ${round} ${order}: ${JSON.stringify(compiled!.rows.slice(differing - 2, differing + 3), flat)} ${JSON.stringify(interpreted!.rows.slice(differing - 2, differing + 3), flat)}`,
    );
    assert.equal(compiled?.types, interpreted?.types);
  }
});

/** The bytes of a query in a format, as one text or as many. */
async function written(
  writer: BatchWriter<Uint8Array>,
  items: Observable<ResultItem>,
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let hasBegun = false;
  await items.forEach((item) => {
    if (item.kind === "columns")
      parts.push((hasBegun ? writer.change(item.columns) : writer.begin(item.columns)).slice());
    if (item.kind === "columns") hasBegun = true;
    if (item.kind === "batch") parts.push(writer.batch(item.batch).slice());
  });
  parts.push(writer.end());
  return Buffer.concat(parts);
}

test("NDJSON and CSV go on through the change", async () => {
  const select = ["event", "value"];
  const lines = await written(ndjsonWriter(), results({ select, flushOnWatermark: true }));
  assert.equal(lines.toString().trim().split("\n").slice(2, 5), [
    '{"event":"app:early"}',
    '{"event":"app:late","value":4000000000}',
    '{"event":"app:early"}',
  ]);
  const csv = await written(csvWriter(), results({ select, flushOnWatermark: true }));
  assert.equal(csv.toString().split("\n").slice(0, 2), ["event,value", "app:early,"]);
  assert.match(csv.toString(), /^app:late,4000000000$/m);
});

test("an Arrow stream waits for the type", async () => {
  const { tableFromIPC } = await import("apache-arrow");
  const writer = ipcWriter({ dictionaries: "plain", framing: "stream" });
  const items = settled(results({ select: ["event", "value"], flushOnWatermark: true }), 60_000);
  const table = tableFromIPC(await written(writer, items));
  assert.is(String(table.schema.fields[1]?.type), "Uint32");
  assert.equal(
    table.toArray().map((row: Row) => row["value"]),
    [null, null, null, 4_000_000_000, null, 6, null, 8],
  );
});

test("after that one IPC stream follows the other, and nothing is lost", async () => {
  const { RecordBatchReader, Table } = await import("apache-arrow");
  const writer = ipcWriter({ dictionaries: "plain", framing: "stream" });
  const bytes = await written(
    writer,
    results({ select: ["event", "value"], flushOnWatermark: true }),
  );
  const streams: [string, unknown[]][] = [];
  for (const reader of RecordBatchReader.readAll(bytes)) {
    const table = new Table([...(await reader)]);
    streams.push([
      String(table.schema.fields[1]?.type),
      table.toArray().map((row: Row) => row["value"]),
    ]);
  }
  assert.equal(streams, [
    ["Null", [null, null]],
    ["Uint32", [null, 4_000_000_000, null, 6, null, 8]],
  ]);
});

test("rows that wait for a type leave after the given time", async () => {
  const batches = await storyOf(
    settled(
      new Observable<ResultItem>((subscriber) => {
        results({ select: ["value"], order: "none" }, ITEMS.slice(0, 6)).subscribe({
          next: (item) => subscriber.next(item),
        });
        const ending = setTimeout(() => subscriber.complete(), 200);
        return () => clearTimeout(ending);
      }),
      20,
    ),
  );
  assert.equal(batches.slice(1), [["null"], [null], [null], [null], [null]]);
});

test.run();
