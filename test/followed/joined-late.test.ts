/** Files that were there before: in whatever folders they lie and by whatever names, packets come in their order. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { followDirectory } from "../../src/followed/follow-directory.ts";
import { Folders } from "../support/folder.ts";
import { joined, PREAMBLE, packet, record, STREAM } from "../support/tsdl.ts";

const test = suite("followed/joined-late");
const folders = new Folders();
test.after(() => folders.removeAll());

const UUID = "2a6422d0-6cee-11e0-8c08-cb07d7b3a564";
const METADATA = `${PREAMBLE}${STREAM}event { name = "a"; id = 0; stream_id = 0; };\n`
  .replace("minor = 8;", `minor = 8; uuid = "${UUID}";`)
  .replace(
    "magic; integer { size = 32; } stream_id;",
    "$& integer { size = 64; } stream_instance_id;",
  );

/** A packet of the stream instance 7. */
function packetNumbered(n: number): Uint8Array {
  const begin = BigInt(10 * n);
  const times = { begin, end: begin + 9n, sequenceNumber: BigInt(n) };
  const bytes = packet(record(0, begin, new Uint8Array()), times);
  const instance = new Uint8Array(8);
  instance[0] = 7;
  const longer = joined(bytes.subarray(0, 8), instance, bytes.subarray(8));
  const sizes = new DataView(longer.buffer);
  for (const at of [32, 40]) sizes.setBigUint64(at, BigInt(longer.length * 8), true);
  return longer;
}

/** Numbers of the packets that come, in their order, and the names of their streams. */
async function followed(
  files: Readonly<Record<string, Uint8Array | string>>,
  count: number,
): Promise<{ readonly numbers: number[]; readonly streams: Set<string> }> {
  const stop = new AbortController();
  const numbers: number[] = [];
  const streams = new Set<string>();
  for await (const item of followDirectory("lab", folders.make(files), { signal: stop.signal })) {
    if (item.kind !== "packet") continue;
    streams.add(item.stream.name);
    const view = new DataView(item.bytes.buffer, item.bytes.byteOffset);
    numbers.push(Number(view.getBigUint64(48, true)));
    if (numbers.length === count) stop.abort();
  }
  return { numbers, streams };
}

test("a chunk that is written to comes behind those that rotations have archived", async () => {
  const chunk = (folder: string, ...packets: number[]): Record<string, Uint8Array | string> => ({
    [`${folder}/ust/metadata`]: METADATA,
    [`${folder}/ust/channel_0`]: joined(...packets.map(packetNumbered)),
  });
  const { numbers, streams } = await followed(
    {
      ...chunk("20261128T220610+0000-2", 4, 5),
      ...chunk("archives/20261128T220606+0000-20261128T220608+0000-0", 0, 1),
      ...chunk("archives/20261128T220608+0000-20261128T220610+0000-1", 2, 3),
    },
    6,
  );
  assert.equal(numbers, [0, 1, 2, 3, 4, 5]);
  assert.is(streams.size, 1);
  assert.not.match([...streams].join(), /20261128T/);
});

test("a ring of files begins where it is oldest", async () => {
  const { numbers, streams } = await followed(
    {
      "ust/metadata": METADATA,
      "ust/channel_0_0": packetNumbered(7),
      "ust/channel_0_1": packetNumbered(5),
      "ust/channel_0_2": packetNumbered(6),
    },
    3,
  );
  assert.equal(numbers, [5, 6, 7]);
  assert.is(streams.size, 1);
});

test("no time passes before the streams of all traces are known", async () => {
  const other = METADATA.replace(UUID, UUID.replace("2a64", "3b75"));
  const root = folders.make({
    "late/metadata": METADATA,
    "late/channel_0": packetNumbered(5),
    "soon/metadata": other,
    "soon/channel_0": packetNumbered(1),
  });
  const stop = new AbortController();
  const kinds: string[] = [];
  const bounded: string[] = [];
  for await (const item of followDirectory("lab", root, { signal: stop.signal })) {
    kinds.push(item.kind);
    if (item.kind === "beacon") bounded.push(item.stream.name);
    if (kinds.filter((one) => one === "packet").length === 2) stop.abort();
  }
  assert.is(kinds.filter((kind) => kind === "stream").length, 2);
  assert.ok(kinds.lastIndexOf("stream") < kinds.indexOf("beacon"), kinds.join());
  // The earliest first: whoever waits for nobody any more, since all were silent, waits again from it on.
  assert.match(bounded[0]!, /soon/);
});

test("a ring that was written over before its metadata came is counted as lost", async () => {
  const root = folders.make({ "ust/metadata": "", "ust/channel_0_0": packetNumbered(5) });
  const stop = new AbortController();
  const reasons: string[] = [];
  setTimeout(() => writeFileSync(join(root, "ust/channel_0_0"), packetNumbered(7)), 600);
  setTimeout(() => writeFileSync(join(root, "ust/metadata"), METADATA), 1500);
  for await (const item of followDirectory("lab", root, { signal: stop.signal })) {
    if (item.kind === "gap") reasons.push(item.reason);
    if (item.kind === "packet") stop.abort();
  }
  assert.equal(reasons, [`${root}/ust: packets were written over before their metadata came`]);
});

test.run();
