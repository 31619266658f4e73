/** A recording whose folder is deleted under it: what was there is counted as lost, and recording goes on in a new one where that can be made. */

import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ColumnBatch } from "../../src/column/column.ts";
import type { Schema } from "../../src/column/schema.ts";
import { FORMAT_DEFAULTS, formatNamed } from "../../src/format/formats.ts";
import { Recorder } from "../../src/record/recorder.ts";
import { type Child, eventually } from "../support/child.ts";
import { Folders } from "../support/folder.ts";
import { run } from "../support/program.ts";
import { tracewire } from "../support/tracewire.ts";
import { Bytes, event, joined, PREAMBLE, packet, record, STREAM } from "../support/tsdl.ts";

const test = suite("record/removed-folder");
const folders = new Folders();
test.after(() => folders.removeAll());

const target = (): string => join(folders.make({}), "recording");

const METADATA = `${PREAMBLE}${STREAM}${event(0, "a", "u32 x;")}`;

/** Packets with one record each, 10 ms apart. */
function packets(from: number, to: number): Uint8Array {
  const each = (n: number): Uint8Array => {
    const begin = 10_000_000n * BigInt(n);
    const times = { begin, end: begin + 9_000_000n, sequenceNumber: BigInt(n) };
    return packet(record(0, begin, new Bytes().u32(n).take()), times);
  };
  return joined(...Array.from({ length: to - from }, (_, i) => each(from + i)));
}

interface Recording {
  readonly child: Child;
  readonly folder: string;
  /** Goes on writing to the trace. */
  write(from: number, to: number): void;
  /** Numbers of the records in all segments. */
  end(): Promise<readonly number[]>;
  /** What reading the segments says. */
  lost(): string;
}

