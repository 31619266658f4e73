import { type Word, wordToBigInt, wordToNumber } from "../base/bits.ts";
import { DecodeError } from "../base/errors.ts";
import { FieldCursor, readHeader, Slots } from "./field-cursor.ts";
import type { ByteOrder, IntegerClass, Role, StreamClass, TraceClass } from "./trace-class.ts";
import { hasReliableEnds } from "./tracer-quirks.ts";

/** No more of a packet is read at once: bit positions stay within 31 bits. LTTng sub-buffers are far below. */
export const MAX_PACKET_BYTES: number = 128 << 20;

/** What packet header and packet context say. Sizes are bits, timestamps clock cycles. */
export interface PacketHeader {
  readonly streamClass: StreamClass;
  /** `stream_instance_id`: distinguishes the streams of one class (LTTng: the CPU). */
  readonly instanceId: bigint | undefined;
  readonly packetBits: number;
  /** As far as there is any: a crash may have cut the packet short. */
  readonly contentBits: number;
  /** What is missing of the content. */
  readonly missingBits: number;
  readonly begin: bigint | undefined;
  /** `undefined` also where it cannot be relied on: a crash left it 0, or the tracer is known to write it too early. */
  readonly end: bigint | undefined;
  readonly sequenceNumber: bigint | undefined;
  /** Running count of the stream's discarded events, and its width, after which it wraps. */
  readonly discardedEvents: bigint | undefined;
  readonly discardedBits: number;
  readonly cpuId: number | undefined;
  /** Of the last field before the first event. */
  readonly byteOrder: ByteOrder | undefined;
  /** Another UUID than the metadata's, as hexadecimal digits. */
  readonly foreignUuid: string | undefined;
  /** First bit after the packet context, where the first event record begins. */
  readonly headerBits: number;
  /** First bit of the packet context. */
  readonly contextBit: number;
  /** What a bit of the bytes at hand is short of the packet's, where they are a part of it. */
  readonly shiftBits?: number;
  /** Lengths and selectors that the packet's header and context hold for its events. */
  readonly slots: Slots;
}

const CTF_MAGIC = 0xc1fc1fc1;

/**
 * Reads packet header and packet context.
 *
 * @param bytes the packet, or at least its beginning; borrowed
 * @param availableBytes what there is of the packet, which is its size where it names none (a file that is one packet);
 *   default `bytes.length`
 * @param mostBytes a larger packet is refused
 * @throws DecodeError `DECODE_MAGIC`, `DECODE_STREAM_CLASS`, `DECODE_PACKET_SIZE`, `DECODE_PAST_CONTENT`
 * @see CTF 1.8.3 §5
 */
export function readPacketHeader(
  bytes: Uint8Array,
  traceClass: TraceClass,
  availableBytes: number = bytes.length,
  mostBytes: number = MAX_PACKET_BYTES,
): PacketHeader {
  const slots = new Slots(traceClass.slotCount);
  const cursor = new FieldCursor(bytes, slots, 0, bytes.length * 8);
  let classId: number | undefined;
  let instanceId: bigint | undefined;
  const uuid: number[] = [];
  if (traceClass.packetHeader !== undefined) {
    readHeader(traceClass.packetHeader, cursor, {
      integer({ roles }, value) {
        for (const role of roles) {
          if (role === "packet-magic-number") checkMagic(value.lo >>> 0);
          else if (role === "metadata-stream-uuid") uuid.push(value.lo & 0xff);
          else if (role === "data-stream-class-id") classId = wordToNumber(value, false);
          else if (role === "data-stream-id") instanceId = wordToBigInt(value, false);
        }
      },
      blob({ roles }, blob) {
        if (roles.includes("metadata-stream-uuid")) uuid.push(...blob.subarray(0, 16));
      },
    });
  }
  const streamClass = streamClassOf(traceClass, classId);

  const contextBit = cursor.bit;
  const context = readContext(streamClass, cursor);
  const { begin, sequenceNumber, discardedEvents, discardedBits, cpuId } = context;
  const end = hasReliableEnds(traceClass) ? writtenEnd(begin, context.end) : undefined;
  const packetBits = context.packetBits ?? context.contentBits ?? availableBytes * 8;
  const contentBits = context.contentBits ?? packetBits;
  checkSizes(packetBits, contentBits, cursor.bit, mostBytes);
  const missingBits = Math.max(0, contentBits - availableBytes * 8);
  return {
    streamClass,
    instanceId,
    packetBits,
    contentBits: contentBits - missingBits,
    missingBits,
    begin,
    end,
    sequenceNumber,
    discardedEvents,
    discardedBits,
    cpuId,
    byteOrder: cursor.byteOrder,
    foreignUuid: foreignUuid(uuid, traceClass.uuid),
    headerBits: cursor.bit,
    contextBit,
    slots,
  };
}

