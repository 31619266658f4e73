/** Recordings of rows on a disk that takes no more: what is whole stays, the rest is counted, and it goes on when there is room. */

import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ipcWriter } from "../../src/format/arrow/ipc-writer.ts";
import { parquetWriter } from "../../src/format/parquet/parquet-writer.ts";
import { Recorder } from "../../src/record/recorder.ts";
import { segmentPaths } from "../../src/segments/find.ts";
import { readSegments } from "../../src/segments/read.ts";
import { batchOf, number, planned, timestamp } from "../format/columns.ts";
import { Folders } from "../support/folder.ts";
import { needs } from "../support/needs.ts";
import { sequence } from "../support/random.ts";

const plainTest = suite("record/parquet");
const test = needs(plainTest, ["prlimit"]);
const folders = new Folders();
plainTest.after(() => {
  limit("unlimited");
  folders.removeAll();
});

/** Files of this process may have so many bytes: beyond, a write fails as on a disk that is full. */
function limit(bytes: number | "unlimited"): void {
  const { status, stderr } = spawnSync(
    "prlimit",
    ["--pid", String(process.pid), `--fsize=${bytes}:`],
    { encoding: "utf8" },
  );
  assert.is(status, 0, stderr);
}

const BATCH_ROWS = 8192;
/** A row group of 2^17 rows of these has about a megabyte. */
const GROUP_BATCHES = 16;

const WRITERS = {
  parquet: () => parquetWriter(),
  arrow: () => ipcWriter({ dictionaries: "plain", framing: "stream" }),
};

class Lab {
  readonly folder: string = join(folders.make({}), "recording");
  lost = 0;
  readonly notes: string[] = [];
  readonly recorder: Recorder;
  rows = 0;
  readonly #next = sequence(7);

  constructor(format: keyof typeof WRITERS = "parquet") {
    this.recorder = new Recorder(
      {
        folder: this.folder,
        extension: format,
        open: WRITERS[format],
        segmentBytes: 64 << 20,
        segmentNs: undefined,
        maxBytes: undefined,
        maxSegments: undefined,
      },
      {
        note: (text) => this.notes.push(text),
        lost: (rows) => {
          this.lost += rows;
        },
      },
    );
    this.recorder.columns(planned(this.#columns()));
  }

  batches(count: number): void {
    for (let i = 0; i < count; i++) {
      this.recorder.batch(batchOf(this.#columns()), new Map());
      this.rows += BATCH_ROWS;
    }
  }

  /** How many rows the files say are missing. */
  async told(): Promise<number> {
    let events = 0;
    for await (const item of readSegments(segmentPaths([this.folder]) ?? []))
      if (item.kind === "loss" && item.loss.kind === "discarded-events") events += item.loss.count;
    return events;
  }

  /** The values of all rows that were recorded, of the column that counts them. */
  async read(): Promise<number[]> {
    assert.ok(readdirSync(this.folder).every((name) => !name.startsWith(".")));
    const found: number[] = [];
    for await (const item of readSegments(segmentPaths([this.folder]) ?? [])) {
      if (item.kind !== "batch") continue;
      const column = item.batch.columns[1]!;
      if (column.kind === "number")
        found.push(...(column.values.subarray(0, item.batch.rows) as Int32Array));
    }
    return found;
  }

  #columns() {
    const rows = Array.from({ length: BATCH_ROWS }, (_, i) => this.rows + i);
    return [
      timestamp("timestamp", rows.map(BigInt)),
      number("n", "int32", rows),
      number(
        "noise",
        "float64",
        rows.map(() => this.#next(2 ** 31)),
      ),
    ];
  }
}

test("row groups that the disk has taken stay, and the others are counted", async () => {
  const lab = new Lab();
  limit(2_700_000);
  lab.batches(5 * GROUP_BATCHES);
  lab.recorder.end();
  limit("unlimited");
  const found = await lab.read();
  assert.is(found.length, 2 * GROUP_BATCHES * BATCH_ROWS, "two row groups");
  assert.ok(found.every((n, i) => n === i));
  assert.is(found.length + lab.lost, lab.rows);
  assert.match(lab.notes.join("\n"), /EFBIG/);
  assert.is(await lab.told(), lab.lost);
});

test("an Arrow file says what was lost behind its last row, too", async () => {
  const lab = new Lab("arrow");
  limit(1_000_000);
  lab.batches(10);
  lab.recorder.end();
  limit("unlimited");
  const found = await lab.read();
  assert.ok(found.length > 0 && lab.lost > 0);
  assert.is(found.length + lab.lost, lab.rows);
  assert.is(await lab.told(), lab.lost);
});

test("where there is room again, nothing is lost but what came meanwhile", async () => {
  const lab = new Lab();
  limit(2_700_000);
  lab.batches(3 * GROUP_BATCHES);
  assert.is(lab.lost, 0, "the third row group waits");
  lab.batches(3);
  assert.is(lab.lost, 3 * BATCH_ROWS);
  limit("unlimited");
  await sleep(1100);
  lab.batches(GROUP_BATCHES + 2);
  lab.recorder.end();
  assert.is(lab.lost, 3 * BATCH_ROWS);
  const found = await lab.read();
  assert.is(found.length + lab.lost, lab.rows);
  assert.is(new Set(found).size, found.length);
});

test("where not even the first row group has room, nothing is there, and all rows are counted", async () => {
  const lab = new Lab();
  limit(200_000);
  lab.batches(2 * GROUP_BATCHES);
  lab.recorder.end();
  limit("unlimited");
  assert.equal(readdirSync(lab.folder), []);
  assert.is(lab.lost, lab.rows);
});

test("a file whose end has no room ends a row group before", async () => {
  const lab = new Lab();
  lab.batches(3 * GROUP_BATCHES);
  const [part] = readdirSync(lab.folder, { withFileTypes: true });
  // What is written stays, and nothing more has room.
  limit(statSync(join(lab.folder, part!.name)).size + 10);
  lab.recorder.end();
  limit("unlimited");
  const found = await lab.read();
  assert.is(found.length, 2 * GROUP_BATCHES * BATCH_ROWS);
  assert.is(lab.lost, GROUP_BATCHES * BATCH_ROWS);
  assert.is(await lab.told(), lab.lost);
});

plainTest.run();
