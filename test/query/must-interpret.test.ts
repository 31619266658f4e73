/** A query whose later packets only the interpreter can scan: what compiled code has found before goes over with it. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openFeed } from "../../src/feed/feed.ts";
import { startWorkers } from "../../src/query/scan-pool.ts";
import { Folders } from "../support/folder.ts";
import { collect, runSpec } from "../support/query.ts";
import { Bytes, joined } from "../support/tsdl.ts";

const test = suite("query/must-interpret");
const folders = new Folders();
test.after(() => folders.removeAll());

const uint = (length: number, roles: readonly string[] = []): object => ({
  type: "fixed-length-unsigned-integer",
  length,
  "byte-order": "little-endian",
  ...(roles.length > 0 && { roles }),
});

const member = (name: string, fieldClass: object): object => ({ name, "field-class": fieldClass });
const structure = (...members: object[]): object => ({
  type: "structure",
  "member-classes": members,
});

/** The second event class has its text in UTF-16, which compiled code leaves to the interpreter. */
const METADATA: string = [
  { type: "preamble", version: 2 },
  { type: "clock-class", id: "c", frequency: 1_000_000_000 },
  {
    type: "data-stream-class",
    "default-clock-class-id": "c",
    "packet-context-field-class": structure(
      member("size", uint(32, ["packet-total-length"])),
      member("begin", uint(64, ["default-clock-timestamp"])),
    ),
    "event-record-header-field-class": structure(
      member("id", uint(8, ["event-record-class-id"])),
      member("time", uint(64, ["default-clock-timestamp"])),
    ),
  },
  {
    type: "event-record-class",
    id: 1,
    name: "plain",
    "payload-field-class": structure(
      member("name", { type: "static-length-string", length: 8 }),
      member("text", { type: "null-terminated-string" }),
    ),
  },
  {
    type: "event-record-class",
    id: 2,
    name: "wide",
    "payload-field-class": structure(
      member("text", { type: "null-terminated-string", encoding: "utf-16le" }),
    ),
  },
]
  .map((fragment) => `\x1e${JSON.stringify(fragment)}\n`)
  .join("");

function packet(begin: number, records: Bytes): Uint8Array {
  const content = records.take();
  const size = (12 + content.length) * 8;
  return joined(new Bytes().u32(size).u64(BigInt(begin)).take(), content);
}

function plain(time: number): Bytes {
  return new Bytes().u8(1).u64(BigInt(time)).text(`name-${time}`.padEnd(8, "\0")).text("yes\0");
}

function wide(time: number): Bytes {
  return new Bytes().u8(2).u64(BigInt(time)).u8(0x6e, 0, 0x6f, 0, 0, 0); // "no"
}

test("rows that wait keep their place and their names, with and without threads", async () => {
  // The first packet's last row is later than the second one's first.
  const first = new Bytes().u8(...plain(10).take(), ...plain(12).take(), ...plain(30).take());
  const second = new Bytes().u8(...plain(20).take(), ...wide(21).take());
  const path = folders.make({
    metadata: METADATA,
    stream_0: joined(packet(10, first), packet(31, plain(31))),
    stream_1: packet(20, second),
  });
  const expected = ["name-10 yes", "name-12 yes", "name-20 yes", "null no", "name-30 yes"];
  for (const workers of [0, 1, 2]) {
    const { items, gate } = openFeed([path], { from: "beginning" }).share({
      deferPacketReads: true,
    });
    const spec = { select: ["name", "text"], threads: startWorkers(workers) };
    const { rows } = await collect(runSpec(spec, items, gate));
    assert.equal(
      rows.map(({ name, text }) => `${name} ${text}`),
      [...expected, "name-31 yes"],
      `${workers} workers`,
    );
  }
});

test.run();
