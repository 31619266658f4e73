/** Recorded traces in slices of time, which threads convert side by side. */

import { instant } from "../ctf/clock.ts";
import type { StoredPacket } from "../ctf/stored-packet.ts";
import type { OpenedTraces, StoredStream } from "../ctf/trace-directory.ts";
import type { Slice } from "./slice-task.ts";

const EVERYTHING: Slice = { begin: undefined, end: undefined };

/**
 * Slices of about so many bytes of packets each, in order. Traces with a packet whose times are not known are one slice.
 */
export function slicesOf({ opened }: OpenedTraces, bytes: number): readonly Slice[] {
  const packets: { readonly beginNs: bigint; readonly bytes: number }[] = [];
  for (const stream of opened.flatMap(({ streams }) => streams))
    for (const packet of stream.packets) {
      const { beginNs, endNs } = timesOf(stream, packet);
      if (beginNs === undefined || endNs === undefined) return [EVERYTHING];
      packets.push({ beginNs, bytes: packet.bytes });
    }
  packets.sort((a, b) => (a.beginNs < b.beginNs ? -1 : a.beginNs > b.beginNs ? 1 : 0));
  const slices: Slice[] = [];
  let begin: bigint | undefined;
  let filled = 0;
  for (const packet of packets) {
    if (filled >= bytes && packet.beginNs !== begin) {
      slices.push({ begin, end: packet.beginNs - 1n });
      begin = packet.beginNs;
      filled = 0;
    }
    filled += packet.bytes;
  }
  return [...slices, { begin, end: undefined }];
}

/**
 * The packets that a slice takes, and of each stream the one before them, so that what was lost between the two counts. What
 * users should know of the traces goes with the first slice.
 */
export function tracesOfSlice(traces: OpenedTraces, { begin, end }: Slice): OpenedTraces {
  const opened = traces.opened.map((directory) => ({
    ...directory,
    streams: directory.streams.map((stream) => ({
      ...stream,
      packets: within(stream, begin, end),
    })),
    ...(begin !== undefined && { damage: [], notes: [] }),
  }));
  return { opened, failures: begin === undefined ? traces.failures : [] };
}

function within(
  stream: StoredStream,
  begin: bigint | undefined,
  end: bigint | undefined,
): readonly StoredPacket[] {
  const isWithin = (packet: StoredPacket): boolean => {
    const { beginNs, endNs } = timesOf(stream, packet);
    return (
      (begin === undefined || endNs === undefined || endNs >= begin) &&
      (end === undefined || beginNs === undefined || beginNs <= end)
    );
  };
  const { packets } = stream;
  return packets.filter((packet, i) => {
    const next = packets[i + 1];
    return isWithin(packet) || (next !== undefined && isWithin(next));
  });
}

function timesOf({ streamClass: { clock } }: StoredStream, { begin, end }: StoredPacket) {
  return { beginNs: instant(clock, begin), endNs: instant(clock, end) };
}
