import type { FileHandle } from "node:fs/promises";
import { open, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DecodeError, TraceError } from "../base/errors.ts";
import { MAX_PACKET_BYTES, type PacketHeader, readPacketHeader } from "./packet-header.ts";
import type { TraceClass } from "./trace-class.ts";

/** Where one packet lies in its data file. Timestamps are clock cycles. */
export interface PacketEntry {
  readonly byteOffset: number;
  readonly bytes: number;
  readonly begin: bigint | undefined;
  readonly end: bigint | undefined;
}

export interface PacketIndex {
  readonly packets: readonly PacketEntry[];
  readonly first: PacketHeader | undefined;
  /** What is wrong with the file's rest, when not all of it is packets. */
  readonly damage: TraceError | undefined;
}

const INDEX_MAGIC = 0xc1f1dcc1;
const INDEX_HEADER_BYTES = 16;
/** Enough for any packet header and context that LTTng writes, read at each packet's start. */
const PROBE_BYTES = 4096;

/**
 * The packets of a data file: from LTTng's index file if that fits the data file, otherwise by walking it.
 * An index is a hint only: it may be missing, empty or wrong.
 */
export async function indexPackets(path: string, traceClass: TraceClass): Promise<PacketIndex> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size === 0) return { packets: [], first: undefined, damage: undefined };
    const first = await probe(file, 0, size, traceClass);
    const indexed = first instanceof TraceError ? undefined : await readIndexFile(path, size);
    if (indexed !== undefined && !(first instanceof TraceError) && agrees(indexed[0], first)) {
      return { packets: indexed, first, damage: undefined };
    }
    return await walkPackets(file, size, traceClass);
  } finally {
    await file.close();
  }
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
async function readIndexFile(dataPath: string, size: number): Promise<PacketEntry[] | undefined> {
  const indexPath = join(dirname(dataPath), "index", `${basename(dataPath)}.idx`);
  const bytes = await readFile(indexPath).catch(() => undefined);
  if (bytes === undefined || bytes.length < INDEX_HEADER_BYTES) return undefined;
  const entryBytes = bytes.readUInt32BE(12);
  if (bytes.readUInt32BE(0) !== INDEX_MAGIC || bytes.readUInt32BE(4) !== 1 || entryBytes < 56)
    return undefined;
  const packets: PacketEntry[] = [];
  let expectedOffset = 0;
  for (let p = INDEX_HEADER_BYTES; p + entryBytes <= bytes.length; p += entryBytes) {
    const byteOffset = Number(bytes.readBigUInt64BE(p));
    const packetBytes = Number(bytes.readBigUInt64BE(p + 8)) / 8;
    if (byteOffset !== expectedOffset || packetBytes < 1 || packetBytes > MAX_PACKET_BYTES)
      return undefined;
    expectedOffset += packetBytes;
    const begin = bytes.readBigUInt64BE(p + 24);
    packets.push({ byteOffset, bytes: packetBytes, begin, end: bytes.readBigUInt64BE(p + 32) });
  }
  return expectedOffset === size ? packets : undefined;
}

async function walkPackets(
  file: FileHandle,
  size: number,
  traceClass: TraceClass,
): Promise<PacketIndex> {
  const packets: PacketEntry[] = [];
  let first: PacketHeader | undefined;
  for (let byteOffset = 0; byteOffset < size; ) {
    const header = await probe(file, byteOffset, size, traceClass);
    if (header instanceof TraceError) return { packets, first, damage: header };
    // Of a packet that a crash cut short, what is there is read; missing padding is no loss.
    const whole = header.packetBits / 8;
    const bytes = Math.min(whole, size - byteOffset);
    first ??= header;
    packets.push({ byteOffset, bytes, begin: header.begin, end: header.end });
    if (header.missingBits > 0) {
      const message = `packet at byte ${byteOffset}: expected ${whole} bytes, got ${bytes} before the file ends`;
      return { packets, first, damage: new DecodeError("DECODE_TRUNCATED_FILE", message, 0) };
    }
    byteOffset += bytes;
  }
  return { packets, first, damage: undefined };
}

async function probe(
  file: FileHandle,
  byteOffset: number,
  size: number,
  traceClass: TraceClass,
): Promise<PacketHeader | TraceError> {
  const bytes = new Uint8Array(Math.min(PROBE_BYTES, size - byteOffset));
  await file.read(bytes, 0, bytes.length, byteOffset);
  try {
    return readPacketHeader(bytes, traceClass, size - byteOffset);
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    const code = error instanceof DecodeError ? error.code : "DECODE_PACKET";
    return new DecodeError(code, `packet at byte ${byteOffset}: ${error.message}`, 0, {
      cause: error,
    });
  }
}
