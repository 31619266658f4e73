/** A followed directory that goes and comes back: what was read of it is not read again. */

import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { followDirectory } from "../../src/followed/follow-directory.ts";
import { Folders } from "../support/folder.ts";
import { joined, PREAMBLE, packet, record, STREAM } from "../support/tsdl.ts";

const test = suite("followed/moved-away");
const folders = new Folders();
test.after(() => folders.removeAll());

const METADATA = `${PREAMBLE}${STREAM}event { name = "a"; id = 0; stream_id = 0; };\n`;

function packetsFrom(...numbers: number[]): Uint8Array {
  const packets = numbers.map((n) => {
    const begin = BigInt(10 * n);
    const times = { begin, end: begin + 9n, sequenceNumber: BigInt(n) };
    return packet(record(0, begin, new Uint8Array()), times);
  });
  return joined(...packets);
}

/** Numbers of the packets that come, while something is done when so many have come and when the directory has gone. */
async function followed(
  directory: string,
  count: number,
  onPacket: (packets: number) => void,
  onGone: () => void,
): Promise<number[]> {
  const stop = new AbortController();
  const numbers: number[] = [];
  for await (const item of followDirectory("lab", directory, { wait: true, signal: stop.signal })) {
    if (item.kind === "note" && item.state === "waiting") onGone();
    if (item.kind !== "packet") continue;
    const view = new DataView(item.bytes.buffer, item.bytes.byteOffset);
    numbers.push(Number(view.getBigUint64(40, true)));
    onPacket(numbers.length);
    if (numbers.length === count) stop.abort();
  }
  return numbers;
}

test("moved away and back, it goes on where it was, with what came meanwhile", async () => {
  const root = folders.make({
    "lab/ust/metadata": METADATA,
    "lab/ust/channel_0": packetsFrom(0, 1, 2),
    // A packet that is not whole yet.
    "lab/ust/channel_1": packetsFrom(3).subarray(0, 60),
  });
  const [here, away] = [join(root, "lab"), join(root, "away")];
  const numbers = await followed(
    here,
    6,
    (packets) => {
      if (packets === 3) renameSync(here, away);
      if (packets === 5) appendFileSync(join(here, "ust/channel_0"), packetsFrom(5));
    },
    () => {
      appendFileSync(join(away, "ust/channel_0"), packetsFrom(4));
      appendFileSync(join(away, "ust/channel_1"), packetsFrom(3).subarray(60));
      renameSync(away, here);
    },
  );
  assert.equal(numbers, [0, 1, 2, 3, 4, 5]);
});

test("deleted and made again, it is read from its beginning", async () => {
  const root = folders.make({
    "lab/ust/metadata": METADATA,
    "lab/ust/channel_0": packetsFrom(0, 1),
  });
  const here = join(root, "lab");
  const numbers = await followed(
    here,
    4,
    (packets) => {
      if (packets === 2) rmSync(here, { recursive: true });
    },
    () => {
      mkdirSync(join(here, "ust"), { recursive: true });
      writeFileSync(join(here, "ust/metadata"), METADATA);
      writeFileSync(join(here, "ust/channel_0"), packetsFrom(7, 8));
    },
  );
  assert.equal(numbers, [0, 1, 7, 8]);
});

test.run();
