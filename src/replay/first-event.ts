import { open } from "node:fs/promises";
import { wordToBigInt } from "../base/bits.ts";
import { FieldCursor, readHeader, Slots } from "../ctf/field-cursor.ts";
import { readPacketHeader } from "../ctf/packet-header.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { StoredPacket } from "../ctf/trace-directory.ts";

/** Enough for the packet header, the packet context and one event header of any LTTng trace. */
const HEAD_BYTES = 4096;

/**
 * The clock value of a stream's first event. A packet's own begin can lie seconds before it: a buffer is opened when it
 * is made. `undefined` when the stream has no event, or events have no time.
 */
export async function firstEventCycles(
  packets: readonly StoredPacket[],
  traceClass: TraceClass,
): Promise<bigint | undefined> {
  for (const packet of packets) {
    const head = new Uint8Array(Math.min(HEAD_BYTES, packet.bytes));
    const file = await open(packet.path);
    try {
      await file.read(head, 0, head.length, packet.byteOffset);
    } finally {
      await file.close();
    }
    const header = readPacketHeader(head, traceClass, packet.bytes);
    if (header.contentBits === header.headerBits) continue;
    const { eventHeader } = header.streamClass;
    if (eventHeader === undefined) return header.begin;
    let cycles = header.begin;
    const cursor = new FieldCursor(
      head,
      new Slots(traceClass.slotCount),
      header.headerBits,
      Math.min(header.contentBits, head.length * 8),
    );
    readHeader(eventHeader, cursor, {
      integer(fieldClass, word) {
        if (fieldClass.isClock)
          cycles = advanced(cycles ?? 0n, wordToBigInt(word, false), fieldClass.size);
      },
    });
    return cycles;
  }
  return undefined;
}

/** A clock of which only the low `bits` were recorded moves forward to where these match (CTF 1.8.3 §8). */
function advanced(clock: bigint, low: bigint, bits: number): bigint {
  if (bits >= 64) return low;
  const range = 1n << BigInt(bits);
  const candidate = clock - (clock % range) + low;
  return candidate < clock ? candidate + range : candidate;
}
