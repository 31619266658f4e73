/**
 * Times of packets, whole. A stream's clock may have fewer than 64 bits in packet contexts and events, and go on over its
 * packets; packets may have no times of their own; and generators may write a begin later than the first event
 * (barectf before 2.3.1).
 */

import { advancedClock, type ClockReading } from "./first-event.ts";
import type { PacketEntry } from "./packet-entry.ts";
import type { Role, StreamClass, StructureClass } from "./trace-class.ts";

/** A packet as it was found: its begin and end as they were written, and its first event's time. */
export interface FoundPacket extends PacketEntry {
  readonly firstEvent: ClockReading | undefined;
}

interface ClockWidths {
  readonly begin: number;
  readonly end: number;
}

/** Whether the packets of a stream have their order only from where they lie in their file. */
export function hasNarrowClock(streamClass: StreamClass, packets: readonly FoundPacket[]): boolean {
  const { begin } = clockWidths(streamClass);
  return packets.some((packet) =>
    packet.begin === undefined
      ? packet.firstEvent !== undefined && packet.firstEvent.bits < 64
      : begin < 64,
  );
}

/**
 * Gives packets of one stream, in the order of their file, the times that its clock had, and a begin that is not later than
 * the first event.
 */
export function withWholeTimes<Packet extends FoundPacket>(
  streamClass: StreamClass,
  packets: readonly Packet[],
): Packet[] {
  const widths = clockWidths(streamClass);
  let last: { readonly begin: bigint; readonly end: bigint | undefined } | undefined;
  return packets.map((packet) => {
    const { firstEvent } = packet;
    const ownBegin =
      packet.begin === undefined ? firstEvent : { value: packet.begin, bits: widths.begin };
    if (ownBegin === undefined) return packet;
    const begin = beginAfter(last, ownBegin);
    const end =
      packet.end === undefined
        ? undefined
        : advancedClock(begin, { value: packet.end, bits: widths.end });
    last = { begin, end };
    const first = firstEvent === undefined ? begin : advancedClock(begin, firstEvent);
    return { ...packet, begin: first < begin ? first : begin, end };
  });
}

/** A packet begins not before the one before it began, and hardly before that one ended. */
function beginAfter(
  last: { readonly begin: bigint; readonly end: bigint | undefined } | undefined,
  reading: ClockReading,
): bigint {
  if (last === undefined || reading.bits >= 64) return reading.value;
  const range = 1n << BigInt(reading.bits);
  const begin = advancedClock(last.begin, reading);
  const isRoundBehind = last.end !== undefined && begin + range / 2n < last.end;
  return isRoundBehind ? begin + range : begin;
}

function clockWidths({ packetContext }: StreamClass): ClockWidths {
  return {
    begin: widthOf(packetContext, "default-clock-timestamp"),
    end: widthOf(packetContext, "packet-end-default-clock-timestamp"),
  };
}

/** Bits of the field with a role; variable-length ones hold whole values. */
function widthOf(structure: StructureClass | undefined, role: Role): number {
  for (const { fieldClass } of structure?.members ?? []) {
    if (fieldClass.kind === "integer" && fieldClass.roles.includes(role)) return fieldClass.size;
    if (fieldClass.kind === "structure") {
      const width = widthOf(fieldClass, role);
      if (width < 64) return width;
    }
  }
  return 64;
}
