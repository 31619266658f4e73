/** Packets of any size: headers and contexts longer than a read, packets as large as their file. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openFeed } from "../../src/feed/feed.ts";
import { describeLoss, type Loss } from "../../src/feed/losses.ts";
import type { Engine } from "../../src/query/execution.ts";
import { Folders } from "../support/folder.ts";
import { run } from "../support/program.ts";
import { runSpec, type Spec } from "../support/query.ts";
import { Bytes, event, PREAMBLE } from "../support/tsdl.ts";

const test = suite("field/large-packets");
const folders = new Folders();
test.after(() => folders.removeAll());

const ENGINES: readonly Engine[] = ["kernel", "interpreter"];

/** No sizes and no times of packets: a file is one packet. */
const TIMED = `${PREAMBLE}stream { id = 0; event.header := struct { u16 id; time64 timestamp; }; };
${event(1, "tick", "u32 n; string text;")}`;
const RECORD_BYTES = 2 + 8 + 4 + 5;
/** More than is read of a packet at once. */
const RECORDS = 950_000;

/** A packet of records at times `phase`, `phase` + 10, … */
function largePacket(phase: number): Buffer {
  const bytes = Buffer.alloc(8 + RECORDS * RECORD_BYTES);
  bytes.writeUInt32LE(0xc1fc1fc1, 0); // magic
  for (let i = 0; i < RECORDS; i++) {
    const at = 8 + i * RECORD_BYTES;
    bytes.writeUInt16LE(1, at); // id
    bytes.writeBigUInt64LE(BigInt(phase + 10 * i), at + 2); // timestamp
    bytes.writeUInt32LE(i, at + 10); // n
    bytes.write("text", at + 14); // text
  }
  return bytes;
}

interface Story {
  rows: number;
  /** Rows that are earlier than the one before. */
  backward: number;
  /** Times of the first rows, and a sum over all payloads. */
  readonly first: number[];
  sum: number;
  mostHeld: number;
  readonly losses: string[];
}

function story(path: string, spec: Spec): Promise<Story> {
  const { items, gate } = openFeed([path], { from: "beginning" }).share({ deferPacketReads: true });
  const story: Story = { rows: 0, backward: 0, first: [], sum: 0, mostHeld: 0, losses: [] };
  let last = 0n;
  const lose = (loss: Loss): void => void story.losses.push(describeLoss(loss));
  return new Promise((resolve, reject) => {
    runSpec({ select: ["timestamp", "n"], ...spec }, items, gate).subscribe({
      next: (item) => {
        if (item.kind === "loss") lose(item.loss);
        if (item.kind !== "batch") return;
        const { timestamps, columns, rows } = item.batch;
        const n = columns[1];
        for (let row = 0; row < rows; row++) {
          if (timestamps[row]! < last) story.backward++;
          last = timestamps[row]!;
          if (story.first.length < 5) story.first.push(Number(last % 1_000_000_000n));
          if (n?.kind === "number") story.sum += Number(n.values[row]);
        }
        story.rows += rows;
      },
      error: reject,
      complete: () => resolve(story),
    });
  });
}

const large = folders.make({
  metadata: TIMED,
  stream_0: largePacket(1000),
  stream_1: largePacket(1003),
});

for (const engine of ENGINES) {
  test(`${engine}: streams of one packet each are read part by part, in the order of time`, async () => {
    const got = await story(large, { engine });
    assert.equal(got.losses, []);
    assert.is(got.rows, 2 * RECORDS);
    assert.is(got.backward, 0);
    assert.equal(got.first, [1000, 1003, 1010, 1013, 1020]);
    assert.is(got.sum, RECORDS * (RECORDS - 1));
  });

  test(`${engine}: a damaged record behind the first part costs the rest, with its own bit`, async () => {
    const path = folders.make({ metadata: TIMED });
    const bytes = largePacket(1000);
    const good = 600_000;
    bytes.fill(0xff, 8 + good * RECORD_BYTES, 8 + good * RECORD_BYTES + 2);
    writeFileSync(join(path, "stream_0"), bytes);
    const { rows, losses } = await story(path, { engine });
    assert.is(rows, good);
    assert.is(losses.length, 1);
    assert.match(losses[0]!, new RegExp(`stream_0 at bit ${64 + good * RECORD_BYTES * 8}: `));
  });

  test(`${engine}: a limit ends the reading in the first part`, async () => {
    const { rows } = await story(large, { engine, limit: 1000 });
    assert.is(rows, 1000);
  });
}

test("the program takes little memory for them, and info counts them", () => {
  const report = "process.on('exit', () => console.error('rss', process.resourceUsage().maxRSS))";
  const env = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(report)}` };
  for (const args of [
    ["tail", large, "--format", "babeltrace"],
    ["info", large],
  ]) {
    const { stdout, stderr, status } = run(args, env);
    assert.is(status, 0);
    const mostKiB = Number(/rss (\d+)/.exec(stderr)?.[1]);
    assert.ok(mostKiB < 320 << 10, `${args[0]}: ${mostKiB} KiB`);
    if (args[0] === "info") assert.match(stdout, new RegExp(`tick\\s+1\\s+${2 * RECORDS}\\b`));
    else assert.is(stdout.split("\n").length - 1, 2 * RECORDS);
  }
});

/** A packet whose context is so long, with three events. */
function longContext(length: number): Uint8Array {
  const head = new Bytes().u32(0xc1fc1fc1).u32(0).u64(1000n).u64(3000n); // magic, stream_id, begin, end
  const context = new Uint8Array(length).fill(0x61);
  const records = new Bytes();
  for (const time of [1000n, 2000n, 3000n]) records.u16(1).u64(time).u32(Number(time)); // id, timestamp, n
  return Buffer.concat([head.take(), context, Uint8Array.of(0), records.take()]);
}

test("packet contexts longer than what is read first are read whole", async () => {
  const metadata = `${PREAMBLE}stream { id = 0;
  packet.context := struct { time64 timestamp_begin; time64 timestamp_end; string note; };
  event.header := struct { u16 id; time64 timestamp; }; };
${event(1, "tick", "u32 n;")}`;
  for (const length of [10, 6000, 100_000, 5_000_000]) {
    const path = folders.make({ metadata, stream_0: longContext(length) });
    for (const engine of ENGINES) {
      const { rows, losses, first } = await story(path, { engine });
      assert.equal(losses, []);
      assert.is(rows, 3, `${engine}, ${length} bytes`);
      assert.equal(first, [1000, 2000, 3000]);
    }
  }
  const path = folders.make({ metadata, stream_0: longContext(6000) });
  const { stdout } = run(["tail", path, "--format", "babeltrace"]);
  assert.is(stdout.split(`{ note = "${"a".repeat(6000)}" }, { n = `).length, 4);
  assert.ok(readFileSync(join(path, "stream_0")).length > 6000);
});

test.run();
