/** Readings of the same traces at once: each has every packet as if it were alone, and what they share is read once. */

import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PacketShelf } from "../../src/ctf/packet-shelf.ts";
import { openRecorded, readRecorded } from "../../src/ctf/recorded.ts";
import type { OpenedTraces } from "../../src/ctf/trace-directory.ts";
import { openFeed } from "../../src/feed/feed.ts";
import { runSpec } from "../support/query.ts";
import { random } from "../support/random.ts";
import { projectTraces } from "../support/traces.ts";

const test = suite("ctf/packet-shelf");
const tracePath = projectTraces(test);

const folders: string[] = [];
test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Room for eight packets. */
const SMALL_SHELF = 8 * 64 * 1024;

function digest(bytes: Uint8Array): string {
  return createHash("sha1").update(bytes).digest("hex");
}

/** A copy of a trace, to be changed. */
async function copiedTrace(): Promise<string> {
  const path = mkdtempSync(join(tmpdir(), "tracewire-shelf-"));
  folders.push(path);
  cpSync(await tracePath("small"), path, { recursive: true });
  return path;
}

interface Reading {
  /** Takes one more packet. @returns false at the end */
  step(): Promise<boolean>;
  leave(): Promise<void>;
  /** A digest of each packet; of one that could not be read, why. */
  readonly packets: string[];
}

function reading(traces: OpenedTraces, shelf?: PacketShelf): Reading {
  const packets: string[] = [];
  const items = readRecorded([], { opened: () => Promise.resolve(traces), shelf });
  return {
    packets,
    async step() {
      for (;;) {
        const { done, value } = await items.next();
        if (done === true) return false;
        if (value.kind === "gap") packets.push(value.reason);
        else if (value.kind === "packet") packets.push(digest(value.bytes));
        else continue;
        return true;
      }
    },
    leave: () => items.return().then(() => undefined),
  };
}

async function toEnd(one: Reading): Promise<readonly string[]> {
  while (await one.step());
  return one.packets;
}

/** Bytes that this process has read so far. */
function readBytes(): number {
  return Number(/^rchar: (\d+)/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
}

test("readings that go, come and leave at random have the packets of one that is alone", async () => {
  const next = random("ctf/packet-shelf");
  const traces = await openRecorded([await copiedTrace()]);
  const alone = await toEnd(reading(traces));
  assert.ok(alone.length > 20, `${alone.length} packets`);
  const shelf = new PacketShelf(SMALL_SHELF);
  const running: Reading[] = [];
  let ended = 0;
  let left = 0;
  while (ended < 60) {
    if (running.length < 2 + next(10)) running.push(reading(traces, shelf));
    const place = next(running.length);
    const one = running[place]!;
    if (next(200) === 0) {
      await one.leave();
      left++;
    } else if (await one.step()) {
      continue;
    } else {
      assert.equal(one.packets, alone);
      ended++;
    }
    assert.equal(one.packets, alone.slice(0, one.packets.length));
    running.splice(place, 1);
  }
  for (const one of running) await one.leave();
  assert.ok(left > 0);
});

test("steps of several readings at once share what is being read", async () => {
  const traces = await openRecorded([await copiedTrace()]);
  const alone = await toEnd(reading(traces));
  const shelf = new PacketShelf();
  const many = Array.from({ length: 8 }, () => reading(traces, shelf));
  const answers = await Promise.all(many.map(toEnd));
  for (const packets of answers) assert.equal(packets, alone);
});

test("a packet that cannot be read is missing for each of them, and the others are there", async () => {
  const path = await copiedTrace();
  const traces = await openRecorded([path]);
  const [stream] = traces.opened[0]!.streams;
  truncateSync(stream!.path, stream!.packets.at(-1)!.byteOffset + 100);
  const shelf = new PacketShelf();
  const many = Array.from({ length: 4 }, () => reading(traces, shelf));
  const [first, ...others] = await Promise.all(many.map(toEnd));
  assert.is(first!.filter((packet) => packet.includes("the file shrank")).length, 1);
  for (const packets of others) assert.equal(packets, first);
});

test("readings of many traces at once are right, though few traces have a shelf", async () => {
  const traces = await openRecorded([await copiedTrace()]);
  const alone = await toEnd(reading(traces));
  for (let round = 0; round < 2; round++) {
    const many = Array.from({ length: 8 }, () => new PacketShelf()).flatMap((shelf) => [
      reading(traces, shelf),
      reading(traces, shelf),
    ]);
    for (const packets of await Promise.all(many.map(toEnd))) assert.equal(packets, alone);
  }
});

test("queries at once read a trace little more often than one does", async () => {
  const feed = openFeed([await copiedTrace()], { from: "beginning" });
  await feed.prepare();
  const rows = (): Promise<number> =>
    new Promise((resolve, reject) => {
      let count = 0;
      runSpec({ select: ["timestamp"] }, feed.share().items).subscribe({
        next: (item) => {
          if (item.kind === "batch") count += item.batch.rows;
        },
        error: reject,
        complete: () => resolve(count),
      });
    });
  const from = readBytes();
  const expected = await rows();
  const one = readBytes() - from;
  const answers = await Promise.all(Array.from({ length: 20 }, rows));
  const all = readBytes() - from - one;
  for (const answer of answers) assert.is(answer, expected);
  assert.ok(one > 0 && all < 4 * one, `${all} bytes for twenty, ${one} for one`);
  await feed.close();
});

test.run();
