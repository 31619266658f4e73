import { OpenFiles } from "../ctf/data-files.ts";
import { advancedClock, firstEventClock } from "../ctf/first-event.ts";
import { readPacketHeader } from "../ctf/packet-header.ts";
import { fetchStoredPacket, type StoredPacket } from "../ctf/stored-packet.ts";
import type { TraceClass } from "../ctf/trace-class.ts";

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
  const files = new OpenFiles();
  try {
    for (const packet of packets) {
      const head = new Uint8Array(Math.min(HEAD_BYTES, packet.bytes));
      await fetchStoredPacket(files, { ...packet, bytes: head.length }, head);
      const header = readPacketHeader(head, traceClass, packet.bytes);
      if (header.contentBits === header.headerBits) continue;
      const reading = firstEventClock(head, header, traceClass);
      return reading === undefined ? header.begin : advancedClock(header.begin ?? 0n, reading);
    }
  } finally {
    files.close();
  }
  return undefined;
}