/** What a packet context says of its packet, as it is written. */
interface PacketContext {
  packetBits?: number;
  contentBits?: number;
  begin?: bigint;
  end?: bigint;
  sequenceNumber?: bigint;
  discardedEvents?: bigint;
  discardedBits: number;
  cpuId?: number;
}

function readContext({ packetContext }: StreamClass, cursor: FieldCursor): PacketContext {
  const context: PacketContext = { discardedBits: 64 };
  if (packetContext === undefined) return context;
  readHeader(packetContext, cursor, {
    integer(fieldClass, value) {
      for (const role of fieldClass.roles) setRole(context, role, fieldClass, value);
    },
  });
  return context;
}

function setRole(
  context: PacketContext,
  role: Role,
  { size, signed }: IntegerClass,
  value: Word,
): void {
  switch (role) {
    case "packet-total-length":
      context.packetBits = wordToNumber(value, false);
      break;
    case "packet-content-length":
      context.contentBits = wordToNumber(value, false);
      break;
    case "default-clock-timestamp":
      context.begin = wordToBigInt(value, false);
      break;
    case "packet-end-default-clock-timestamp":
      context.end = wordToBigInt(value, false);
      break;
    case "packet-sequence-number":
      context.sequenceNumber = wordToBigInt(value, false);
      break;
    case "discarded-event-record-counter-snapshot":
      context.discardedEvents = wordToBigInt(value, false);
      context.discardedBits = size;
      break;
    case "cpu-id":
      context.cpuId = wordToNumber(value, signed);
      break;
    default:
      break;
  }
}

/** A packet that a crash left open has an end of 0, before its begin. */
export function writtenEnd(begin: bigint | undefined, end: bigint | undefined): bigint | undefined {
  return end === 0n && begin !== undefined && begin > 0n ? undefined : end;
}

function checkMagic(magic: number): void {
  if (magic === CTF_MAGIC) return;
  throw new DecodeError(
    "DECODE_MAGIC",
    `packet header: expected magic c1fc1fc1, got ${magic.toString(16).padStart(8, "0")}`,
    0,
  );
}

function foreignUuid(got: readonly number[], expected: Uint8Array | undefined): string | undefined {
  if (got.length !== 16 || expected === undefined) return undefined;
  return got.every((byte, i) => byte === expected[i]) ? undefined : hex(got);
}

/** What people should know of packets whose UUID is not the metadata's: they are read all the same, as babeltrace2 does. */
export function foreignUuidNote(path: string, uuid: string, { uuid: own }: TraceClass): string {
  const expected = own === undefined ? "none" : hex(own);
  return `${path}: expected packets of trace UUID ${expected}, got ${uuid}; they are read as if they were its own`;
}

function hex(bytes: Iterable<number>): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function streamClassOf(traceClass: TraceClass, id: number | undefined): StreamClass {
  const { streamClasses } = traceClass;
  const found =
    id === undefined && streamClasses.size === 1
      ? streamClasses.values().next().value
      : streamClasses.get(id ?? 0);
  if (found !== undefined) return found;
  const known = [...streamClasses.keys()].join(", ") || "none";
  throw new DecodeError(
    "DECODE_STREAM_CLASS",
    `packet header: expected a declared stream class (${known}), got ${id ?? "none"}`,
    160,
  );
}

function checkSizes(
  packetBits: number,
  contentBits: number,
  headerBits: number,
  mostBytes: number,
): void {
  const fits =
    packetBits % 8 === 0 &&
    packetBits <= mostBytes * 8 &&
    contentBits <= packetBits &&
    contentBits >= headerBits;
  if (fits) return;
  throw new DecodeError(
    "DECODE_PACKET_SIZE",
    `packet context: expected content of ${headerBits} bits or more in a packet of whole bytes, at most ${mostBytes}, got content ${contentBits} and packet ${packetBits} bits`,
    headerBits,
  );
}
