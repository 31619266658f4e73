/** A recording whose folder is removed under it: what was there is counted as lost, and recording goes on once there is a folder again. */

import { mkdirSync, readdirSync, rmSync } from "node:fs";
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
import { projectTraces } from "../support/traces.ts";
import { tracewire } from "../support/tracewire.ts";

const test = suite("record/removed-folder");
const folders = new Folders();
const project = projectTraces(test);
test.after(() => folders.removeAll());

const target = (): string => join(folders.make({}), "recording");

for (const format of ["ctf", "arrow"])
  test(`${format}: no segment is left that lacks what was written, and all of it is counted`, async () => {
    const source = await project("small");
    const folder = target();
    const child: Child = tracewire(
      ...["record", source, "--follow", "--to", folder, "--format", format],
      ...["--max-lag", "200ms", "--duration", "4s"],
    );
    await eventually("a segment is begun", () => {
      try {
        return readdirSync(folder).length > 0 || undefined;
      } catch {
        return undefined;
      }
    });
    await sleep(1000);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    assert.is((await child.end(10_000)).code, 3);
    const lost = /(\d+) (?:event record|row)s were not recorded/.exec(child.stderr)?.[1];
    const all = Number(run(["tail", source, "-c"]).stdout);
    const kept = readdirSync(folder).length === 0 ? 0 : Number(run(["tail", folder, "-c"]).stdout);
    assert.is(Number(lost) + kept, all, child.stderr);
    assert.ok(Number(lost) > 0);
    assert.match(
      child.stderr,
      /ENOENT: no such file or directory, .*recording.*; it is tried again every second/,
    );
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
  const folder = target();
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
  rmSync(folder, { recursive: true });
  for (let ns = 2001n; ns < 5000n; ns += 1000n) {
    recorder.batch(rowAt(ns), new Map());
    await sleep(1100);
  }
  mkdirSync(folder);
  recorder.batch(rowAt(6001n), new Map());
  recorder.end();
  assert.equal([lost, notes.length], [4, 2], notes.join("\n"));
  assert.match(notes[0]!, /ENOENT/);
  assert.match(notes[1]!, /^4 rows were not recorded, from 1001 to 4001 ns$/);
  assert.equal(
    readdirSync(folder).map((name) => name.split("-").slice(1).join()),
    ["6001,6001.ndjson"],
  );
});

test.run();
