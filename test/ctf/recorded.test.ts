/** Recorded traces as a source: what lies outside the time range is not read, and nothing else changes. */

import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  openRecorded,
  type RecordedItem,
  type RecordedOptions,
  readRecorded,
} from "../../src/ctf/recorded.ts";
import { type FeedSubscription, openFeed } from "../../src/feed/feed.ts";
import { parseTimeBound } from "../../src/source/time-bound.ts";
import { runSpec } from "../support/query.ts";
import { recordedTrace } from "../support/traces.ts";
import { Bytes, event, joined, PREAMBLE, packet, record, STREAM } from "../support/tsdl.ts";

// Times of day are local.
process.env["TZ"] = "UTC";

const test = suite("ctf/recorded");

const folders: string[] = [];
test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const NS_PER_DAY = 86_400_000_000_000n;
/** The clock of `PREAMBLE` begins at 01:46:40. */
const ORIGIN = 1_000_000_000_000_000_000n;

/** A trace of one stream and one packet a day, with one event at its beginning; each packet lasts a minute. */
function dailyTrace(days: number): { path: string; packetBytes: number } {
  const path = mkdtempSync(join(tmpdir(), "tracewire-daily-"));
  folders.push(path);
  writeFileSync(join(path, "metadata"), PREAMBLE + STREAM + event(1, "tick", "u32 n;"));
  const packets = Array.from({ length: days }, (_, day) => {
    const begin = BigInt(day) * NS_PER_DAY;
    const fields = { begin, end: begin + 60_000_000_000n, sequenceNumber: BigInt(day) };
    return packet(record(1, begin, new Bytes().u32(day).take()), fields);
  });
  writeFileSync(join(path, "stream_0"), joined(...packets));
  return { path, packetBytes: packets[0]!.length };
}

async function read(path: string, options: RecordedOptions): Promise<RecordedItem[]> {
  const items: RecordedItem[] = [];
  for await (const item of readRecorded([path], options)) items.push(item);
  return items;
}

const packetsOf = (items: readonly RecordedItem[]): number =>
  items.filter(({ kind }) => kind === "packet").length;

interface Bounds {
  readonly begin?: string;
  readonly end?: string;
}

/** Rows and losses within bounds, and the bytes that were read for them. */
function count(
  path: string,
  bounds: Bounds,
  skips = true,
): Promise<{ rows: number; losses: number; readBytes: number }> {
  const begin = bounds.begin === undefined ? undefined : parseTimeBound(bounds.begin);
  const end = bounds.end === undefined ? undefined : parseTimeBound(bounds.end);
  let [rows, losses, readBytes] = [0, 0, 0];
  const onProgress = (done: number): void => {
    readBytes = done;
  };
  const feed = openFeed([path], { from: "beginning" });
  const share: FeedSubscription = feed.share(skips ? { begin, end, onProgress } : { onProgress });
  return new Promise((resolve, reject) => {
    runSpec({ select: [], order: "none", begin, end }, share.items).subscribe({
      next: (item) => {
        if (item.kind === "batch") rows += item.batch.rows;
        else if (item.kind === "loss") losses++;
      },
      error: reject,
      complete: () => resolve({ rows, losses, readBytes }),
    });
  });
}

test("leaves out packets that end before the range or begin after it", async () => {
  const { path, packetBytes } = dailyTrace(10);
  const begin = ORIGIN + 2n * NS_PER_DAY;
  const progress: [number, number][] = [];
  const items = await read(path, {
    rangeFrom: (firstNs) => {
      assert.is(firstNs, ORIGIN);
      return { begin, end: begin + 3n * NS_PER_DAY };
    },
    onProgress: (done, total) => progress.push([done, total]),
  });
  assert.is(packetsOf(items), 4);
  assert.equal(
    progress,
    [1, 2, 3, 4].map((n) => [n * packetBytes, 4 * packetBytes]),
  );
  // It says when the trace begins, then how far it is, and that the stream has ended.
  const times = (kind: RecordedItem["kind"]): bigint[] =>
    items.flatMap((item) => (item.kind === kind && "ns" in item ? [item.ns - ORIGIN] : []));
  assert.equal(times("begin"), [0n]);
  assert.equal(
    times("bound"),
    [2n, 3n, 4n, 5n].map((day) => day * NS_PER_DAY),
  );
  assert.is(items.filter(({ kind }) => kind === "stream-end").length, 1);
  // Both ends belong to the range.
  const edge = begin + 60_000_000_000n;
  assert.is(packetsOf(await read(path, { rangeFrom: () => ({ begin: edge, end: edge }) })), 1);
  const after = edge + 1n;
  assert.is(packetsOf(await read(path, { rangeFrom: () => ({ begin: after, end: after }) })), 0);
});

test("a time of day is one of the trace's first day, though that day's packets are left out", async () => {
  const { path, packetBytes } = dailyTrace(4);
  const cases: readonly (readonly [Bounds, number])[] = [
    [{ begin: "12:00:00" }, 3],
    [{ begin: "01:50:00" }, 3],
    [{ end: "12:00:00" }, 1],
    [{ begin: "12:00:00", end: "23:59:59" }, 0],
    [{ begin: "2001-09-10 12:00:00", end: "2001-09-11 12:00:00" }, 1],
  ];
  for (const [bounds, packets] of cases) {
    const got = await count(path, bounds);
    assert.equal(got, { rows: packets, losses: 0, readBytes: packets * packetBytes });
  }
});

