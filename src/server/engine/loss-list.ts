/**
 * `GET /v1/losses`: what tracers lost in a range of recorded sources, by the headers of their packets: no event is read. A loss belongs to
 * the range in which it ends, so that ranges that follow each other have each loss once.
 */

import { DecodeError, SourceError } from "../../base/errors.ts";
import type { StreamOrigin, TraceOrigin } from "../../base/item.ts";
import { instant } from "../../ctf/clock.ts";
import { OpenFiles } from "../../ctf/data-files.ts";
import { type PacketHeader, readPacketHeader } from "../../ctf/packet-header.ts";
import { readStoredPacket, type StoredPacket, withPlace } from "../../ctf/stored-packet.ts";
import type { TraceClass } from "../../ctf/trace-class.ts";
import type { StoredStream } from "../../ctf/trace-directory.ts";
import { type Loss, StreamCounters } from "../../feed/losses.ts";
import { Parameters } from "./parameters.ts";
import { type OpenTraces, refuseUnreadable } from "./plan.ts";
import { lossFrame } from "./status-frames.ts";

/** A loss as frames have it, and the source that it is of. */
export type LossReport = Readonly<Record<string, unknown>>;

/** More than any packet header and context has. */
const HEAD_BYTES = 64 << 10;

interface Range {
  readonly begin: bigint | undefined;
  readonly end: bigint | undefined;
}

/** @throws FeedError 400 `BAD_PARAMETER`, `UNKNOWN_PARAMETER`, `NOT_RECORDED`; SourceError, MetadataError */
export async function lossList(
  search: URLSearchParams,
  sources: readonly string[],
  open: OpenTraces,
): Promise<{ readonly losses: readonly LossReport[] }> {
  const parameters = Parameters.ofUrl(search, ["source", "begin_ns", "end_ns"]);
  const begin = parameters.nanoseconds("begin_ns");
  const end = parameters.nanoseconds("end_ns");
  refuseUnreadable(sources);
  const losses: LossReport[] = [];
  const files = new OpenFiles();
  try {
    for (const source of sources) {
      const { opened } = await open(source);
      for (const { path, traceClass, streams } of opened) {
        const trace: TraceOrigin = { host: undefined, session: undefined, path, source };
        for (const stored of streams) {
          const stream: StreamOrigin = { trace, name: stored.path };
          for (const loss of lossesOf(files, { stream, stored, traceClass }, { begin, end }))
            losses.push({ source, ...lossFrame(loss), type: undefined });
        }
      }
    }
  } finally {
    files.close();
  }
  return { losses };
}

interface Read {
  readonly stream: StreamOrigin;
  readonly stored: StoredStream;
  readonly traceClass: TraceClass;
}

function* lossesOf(
  files: OpenFiles,
  { stream, stored, traceClass }: Read,
  range: Range,
): Generator<Loss> {
  const { clock } = stored.streamClass;
  const counters = new StreamCounters();
  for (const packet of within(stored, range)) {
    const header = headerOf(files, packet, traceClass);
    if (header === undefined) continue;
    const [beginNs, endNs] = [instant(clock, header.begin), instant(clock, header.end)];
    for (const loss of counters.next(stream, header, beginNs, endNs))
      if (isIn(loss, range)) yield loss;
  }
}

/** The packets that reach into a range, and the one before them, to whose counts theirs are compared. */
function within({ streamClass, packets }: StoredStream, { begin, end }: Range): StoredPacket[] {
  const { clock } = streamClass;
  const first = packets.findIndex((packet) => {
    const endNs = instant(clock, packet.end);
    return begin === undefined || endNs === undefined || endNs >= begin;
  });
  if (first === -1) return [];
  const behind = packets.findIndex((packet, i) => {
    const beginNs = instant(clock, packet.begin);
    return i > first && end !== undefined && beginNs !== undefined && beginNs >= end;
  });
  return packets.slice(Math.max(0, first - 1), behind === -1 ? undefined : behind);
}

/** Losses without a time are of the range that has the beginning. */
function isIn(loss: Loss, { begin, end }: Range): boolean {
  const ns = "endNs" in loss ? loss.endNs : undefined;
  if (ns === undefined) return begin === undefined;
  return (begin === undefined || ns >= begin) && (end === undefined || ns < end);
}

function headerOf(
  files: OpenFiles,
  packet: StoredPacket,
  traceClass: TraceClass,
): PacketHeader | undefined {
  const head = new Uint8Array(Math.min(packet.bytes, HEAD_BYTES));
  try {
    readStoredPacket(files, { ...packet, bytes: head.length }, head);
    return withPlace(readPacketHeader(head, traceClass, packet.bytes), packet);
  } catch (error) {
    // Whoever reads its events finds out, and counts it.
    if (error instanceof DecodeError || error instanceof SourceError) return undefined;
    throw error;
  }
}
