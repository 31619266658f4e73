/** The packets of a data file: where each lies, and its times; from an index file, or by reading headers. */

import { closeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DecodeError, TraceError } from "../base/errors.ts";
import { Turns } from "../base/turns.ts";
import { openRegularFile, readAt, readSmallFile } from "./data-files.ts";
import { type ClockReading, firstEventClock } from "./first-event.ts";
import type { PacketEntry } from "./packet-entry.ts";
import {
  MAX_PACKET_BYTES,
  type PacketHeader,
  readPacketHeader,
  writtenEnd,
} from "./packet-header.ts";
import type { TraceClass } from "./trace-class.ts";
import type { FoundPacket } from "./whole-times.ts";

export interface PacketIndex {
  readonly packets: readonly FoundPacket[];
  readonly first: PacketHeader | undefined;
  /** What is wrong with the file's rest, when not all of it is packets. */
  readonly damage: TraceError | undefined;
}

export const INDEX_MAGIC = 0xc1f1dcc1;
const INDEX_HEADER_BYTES = 16;
/** A larger one is no index: it would have a million packets. */
const MAX_INDEX_BYTES = 72 << 20;
/** Enough for the packet header and context of most tracers, read at each packet's start; longer ones take several reads. */
const PROBE_BYTES = 4096;
const PROBE_GROWTH = 8;
/** A packet that says it is larger has a header that is wrong: it would be more than any file system holds. */
const MOST_FILE_BYTES = 2 ** 50;
/** What is wrong with a header that goes on behind the bytes that were read of it. */
export const CUT_SHORT: ReadonlySet<string> = new Set([
  "DECODE_PAST_CONTENT",
  "DECODE_LENGTH",
  "DECODE_STRING",
  "DECODE_VARIABLE_LENGTH",
]);

/**
 * The packets of a data file: from LTTng's index file if that fits the data file, otherwise by walking it.
 * An index is a hint only: it may be missing, empty or wrong.
 */
export async function indexPackets(
  path: string,
  traceClass: TraceClass,
  turns: Turns = new Turns(),
): Promise<PacketIndex> {
  let file: DataFile;
  try {
    file = { path, ...openRegularFile(path) };
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    return { packets: [], first: undefined, damage: error };
  }
  try {
    if (file.size === 0) return { packets: [], first: undefined, damage: undefined };
    const first = probe(file, 0, traceClass);
    if (first instanceof TraceError) return { packets: [], first: undefined, damage: first };
    const indexed = await readIndexFile(file);
    if (indexed !== undefined && agrees(indexed[0], first.header))
      return { packets: indexed, first: first.header, damage: undefined };
    return await walkPackets(file, traceClass, turns);
  } finally {
    closeSync(file.fd);
  }
}

/** A data file that is open, and how much of it is looked at. */
export interface DataFile {
  readonly path: string;
  readonly fd: number;
  readonly size: number;
}

/** An index that is wrong about the first packet is another file's, or an older one's: its times cannot be relied on. */
function agrees(entry: PacketEntry | undefined, header: PacketHeader): boolean {
  return (
    entry !== undefined &&
    entry.bytes === header.packetBits / 8 &&
    entry.begin === header.begin &&
    entry.end === header.end
  );
}

/**
 * LTTng index, all big endian: 0 u32 magic · 4 u32 major · 8 u32 minor · 12 u32 entry bytes (56 or 72); entries of u64:
 * 0 offset (bytes) · 8 packet_size (bits) · 16 content_size (bits) · 24 timestamp_begin · 32 timestamp_end · 40 events_discarded ·
 * 48 stream_id · 56 stream_instance_id · 64 packet_seq_num. Source: lttng-tools ctf-index.h.
 */
async function readIndexFile({ path, size }: DataFile): Promise<FoundPacket[] | undefined> {
  const indexPath = join(dirname(path), "index", `${basename(path)}.idx`);
  const bytes = await readSmallFile(indexPath, MAX_INDEX_BYTES);
  if (bytes === undefined || bytes.length < INDEX_HEADER_BYTES) return undefined;
  const entryBytes = bytes.readUInt32BE(12);
  if (bytes.readUInt32BE(0) !== INDEX_MAGIC || bytes.readUInt32BE(4) !== 1 || entryBytes < 56)
    return undefined;
  const packets: FoundPacket[] = [];
  let expectedOffset = 0;
  for (let p = INDEX_HEADER_BYTES; p + entryBytes <= bytes.length; p += entryBytes) {
    const byteOffset = Number(bytes.readBigUInt64BE(p));
    const packetBytes = Number(bytes.readBigUInt64BE(p + 8)) / 8;
    if (byteOffset !== expectedOffset || packetBytes < 1 || packetBytes > size) return undefined;
    expectedOffset += packetBytes;
    const begin = bytes.readBigUInt64BE(p + 24);
    const end = writtenEnd(begin, bytes.readBigUInt64BE(p + 32));
    packets.push({ byteOffset, bytes: packetBytes, begin, end, firstEvent: undefined });
  }
  return expectedOffset === size ? packets : undefined;
}

async function walkPackets(
  file: DataFile,
  traceClass: TraceClass,
  turns: Turns,
): Promise<PacketIndex> {
  const packets: FoundPacket[] = [];
  let first: PacketHeader | undefined;
  for (let byteOffset = 0; byteOffset < file.size; ) {
    await turns.pass();
    const probed = probe(file, byteOffset, traceClass);
    if (probed instanceof TraceError) return { packets, first, damage: probed };
    const { header, firstEvent } = probed;
    // Of a packet that a crash cut short, what is there is read.
    const whole = header.packetBits / 8;
    const bytes = Math.min(whole, file.size - byteOffset);
    first ??= header;
    packets.push({ byteOffset, bytes, begin: header.begin, end: header.end, firstEvent });
    if (bytes < whole) {
      const what = header.missingBits > 0 ? "" : ", which hold all of its content";
      const message = `packet at byte ${byteOffset}: expected ${whole} bytes, got ${bytes} before the file ends${what}`;
      return { packets, first, damage: new DecodeError("DECODE_TRUNCATED_FILE", message, 0) };
    }
    byteOffset += bytes;
  }
  return { packets, first, damage: undefined };
}

export interface Probed {
  readonly header: PacketHeader;
  readonly firstEvent: ClockReading | undefined;
}

/** Reads a packet's header and context, however long they are. */
export function probe(
  { path, fd, size }: DataFile,
  byteOffset: number,
  traceClass: TraceClass,
): Probed | TraceError {
  const most = Math.min(size - byteOffset, MAX_PACKET_BYTES);
  for (let length = PROBE_BYTES; ; length *= PROBE_GROWTH) {
    const bytes = new Uint8Array(Math.min(length, most));
    try {
      readAt(path, fd, bytes, byteOffset);
      const header = readPacketHeader(bytes, traceClass, size - byteOffset, MOST_FILE_BYTES);
      return { header, firstEvent: firstEventClock(bytes, header, traceClass) };
    } catch (error) {
      if (!(error instanceof TraceError)) throw error;
      if (length < most && CUT_SHORT.has(error.code)) continue;
      if (!(error instanceof DecodeError)) return error;
      const message = `packet at byte ${byteOffset}: ${error.message}`;
      return new DecodeError(error.code, message, error.bitOffset, { cause: error });
    }
  }
}
