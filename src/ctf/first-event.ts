import { wordToBigInt } from "../base/bits.ts";
import { DecodeError } from "../base/errors.ts";
import { FieldCursor, readHeader, Slots } from "./field-cursor.ts";
import type { PacketHeader } from "./packet-header.ts";
import type { TraceClass } from "./trace-class.ts";

/** The lowest bits of a clock's value. */
export interface ClockReading {
  readonly value: bigint;
  readonly bits: number;
}

/**
 * What the header of a packet's first event says of the clock.
 *
 * @param bytes the packet, or at least its beginning
 * @returns `undefined` if there is no event, if events have no time, or if the header is not in these bytes
 */
export function firstEventClock(
  bytes: Uint8Array,
  { headerBits, contentBits, slots, streamClass }: PacketHeader,
  { slotCount }: TraceClass,
): ClockReading | undefined {
  const { eventHeader } = streamClass;
  if (eventHeader === undefined || contentBits <= headerBits) return undefined;
  const own = new Slots(slotCount);
  own.set(slots);
  const end = Math.min(contentBits, bytes.length * 8);
  let reading: ClockReading | undefined;
  try {
    readHeader(eventHeader, new FieldCursor(bytes, own, headerBits, end), {
      integer({ isClock, size, coding }, word) {
        // How many bits a variable-length one has is its own affair.
        if (isClock && coding !== "leb128")
          reading = { value: wordToBigInt(word, false), bits: size };
      },
    });
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return undefined;
  }
  return reading;
}

/** A clock of which only the lowest bits were recorded moves forward to where these match (CTF 1.8.3 §8). */
export function advancedClock(clock: bigint, { value, bits }: ClockReading): bigint {
  if (bits >= 64) return value;
  const range = 1n << BigInt(bits);
  const candidate = clock - BigInt.asUintN(bits, clock) + BigInt.asUintN(bits, value);
  return candidate < clock ? candidate + range : candidate;
}
