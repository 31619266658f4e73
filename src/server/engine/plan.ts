/**
 * `GET /v1/plan` and `GET /v1/watermark`: recorded sources as ranges of time that can be read one by one, and how far they
 * go. Ranges are half-open, in ns since the Unix epoch: nothing is in two of them, and the first and last are open, so that
 * nothing is in none.
 */

import { statSync } from "node:fs";
import { DecodeError, FeedError, SourceError } from "../../base/errors.ts";
import { instant } from "../../ctf/clock.ts";
import { OpenFiles } from "../../ctf/data-files.ts";
import { firstEventNs } from "../../ctf/events-begin.ts";
import { readPacketHeader } from "../../ctf/packet-header.ts";
import { spanOf } from "../../ctf/recorded.ts";
import { readStoredPacket, type StoredPacket } from "../../ctf/stored-packet.ts";
import type { TraceClass } from "../../ctf/trace-class.ts";
import type { OpenedTraces, StoredStream, TraceDirectory } from "../../ctf/trace-directory.ts";
import { segmentPaths } from "../../segments/find.ts";
import { isLiveSource } from "../../source/live-source.ts";
import { areFromBegin, resolveTime } from "../../source/time-bound.ts";
import { Parameters } from "./parameters.ts";
import { readTimeRange, type TimeRange } from "./time-range.ts";

/** A range of a source, as JSON: times are texts, since a number would not hold them. */
export interface Partition {
  readonly source: string;
  readonly begin_ns: string | null;
  readonly end_ns: string | null;
  /** Of the packets that begin in it. */
  readonly bytes: number;
  readonly packets: number;
}

export interface SourceWatermark {
  readonly source: string;
  readonly kind: "live" | "recorded";
  /** Everything earlier is there; `null` where a range cannot be read again. */
  readonly complete_ns: string | null;
  /** When the oldest packet begins that is still there. */
  readonly oldest_ns: string | null;
  /** What began before has been deleted of some stream, as the packets' numbers say; `null` where nothing is missing. */
  readonly gone_ns: string | null;
  /** When the newest packet ends that was there when it was asked. */
  readonly newest_ns: string | null;
}

/** The traces of a recorded source. */
export type OpenTraces = (source: string) => Promise<OpenedTraces>;

/** A packet as planning sees it. */
interface Piece {
  readonly beginNs: bigint;
  readonly bytes: number;
}

const PLAN_PARAMETERS = ["source", "bytes", "begin", "end", "begin_ns", "end_ns"];
const DEFAULT_BYTES = 96 << 20;
const LEAST_BYTES = 64 << 10;
const MAX_BYTES = 16 * 2 ** 30;
/** A list that a driver can hold; ranges grow instead. */
const MAX_PARTITIONS = 10_000;
/** More than any packet header and context has. */
const HEAD_BYTES = 64 << 10;
/** How long a stream may write nothing and hold the others up, in ms. */
const DEFAULT_LAG_MS = 5000;

/**
 * Ranges of about so many bytes (`bytes`) for each of the sources, within the range of times of a query on all of them.
 * @throws FeedError 400 `BAD_PARAMETER`, `UNKNOWN_PARAMETER`, `NOT_RECORDED`; SourceError, MetadataError
 */
export async function partitionList(
  search: URLSearchParams,
  sources: readonly string[],
  open: OpenTraces,
): Promise<{ readonly partitions: readonly Partition[] }> {
  const parameters = Parameters.ofUrl(search, PLAN_PARAMETERS);
  const asked = readTimeRange(parameters);
  const bytes = Math.max(parameters.count("bytes", MAX_BYTES) ?? DEFAULT_BYTES, LEAST_BYTES);
  refuseUnreadable(sources);
  const traces: OpenedTraces[] = [];
  for (const source of sources) traces.push(await open(source));
  const range = await halfOpen(
    asked,
    traces.flatMap(({ opened }) => opened),
  );
  const partitions = traces.flatMap(({ opened }, i) => {
    const pieces = piecesOf(opened.flatMap(({ streams }) => streams));
    return cut(sources[i]!, pieces, bytes, range);
  });
  return { partitions };
}

/** A range of times, both of which are in it, in ns; its end is not in what is returned. */
async function halfOpen(
  { begin, end }: TimeRange,
  opened: readonly TraceDirectory[],
): Promise<Range> {
  const span = spanOf({ opened });
  const eventsNs = areFromBegin(begin, end) ? await firstEventNs({ opened }) : undefined;
  const frame = { firstNs: eventsNs ?? span.firstNs, lastNs: span.lastNs };
  const lastNs = resolveTime(end, frame, "end");
  return {
    begin: resolveTime(begin, frame, "begin"),
    end: lastNs === undefined ? undefined : lastNs + 1n,
  };
}

/** @throws FeedError 400 `NOT_RECORDED` for a source without ranges that can be read again */
export function refuseUnreadable(sources: readonly string[]): void {
  const other = sources.find((one) => isLiveSource(one) || areRowFiles(one));
  if (other === undefined) return;
  const message = `source: expected a recorded trace, whose ranges can be read again, got ${other}`;
  throw new FeedError("NOT_RECORDED", message, 400);
}

/**
 * How far each of the sources goes.
 * @throws FeedError 400 `BAD_PARAMETER`, `UNKNOWN_PARAMETER`; SourceError, MetadataError
 */
