/** When events begin. A packet's own begin can lie long before its first event: a buffer is opened when it is made. */

import { TraceError } from "../base/errors.ts";
import { instant } from "./clock.ts";
import { OpenFiles } from "./data-files.ts";
import { advancedClock, firstEventClock } from "./first-event.ts";
import { readPacketHeader } from "./packet-header.ts";
import { fetchStoredPacket, type StoredPacket } from "./stored-packet.ts";
import type { TraceClass } from "./trace-class.ts";
import type { OpenedTraces } from "./trace-directory.ts";

/** Enough for the packet header, the packet context and one event header of any LTTng trace. */
const HEAD_BYTES = 4096;

/** The clock value of a stream's first event. `undefined` when the stream has no event, or events have no time. */
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

/** When the first event of some traces is, ns since the Unix epoch; `undefined` where there is none, or none has a time. */
export async function firstEventNs({
  opened,
}: Pick<OpenedTraces, "opened">): Promise<bigint | undefined> {
  const streams = opened.flatMap(({ traceClass, streams }) =>
    streams.flatMap(({ streamClass: { clock }, packets }) => {
      const openNs = instant(clock, packets[0]?.begin);
      return openNs === undefined ? [] : [{ traceClass, clock, packets, openNs }];
    }),
  );
  streams.sort((a, b) => (a.openNs < b.openNs ? -1 : a.openNs > b.openNs ? 1 : 0));
  let first: bigint | undefined;
  for (const { traceClass, clock, packets, openNs } of streams) {
    // No event of what begins later is before.
    if (first !== undefined && openNs >= first) break;
    const ns = instant(clock, await readableFirst(packets, traceClass));
    if (ns !== undefined && (first === undefined || ns < first)) first = ns;
  }
  return first;
}

/** The scan reports what cannot be read: it begins where its packet does. */
async function readableFirst(
  packets: readonly StoredPacket[],
  traceClass: TraceClass,
): Promise<bigint | undefined> {
  try {
    return await firstEventCycles(packets, traceClass);
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    return packets[0]?.begin;
  }
}