test("packets without times are never left out", async () => {
  const path = mkdtempSync(join(tmpdir(), "tracewire-timeless-"));
  folders.push(path);
  const stream = "stream { id = 0; event.header := struct { u16 id; }; };\n";
  writeFileSync(join(path, "metadata"), PREAMBLE + stream + event(1, "tick", "u32 n;"));
  const bytes = new Bytes().u32(0xc1fc1fc1).u32(0).u16(1).u32(7).take();
  writeFileSync(join(path, "stream_0"), bytes);
  const range = { begin: ORIGIN, end: ORIGIN };
  const items = await read(path, {
    rangeFrom: (firstNs) => {
      assert.is(firstNs, undefined);
      return range;
    },
  });
  assert.is(packetsOf(items), 1);
});

const RANGES: readonly Bounds[] = [
  { begin: "08:55:46", end: "08:55:46.5" },
  { begin: "2026-11-22 08:55:47.123456789" },
  { end: "1795337746.75" },
  { begin: "09:00:00" },
  { end: "08:00:00" },
];

test("gives the rows of a real trace as if every packet had been read", async () => {
  const trace = await recordedTrace("small");
  try {
    for (const bounds of RANGES) {
      const skipping = await count(trace.path, bounds);
      const reading = await count(trace.path, bounds, false);
      assert.is(skipping.rows, reading.rows);
      assert.ok(skipping.readBytes < reading.readBytes, JSON.stringify(bounds));
    }
  } finally {
    await trace.remove();
  }
});

test("does not rely on an index that is wrong about the first packet", async () => {
  const { path } = dailyTrace(3);
  mkdirSync(join(path, "index"));
  const { length } = readFileSync(join(path, "stream_0"));
  const bytes = Buffer.alloc(16 + 3 * 56);
  bytes.writeUInt32BE(0xc1f1dcc1, 0);
  bytes.writeUInt32BE(1, 4);
  bytes.writeUInt32BE(56, 12);
  const writeEntries = (timeShift: bigint): void => {
    for (let i = 0; i < 3; i++) {
      const at = 16 + 56 * i;
      const begin = BigInt(i) * NS_PER_DAY + timeShift;
      bytes.writeBigUInt64BE(BigInt((length / 3) * i), at);
      bytes.writeBigUInt64BE(BigInt((length / 3) * 8), at + 8);
      bytes.writeBigUInt64BE(begin, at + 24);
      bytes.writeBigUInt64BE(begin + 60_000_000_000n, at + 32);
    }
    writeFileSync(join(path, "index/stream_0.idx"), bytes);
  };
  for (const shift of [0n, NS_PER_DAY]) {
    writeEntries(shift);
    assert.is((await count(path, { end: "12:00:00" })).rows, 1);
  }
});

test("closes its files, wherever it is left", async () => {
  const { path } = dailyTrace(10);
  const open = (): number => readdirSync("/proc/self/fd").length;
  const before = open();
  for await (const item of readRecorded([path])) if (item.kind === "packet") break;
  assert.is(open(), before);
});

test("a rotation that moves a folder while it is opened takes nothing away", async () => {
  const { path } = dailyTrace(30);
  const root = mkdtempSync(join(tmpdir(), "tracewire-rotated-"));
  folders.push(root);
  const [current, archived] = [join(root, "current"), join(root, "archives")];
  mkdirSync(archived);
  cpSync(path, current, { recursive: true });
  for (let round = 0; round < 40; round++) {
    const opening = openRecorded([root]);
    // At another step of the opening each time.
    for (let turn = 0; turn < round; turn++) await new Promise((resolve) => setImmediate(resolve));
    renameSync(current, join(archived, "0"));
    const { opened, failures } = await opening;
    assert.equal(failures, []);
    const packets = opened.flatMap(({ streams }) => streams.flatMap((stream) => stream.packets));
    assert.is(packets.length, 30, `moved after ${round} turns`);
    renameSync(join(archived, "0"), current);
  }
});

test("relative times count from the first event, however long before it buffers were opened", async () => {
  const path = mkdtempSync(join(tmpdir(), "tracewire-opened-"));
  folders.push(path);
  writeFileSync(join(path, "metadata"), PREAMBLE + STREAM + event(1, "tick", "u32 n;"));
  const second = 1_000_000_000n;
  const stream = (openedAt: bigint, ...seconds: readonly bigint[]): Uint8Array => {
    const records = seconds.map((at, i) => record(1, at * second, new Bytes().u32(i).take()));
    const fields = { begin: openedAt * second, end: 100n * second, sequenceNumber: 0n };
    return packet(joined(...records), fields);
  };
  writeFileSync(join(path, "stream_0"), stream(0n, 30n, 40n));
  writeFileSync(join(path, "stream_1"), stream(10n, 20n, 21n, 22n, 24n));
  writeFileSync(join(path, "stream_2"), stream(5n));
  const rows = async (bounds: Bounds): Promise<number> => (await count(path, bounds)).rows;
  assert.is(await rows({ begin: "+0s" }), 6);
  assert.is(await rows({ end: "+2s" }), 3);
  assert.is(await rows({ begin: "+1s", end: "+3s" }), 2);
  assert.is(await rows({ begin: "+15s" }), 1);
  assert.is(await rows({ begin: "-70s" }), 2);
});

test.run();