export async function watermarkList(
  search: URLSearchParams,
  sources: readonly string[],
  open: OpenTraces,
  nowMs: number = Date.now(),
): Promise<{ readonly sources: readonly SourceWatermark[] }> {
  const parameters = Parameters.ofUrl(search, ["source", "maxLag"]);
  const lagMs = parameters.duration("maxLag") ?? DEFAULT_LAG_MS;
  const answers: SourceWatermark[] = [];
  for (const source of sources) {
    if (isLiveSource(source)) {
      answers.push({ source, kind: "live", ...NOTHING_KNOWN });
      continue;
    }
    if (areRowFiles(source)) {
      answers.push({ source, kind: "recorded", ...NOTHING_KNOWN });
      continue;
    }
    const traces = await open(source);
    const streams = traces.opened.flatMap((trace) => trace.streams);
    const { firstNs, lastNs } = spanOf(traces);
    const complete = lastNs === undefined ? undefined : completeNs(streams, lastNs, nowMs - lagMs);
    answers.push({
      source,
      kind: "recorded",
      complete_ns: complete?.toString() ?? null,
      oldest_ns: firstNs?.toString() ?? null,
      gone_ns: goneNs(traces.opened)?.toString() ?? null,
      newest_ns: lastNs?.toString() ?? null,
    });
  }
  return { sources: answers };
}

function areRowFiles(source: string): boolean {
  return segmentPaths([source]) !== undefined;
}

const NOTHING_KNOWN = { complete_ns: null, oldest_ns: null, gone_ns: null, newest_ns: null };

/** The latest begin of a stream's first packet that is not its first by its number. */
function goneNs(traces: readonly TraceDirectory[]): bigint | undefined {
  let latest: bigint | undefined;
  const files = new OpenFiles();
  try {
    for (const { traceClass, streams } of traces)
      for (const { streamClass, packets } of streams) {
        const [first] = packets;
        const begin = instant(streamClass.clock, first?.begin);
        if (first === undefined || begin === undefined) continue;
        if (isWhole(files, first, traceClass) || (latest !== undefined && begin <= latest))
          continue;
        latest = begin;
      }
  } finally {
    files.close();
  }
  return latest;
}

/** Whether nothing is known to have come before a stream's first packet. */
function isWhole(files: OpenFiles, first: StoredPacket, traceClass: TraceClass): boolean {
  const head = new Uint8Array(Math.min(first.bytes, HEAD_BYTES));
  try {
    readStoredPacket(files, { ...first, bytes: head.length }, head);
    return (readPacketHeader(head, traceClass, first.bytes).sequenceNumber ?? 0n) === 0n;
  } catch (error) {
    // Whoever reads the packet finds out.
    if (error instanceof DecodeError || error instanceof SourceError) return true;
    throw error;
  }
}

/**
 * The end of the stream that is behind, among those that were written to after a time. A source that was silent since then
 * holds up no other: everything before that time counts as there.
 */
function completeNs(streams: readonly StoredStream[], lastNs: bigint, silentMs: number): bigint {
  let least: bigint | undefined;
  for (const { streamClass, packets } of streams) {
    const last = packets.at(-1);
    const end = instant(streamClass.clock, last?.end);
    if (last === undefined || end === undefined || changedMs(last.path) <= silentMs) continue;
    if (least === undefined || end < least) least = end;
  }
  if (least !== undefined) return least;
  const silentNs = BigInt(Math.floor(silentMs)) * 1_000_000n;
  return silentNs > lastNs ? silentNs : lastNs + 1n;
}

function changedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Packets in the order in which they begin; those without a time first. */
function piecesOf(streams: readonly StoredStream[]): readonly Piece[] {
  const pieces = streams.flatMap(({ streamClass: { clock }, packets }) =>
    packets.map(({ begin, bytes }) => ({ beginNs: instant(clock, begin) ?? 0n, bytes })),
  );
  return pieces.sort((a, b) => (a.beginNs < b.beginNs ? -1 : a.beginNs > b.beginNs ? 1 : 0));
}

interface Range {
  readonly begin: bigint | undefined;
  readonly end: bigint | undefined;
}

/** A range ends where a packet begins that would make it larger than `bytes`. */
function cut(source: string, all: readonly Piece[], bytes: number, range: Range): Partition[] {
  const { begin, end } = range;
  if (begin !== undefined && end !== undefined && begin >= end) return [];
  // What begins before a range and reaches into it is read with its first part.
  const pieces = all.filter(({ beginNs }) => end === undefined || beginNs < end);
  const total = pieces.reduce((sum, piece) => sum + piece.bytes, 0);
  const most = Math.max(bytes, Math.ceil(total / MAX_PARTITIONS));
  const partitions: Partition[] = [];
  let from = begin;
  let held = { bytes: 0, packets: 0 };
  const close = (to: bigint | undefined): void => {
    partitions.push({
      source,
      begin_ns: from?.toString() ?? null,
      end_ns: to?.toString() ?? null,
      ...held,
    });
    from = to;
    held = { bytes: 0, packets: 0 };
  };
  let lastNs: bigint | undefined;
  for (const piece of pieces) {
    if (begin !== undefined && piece.beginNs < begin) continue;
    const isNew = lastNs === undefined || piece.beginNs > lastNs;
    const isFull = held.packets > 0 && held.bytes + piece.bytes > most;
    if (isNew && isFull && piece.beginNs !== from) close(piece.beginNs);
    held = { bytes: held.bytes + piece.bytes, packets: held.packets + 1 };
    lastNs = piece.beginNs;
  }
  close(end);
  return partitions;
}
