/**
 * Stored packets a part at a time: a packet may be as large as its file, where it has no sizes. A part is the packet's header
 * and context, and behind them some of its records; it is read as if it were a packet.
 */

import { DecodeError } from "../base/errors.ts";
import { type OpenFiles, readAt } from "./data-files.ts";
import { MAX_PACKET_BYTES, type PacketHeader, readPacketHeader } from "./packet-header.ts";
import { descriptorOf, readStoredPacket, type StoredPacket, withPlace } from "./stored-packet.ts";
import type { TraceClass } from "./trace-class.ts";

/** Larger packets are read in parts. */
const WHOLE_BYTES = 16 << 20;
/** Records of a part, in bytes; more if a single one needs it. */
export const PART_BYTES: number = 8 << 20;
/** The greatest alignment that metadata may ask for, in bytes: parts begin at multiples, so that records stay aligned. */
const ALIGN_BYTES = 1 << 17;

export interface PacketPart {
  readonly bytes: Uint8Array;
  /** The packet's, with the content as far as the part has it. */
  readonly header: PacketHeader;
  /** What a bit of the part is short of the packet's. */
  readonly shiftBits: number;
  /** Whether the part has all of the packet that follows. */
  readonly isLast: boolean;
}

/**
 * Reads a packet, or a part of it.
 *
 * @param from bit at which the part is to begin; the first record if `undefined`
 * @param recordBytes how much of the records is read, where the packet is too large to be read whole
 * @param buffer gives memory for so many bytes
 * @throws SourceError `SOURCE_TRUNCATED`, `SOURCE_UNREADABLE`, `SOURCE_NOT_FILE`; DecodeError as `readPacketHeader`
 */
export function readPart(
  files: OpenFiles,
  packet: StoredPacket,
  traceClass: TraceClass,
  from: number | undefined,
  recordBytes: number,
  buffer: (bytes: number) => Uint8Array,
): PacketPart {
  if (packet.bytes <= WHOLE_BYTES) {
    const bytes = buffer(packet.bytes);
    readStoredPacket(files, packet, bytes);
    const header = withPlace(readPacketHeader(bytes, traceClass), packet);
    return { bytes, header, shiftBits: 0, isLast: true };
  }
  const header = readLargeHeader(files, packet, traceClass);
  const headBytes = roundUp(Math.ceil(header.headerBits / 8));
  const wanted = Math.floor((from ?? header.headerBits) / 8);
  const start = Math.max(headBytes, wanted - (wanted % ALIGN_BYTES));
  const end = Math.min(packet.bytes, start + recordBytes);
  const bytes = buffer(headBytes + end - start);
  const at = (position: number, target: Uint8Array): void =>
    readStoredPacket(
      files,
      { ...packet, byteOffset: packet.byteOffset + position, bytes: target.length },
      target,
    );
  at(0, bytes.subarray(0, Math.min(headBytes, packet.bytes)));
  at(start, bytes.subarray(headBytes));
  const shiftBits = (start - headBytes) * 8;
  const contentBits = Math.min(header.contentBits - shiftBits, bytes.length * 8);
  const isLast = header.contentBits - shiftBits <= bytes.length * 8;
  return { bytes, header: { ...header, contentBits, shiftBits }, shiftBits, isLast };
}

/** Header and context of a packet that is too large to be read for them. */
function readLargeHeader(
  files: OpenFiles,
  packet: StoredPacket,
  traceClass: TraceClass,
): PacketHeader {
  for (let length = 4096; ; length *= 8) {
    const bytes = new Uint8Array(Math.min(length, packet.bytes, MAX_PACKET_BYTES));
    readAt(packet.path, descriptorOf(files, packet), bytes, packet.byteOffset);
    try {
      const most = Number.POSITIVE_INFINITY;
      return withPlace(readPacketHeader(bytes, traceClass, packet.bytes, most), packet);
    } catch (error) {
      const isCut = bytes.length < Math.min(packet.bytes, MAX_PACKET_BYTES);
      if (!(error instanceof DecodeError && isCut)) throw error;
    }
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / ALIGN_BYTES) * ALIGN_BYTES;
}
