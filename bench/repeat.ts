/**
 * Makes a longer kernel trace of a recorded one: its packets again and again, each round later than the one before. What is
 * recorded is too short for a rival's start-up not to count.
 *
 * `node build/bench/repeat.js KERNEL_TRACE ROUNDS OUT`
 */

import { copyFile, mkdir, open } from "node:fs/promises";
import { basename, join } from "node:path";
import { Slots } from "../src/ctf/field-cursor.ts";
import { readPacketHeader } from "../src/ctf/packet-header.ts";
import type { StoredPacket } from "../src/ctf/stored-packet.ts";
import type { TraceClass } from "../src/ctf/trace-class.ts";
import { openTraceDirectory } from "../src/ctf/trace-directory.ts";
import type { Walk } from "../src/scan/walk.ts";
import { planHeaderWalk, planRecordWalk } from "../src/scan/walk-planner.ts";
import { Walker } from "../src/scan/walker.ts";

/** LTTng's large event header: this id says that a 32-bit id and a 64-bit time follow it. */
const EXTENDED_ID = 0xffff;
const EXTENDED_TIME_BYTE = 6;
/** All other times are 32 bits of the clock: rounds that many cycles apart leave them as they are. */
const ROUND_UNIT = 1n << 32n;

const [path = "", rounds = "", out = ""] = process.argv.slice(2);
const { traceClass, streams } = await openTraceDirectory(path);
const times = streams.flatMap(({ packets }) =>
  packets.flatMap(({ begin, end }) => [begin ?? 0n, end ?? 0n]),
);
const span =
  times.reduce((most, time) => (time > most ? time : most)) -
  times.reduce((least, time) => (time < least ? time : least));
const shift = (span / ROUND_UNIT + 1n) * ROUND_UNIT;
await mkdir(out, { recursive: true });
await copyFile(join(path, "metadata"), join(out, "metadata"));
const walker = new Walker();
walker.slots = new Slots(traceClass.slotCount);
const walks = new Map<number, Walk>();
for (const stream of streams) {
  const file = await open(join(out, basename(stream.path)), "w");
  for (let round = 0n; round < BigInt(rounds); round++) {
    for (const packet of stream.packets) {
      const bytes = await read(packet);
      shiftPacket(bytes, traceClass, shift * round, round * BigInt(stream.packets.length));
      await file.write(bytes);
    }
  }
  await file.close();
}

async function read({ path: dataPath, byteOffset, bytes: size }: StoredPacket): Promise<Buffer> {
  const file = await open(dataPath);
  const bytes = Buffer.alloc(size);
  await file.read(bytes, 0, size, byteOffset);
  await file.close();
  return bytes;
}

/** Adds cycles to the packet's times and to those of its events that have whole timestamps, and packets to its number. */
function shiftPacket(bytes: Buffer, trace: TraceClass, cycles: bigint, packets: bigint): void {
  const header = readPacketHeader(bytes, trace);
  const { streamClass, contextBit } = header;
  const add = (byte: number, value = cycles): void => {
    bytes.writeBigUInt64LE(bytes.readBigUInt64LE(byte) + value, byte);
  };
  // LTTng's packet context: timestamp_begin, timestamp_end, content_size, packet_size, packet_seq_num …
  const context = contextBit / 8;
  add(context);
  add(context + 8);
  add(context + 32, packets);
  walker.bytes = bytes;
  walker.end = header.contentBits;
  walker.bit = header.headerBits;
  const headerWalk = planHeaderWalk(streamClass);
  while (walker.bit < walker.end) {
    const byte = Math.ceil(walker.bit / 8);
    walker.run(headerWalk);
    if (bytes.readUInt16LE(byte) === EXTENDED_ID) add(byte + EXTENDED_TIME_BYTE);
    const eventClass = streamClass.eventClasses.get(walker.eventId);
    if (eventClass === undefined) throw new Error(`${path}: no event class ${walker.eventId}`);
    let walk = walks.get(eventClass.id);
    if (walk === undefined) {
      walk = planRecordWalk(streamClass, eventClass);
      walks.set(eventClass.id, walk);
    }
    walker.run(walk);
  }
}
