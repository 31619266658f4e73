/** The history of a followed directory, scanned by threads: the rows that a recorded trace has, then those that come. */

import { appendFileSync, closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { concatMap, from, tap } from "rxjs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readPacketHeader } from "../../src/ctf/packet-header.ts";
import type { DecodedItem } from "../../src/feed/decoded-item.ts";
import { LiveFeed, openFeed } from "../../src/feed/feed.ts";
import { describeLoss } from "../../src/feed/losses.ts";
import { MetadataStage } from "../../src/feed/metadata-stage.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import { startWorkers } from "../../src/query/scan-pool.ts";
import type { SourceItem } from "../../src/source/source.ts";
import { Folders } from "../support/folder.ts";
import { collect, type Result, rowsOf, runSpec, type Spec } from "../support/query.ts";
import { recordedTrace } from "../support/traces.ts";
import {
  Bytes,
  event,
  joined,
  PREAMBLE,
  packet,
  record,
  STREAM,
  traceClassOf,
} from "../support/tsdl.ts";

const test = suite("query/history-threads");
const folders = new Folders();
test.after(() => folders.removeAll());

const THREADS = 2;

/** A query over a directory that is followed until it is deleted, its history scanned by threads. */
function followed(
  directory: string,
  spec: Spec,
  onItem: (item: DecodedItem) => void,
): Promise<Result> {
  const feed = new LiveFeed([`follow:${directory}`], { deferPacketReads: true });
  assert.equal(feed.stored, [directory]);
  const share = feed.share();
  const threads = startWorkers(THREADS);
  const how = { isLive: true, threads, ...spec };
  return collect(runSpec(how, share.items.pipe(tap(onItem)), share.gate));
}

/** Deletes the directory, which ends a query that follows it, when its history has been read. */
function deletingAfter(directory: string): (item: DecodedItem) => void {
  return ({ kind }) => {
    if (kind === "caught-up") rmSync(directory, { recursive: true });
  };
}

/** A loss of a stream that is followed stands where its packet comes: among others', not always where a recorded one stands. */
function losses({ losses: all }: Result): string[] {
  return all.map(describeLoss).sort();
}

const QUERIES: readonly (readonly ["churn" | "lossy", string, Spec])[] = [
  ["churn", "lists and texts", { select: ["timestamp", "procname", "v4addr", "filename"] }],
  ["lossy", "a filter", { filter: compileFilter('ret? < 0 || filename? == "/etc/*"') }],
  ["lossy", "a limit", { limit: 1234 }],
];

for (const [name, what, spec] of QUERIES) {
  test(`${what} of ${name}: the rows and losses of the recorded trace`, async () => {
    const trace = await recordedTrace(name);
    const recorded = await rowsOf(trace.path, spec);
    assert.ok(recorded.rows.length > 5, `${recorded.rows.length} rows`);
    const result = await followed(trace.path, spec, deletingAfter(trace.path));
    assert.equal(result.rows, recorded.rows);
    if (spec.limit === undefined) assert.equal(losses(result), losses(recorded));
    await trace.remove();
  });
}

const A = `${PREAMBLE}${STREAM}${event(0, "a", "u32 x;")}`;
const B = event(1, "b", "u32 x; u32 y;");

/** A packet with one record: `a`, or `b` with a field more. */
function packetOf(name: "a" | "b", n: number): Uint8Array {
  const begin = BigInt(10 * n);
  const payload = new Bytes().u32(n);
  if (name === "b") payload.u32(100 * n);
  const times = { begin, end: begin + 9n, sequenceNumber: BigInt(n) };
  return packet(record(name === "a" ? 0 : 1, begin, payload.take()), times);
}

test("packets of event classes that are declared behind the history wait, and all behind them in their stream", async () => {
  const history = [packetOf("a", 0), packetOf("b", 1), packetOf("a", 2), packetOf("b", 3)];
  const folder = folders.make({ "ust/metadata": A, "ust/channel_0": joined(...history) });
  let isCaughtUp = false;
  const { rows } = await followed(folder, { select: ["event", "x", "y"] }, ({ kind }) => {
    if (kind === "caught-up") {
      isCaughtUp = true;
      appendFileSync(join(folder, "ust/metadata"), B);
      appendFileSync(join(folder, "ust/channel_0"), packetOf("b", 4));
    } else if (kind === "held-packet" && isCaughtUp) rmSync(folder, { recursive: true });
  });
  assert.equal(rows, [
    { event: "a", x: 0, y: null },
    { event: "b", x: 1, y: 100 },
    { event: "a", x: 2, y: null },
    { event: "b", x: 3, y: 300 },
    { event: "b", x: 4, y: 400 },
  ]);
});

test("metadata that grow within the history begin another pool, and give columns their types", async () => {
  const packets = (["a", "a", "b", "a"] as const).map(packetOf);
  const path = join(folders.make({ channel_0: joined(...packets) }), "channel_0");
  const fd = openSync(path, "r");
  let holders = 0;
  const file = { hold: () => holders++, release: () => holders-- };
  const trace = { host: undefined, session: "lab", path: "ust", source: "lab" };
  const stream = { trace, name: "channel_0" };
  const [before, after] = [traceClassOf(A), traceClassOf(`${A}${B}`)];
  let byteOffset = 0;
  const held = packets.map((bytes, n): SourceItem => {
    const header = readPacketHeader(bytes, n < 2 ? before : after);
    const { begin, end } = header;
    const place = { path, fd, byteOffset, bytes: bytes.length, begin, end };
    byteOffset += bytes.length;
    return { kind: "held-packet", stream, packet: place, header, file };
  });
  const metadata = new Uint8Array();
  const items: SourceItem[] = [
    { kind: "trace", trace },
    { kind: "trace-class", trace, traceClass: before, metadata },
    { kind: "stream", stream },
    ...held.slice(0, 2),
    { kind: "trace-class", trace, traceClass: after, metadata },
    ...held.slice(2),
    { kind: "caught-up", source: "lab" },
    { kind: "end", source: "lab" },
  ];
  const stage = new MetadataStage();
  const spec: Spec = { isLive: true, threads: startWorkers(THREADS), select: ["event", "x", "y"] };
  const decoded = from(items).pipe(concatMap((item) => stage.decode(item)));
  const { rows, types, losses: lost } = await collect(runSpec(spec, decoded));
  closeSync(fd);
  assert.equal(
    rows.map(({ event: name, x, y }) => [name, x, y]),
    [
      ["a", 0, null],
      ["a", 1, null],
      ["b", 2, 200],
      ["a", 3, null],
    ],
  );
  assert.is(types["y"]?.kind, "number");
  assert.equal(lost, []);
  assert.is(holders, 0, "holders of the file");
});

test("a file that is moved or deleted before a thread reads it is read all the same", async () => {
  const trace = await recordedTrace("churn");
  const recorded = await rowsOf(trace.path, {});
  let isDeleted = false;
  const { rows } = await followed(trace.path, {}, ({ kind }) => {
    if (kind !== "held-packet" || isDeleted) return;
    isDeleted = true;
    rmSync(trace.path, { recursive: true });
  });
  assert.equal(rows, recorded.rows);
});

test("a packet that is written over before a thread reads it is lost and counted, and gives no row", async () => {
  const packets = Array.from({ length: 8 }, (_, n) => packetOf("a", n));
  const folder = folders.make({ "ust/metadata": A, "ust/channel_0": joined(...packets) });
  const path = join(folder, "ust/channel_0");
  // Behind what a file is known by.
  const byteOffset = 6 * packets[0]!.length;
  const spec: Spec = { select: ["x"] };
  const result = await followed(folder, spec, (item) => {
    if (item.kind === "caught-up") rmSync(folder, { recursive: true });
    if (item.kind !== "held-packet" || item.packet.byteOffset !== byteOffset) return;
    const fd = openSync(path, "r+");
    writeSync(fd, packetOf("a", 106), 0, null, byteOffset);
    closeSync(fd);
  });
  assert.equal(
    result.rows.map(({ x }) => x),
    [0, 1, 2, 3, 4, 5, 7],
  );
  assert.equal(losses(result), [
    `${path}: packet at byte ${byteOffset}: written over before it was read`,
  ]);
});

test("a query that many read packets for itself shares no places in files", () => {
  assert.equal(new LiveFeed(["follow:/x"], {}).stored, []);
  assert.equal(new LiveFeed(["follow:/x"], { deferPacketReads: true, from: "now" }).stored, []);
  assert.equal(new LiveFeed(["follow:/x", "net://h/s"], { deferPacketReads: true }).stored, []);
  assert.equal(openFeed(["/x"], { from: "beginning" }).stored, ["/x"]);
});

test.run();
