/** A packet that holds one record of each of many event classes, so that scanning it compiles them all. */

import { open } from "node:fs/promises";
import { Slots } from "../src/ctf/field-cursor.ts";
import { type PacketHeader, readPacketHeader } from "../src/ctf/packet-header.ts";
import type { EventClass, StreamClass } from "../src/ctf/trace-class.ts";
import { openTraceDirectory } from "../src/ctf/trace-directory.ts";
import type { Walk } from "../src/scan/walk.ts";
import { planHeaderWalk, planRecordWalk } from "../src/scan/walk-planner.ts";
import { Walker } from "../src/scan/walker.ts";

export interface ClassesPacket {
  readonly bytes: Uint8Array;
  readonly contentBits: number;
  readonly classes: number;
}

const CAPACITY = 1 << 20;
/** Long enough for any packet header and context of LTTng's. */
const HEADER_BYTES = 4096;

/**
 * Takes the header of a kernel trace's first packet, and puts a record of zeros behind it for each event class, up to so
 * many: texts and sequences are empty then.
 */
export async function packetOfClasses(directory: string, most: number): Promise<ClassesPacket> {
  const { traceClass, streams } = await openTraceDirectory(directory);
  const [first] = streams.flatMap(({ packets }) => packets);
  if (first === undefined) throw new Error(`${directory}: expected a packet`);
  const bytes = new Uint8Array(CAPACITY);
  const file = await open(first.path);
  await file.read(bytes, 0, HEADER_BYTES, first.byteOffset);
  await file.close();
  const header = readPacketHeader(bytes, traceClass, first.bytes);
  bytes.fill(0, header.headerBits / 8);
  const walker = new Walker();
  walker.bytes = bytes;
  walker.end = CAPACITY * 8;
  walker.slots = new Slots(traceClass.slotCount);
  const { classes, bit } = append(walker, header, most);
  return { bytes: bytes.slice(0, Math.ceil(bit / 8)), contentBits: bit, classes };
}

function append(
  walker: Walker,
  { headerBits, streamClass }: PacketHeader,
  most: number,
): { classes: number; bit: number } {
  const headerWalk = planHeaderWalk(streamClass);
  let bit = headerBits;
  let classes = 0;
  for (const eventClass of streamClass.eventClasses.values()) {
    if (classes === most) break;
    const end = recordEnd(walker, headerWalk, streamClass, eventClass, bit);
    bit = end;
    classes++;
  }
  return { classes, bit };
}

/** Writes a record's event class id at a bit, and walks to the record's end. */
function recordEnd(
  walker: Walker,
  headerWalk: Walk,
  streamClass: StreamClass,
  eventClass: EventClass,
  bit: number,
): number {
  // LTTng's large event header: a 16-bit id at the first whole byte, a time behind it.
  new DataView(walker.bytes.buffer).setUint16(Math.ceil(bit / 8), eventClass.id, true);
  walker.bit = bit;
  walker.run(headerWalk);
  if (walker.eventId !== eventClass.id)
    throw new Error(`expected an event header that begins with a 16-bit id`);
  walker.run(planRecordWalk(streamClass, eventClass));
  return walker.bit;
}