/** A recording of a trace that grows, of which the first packets are in a segment under way. */
async function recording(format: string, ...options: string[]): Promise<Recording> {
  const source = folders.make({ "ust/metadata": METADATA, "ust/channel_0": packets(0, 5) });
  const folder = target();
  const child = tracewire(
    ...["record", source, "--follow", "--to", folder, "--format", format],
    ...["--max-lag", "200ms", ...options],
  );
  const hasBegun = (): boolean => existsSync(folder) && readdirSync(folder).length > 0;
  await eventually("a segment is begun", () => hasBegun() || undefined);
  return {
    child,
    folder,
    write: (from, to) => appendFileSync(join(source, "ust/channel_0"), packets(from, to)),
    async end() {
      child.process.kill("SIGINT");
      await child.end(10_000);
      const { stdout } = run(["tail", folder, "--format", "ndjson", "--quiet"]);
      const lines = stdout.trim().split("\n");
      // Files of rows have payloads as text, with quotes of their own.
      return lines.map((line) => Number(/x\\?":(\d+)/.exec(line)?.[1]));
    },
    lost: () => run(["tail", folder, "--count"]).stderr,
  };
}

for (const format of ["ctf", "arrow", "parquet"]) {
  test(`${format}: a folder that is deleted is made anew, and what was in its segment is counted`, async () => {
    const { child, folder, write, end } = await recording(format);
    await sleep(1000);
    rmSync(folder, { recursive: true });
    write(5, 8);
    await eventually(
      "it goes on",
      () => (existsSync(folder) && readdirSync(folder).length > 0) || undefined,
    );
    await sleep(1000);
    assert.equal(await end(), [5, 6, 7], child.stderr);
    assert.match(
      child.stderr,
      /recording: the segment under way was deleted: 5 (?:event record|row)s were not recorded, from 1000000000000000000 to 1000000000040000000 ns/,
    );
  });

  test(`${format}: a folder that another has made again is gone on in, within the limits of a ring`, async () => {
    const { child, folder, write, end } = await recording(
      ...([format, "--segment-time", "20ms", "--keep", "2"] as const),
    );
    await sleep(1000);
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    writeFileSync(join(folder, "notes.txt"), "mine");
    for (let n = 5; n < 12; n++) write(n, n + 1);
    await sleep(1500);
    const kept = await end();
    assert.equal(kept, [8, 9, 10, 11], child.stderr);
    assert.is(readdirSync(folder).length, 3);
  });
}

/** Segments of four packets, which no silence ends. */
const SLOW = ["--segment-time", "40ms", "--max-lag", "20s"];

/** The sequence numbers that an index has: the last of the nine words of each entry. */
function indexedNumbers(index: Buffer): number[] {
  const [headBytes, entryBytes] = [16, 72];
  const entries = (index.length - headBytes) / entryBytes;
  return Array.from({ length: entries }, (_, i) =>
    Number(index.readBigUInt64BE(headBytes + (i + 1) * entryBytes - 8)),
  );
}

test("ctf: a folder of a segment that is deleted is a hole in the packets' numbers", async () => {
  const { child, folder, write, end } = await recording("ctf", ...SLOW);
  write(5, 6);
  await eventually("a segment is whole", () => readdirSync(folder).length > 1 || undefined);
  const part = readdirSync(folder).find((name) => name.startsWith("."))!;
  await sleep(500);
  rmSync(join(folder, part), { recursive: true });
  write(6, 8);
  await sleep(1000);
  // The last packet of a stream waits until it is known that none goes before its end.
  assert.equal(await end(), [0, 1, 2, 3, 5, 6, 7], child.stderr);
  const numbers = readdirSync(folder).flatMap((name) =>
    indexedNumbers(readFileSync(join(folder, name, "ust/index/channel_0.idx"))),
  );
  assert.equal(numbers, [0, 1, 2, 3, 5, 6, 7]);
});

test("arrow: the next file says how many rows were in one that was deleted", async () => {
  const { child, folder, write, end, lost } = await recording("arrow", ...SLOW);
  write(5, 6);
  await eventually("a segment is whole", () => readdirSync(folder).length > 1 || undefined);
  const part = readdirSync(folder).find((name) => name.startsWith("."))!;
  await sleep(500);
  rmSync(join(folder, part));
  write(6, 8);
  await sleep(1000);
  assert.equal(await end(), [0, 1, 2, 3, 6, 7], child.stderr);
  assert.match(lost(), /2 events/);
});

const SCHEMA: Schema = [
  {
    name: "timestamp",
    type: { kind: "timestamp" },
    nullable: false,
    request: { kind: "timestamp" },
  },
];

/** One row. */
function rowAt(ns: bigint): ColumnBatch {
  const timestamps = BigInt64Array.of(ns);
  const times = { kind: "number", values: timestamps, validity: undefined, nullCount: 0 } as const;
  return { rows: 1, timestamps, columns: [times] };
}

test("it is said once that there is no folder, and once what was lost in that time", async () => {
  const parent = join(folders.make({}), "disk");
  mkdirSync(parent);
  const folder = join(parent, "recording");
  const open = await formatNamed("ndjson").load();
  const notes: string[] = [];
  let lost = 0;
  const recorder = new Recorder(
    {
      folder,
      extension: "ndjson",
      open: () => open(FORMAT_DEFAULTS),
      segmentBytes: 1 << 20,
      segmentNs: 1000n,
      maxBytes: undefined,
      maxSegments: undefined,
    },
    { note: (text) => notes.push(text), lost: (rows) => (lost += rows) },
  );
  recorder.columns(SCHEMA);
  recorder.batch(rowAt(1n), new Map());
  recorder.batch(rowAt(1001n), new Map());
  // Without the folder around it, it cannot be made anew.
  rmSync(parent, { recursive: true });
  for (let ns = 2001n; ns < 5000n; ns += 1000n) {
    recorder.batch(rowAt(ns), new Map());
    await sleep(1100);
  }
  mkdirSync(parent);
  recorder.batch(rowAt(6001n), new Map());
  recorder.end();
  assert.equal([lost, notes.length], [4, 3], notes.join("\n"));
  assert.match(notes[0]!, /the segment under way was deleted: 1 row was not recorded/);
  assert.match(notes[1]!, /ENOENT/);
  assert.match(notes[2]!, /^3 rows were not recorded, from 2001 to 4001 ns$/);
  assert.equal(
    readdirSync(folder).map((name) => name.split("-").slice(1).join()),
    ["6001,6001.ndjson"],
  );
});

test.run();
