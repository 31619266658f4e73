/** What a full disk does not take of a recording: what it has taken stays, and the files say how much is missing. */

import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ColumnBatch } from "../../src/column/column.ts";
import { CtfSegment } from "../../src/record/ctf-segment.ts";
import { Recorder } from "../../src/record/recorder.ts";
import { Folders } from "../support/folder.ts";
import { PREAMBLE } from "../support/tsdl.ts";

const test = suite("record/told-gap");
const folders = new Folders();
test.after(() => folders.removeAll());

const METADATA = new TextEncoder().encode(PREAMBLE);

test("a segment is whole where there is no room for metadata of a trace that has no packet in it", () => {
  const folder = folders.make({});
  const segment = new CtfSegment(folder, 1);
  const full = join(folder, ".part-1.ctf", "silent");
  mkdirSync(full);
  symlinkSync("/dev/full", join(full, ".part-metadata"));
  segment.finish("whole.ctf", [
    { place: "silent", metadata: METADATA },
    { place: "heard", metadata: METADATA },
  ]);
  assert.not.ok(existsSync(join(folder, "whole.ctf/silent/metadata")));
  assert.ok(readFileSync(join(folder, "whole.ctf/heard/metadata"), "utf8").includes(PREAMBLE));
});

/** One row. */
function rowAt(ns: bigint): ColumnBatch {
  return { rows: 1, timestamps: BigInt64Array.of(ns), columns: [] };
}

test("the account beside the rows counts those that were not recorded", async () => {
  const parent = join(folders.make({}), "disk");
  mkdirSync(parent);
  const folder = join(parent, "recording");
  const told: (string | undefined)[] = [];
  const none = (): Uint8Array => new Uint8Array(0);
  const recorder = new Recorder(
    {
      folder,
      extension: "ndjson",
      open: () => ({
        begin: none,
        change: none,
        batch: (_, facts) => {
          told.push(facts?.get("lost_events"));
          return Uint8Array.of(10);
        },
        end: none,
      }),
      segmentBytes: 1,
      segmentNs: undefined,
      maxBytes: undefined,
      maxSegments: undefined,
    },
    { note: () => {}, lost: () => {} },
  );
  const facts = new Map([["lost_events", "5"]]);
  recorder.columns([]);
  recorder.batch(rowAt(1n), facts);
  rmSync(parent, { recursive: true });
  // The first row's segment cannot end, and no other can begin.
  recorder.batch(rowAt(2n), facts);
  recorder.batch(rowAt(3n), facts);
  mkdirSync(parent);
  await sleep(1100);
  recorder.batch(rowAt(4n), facts);
  recorder.end();
  assert.equal(told, ["5", "8"]);
});

test.run();
