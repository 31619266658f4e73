/** One stream: its packets, each with the records that are kept, into a data file and its index. */

import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  rmSync,
  writeSync,
} from "node:fs";
import { wordToBigInt } from "../base/bits.ts";
import { SourceError } from "../base/errors.ts";
import { alignUp, Slots } from "../ctf/field-cursor.ts";
import type { PacketHeader } from "../ctf/packet-header.ts";
import type { EventClass, StreamClass, TraceClass } from "../ctf/trace-class.ts";
import { planHeaderWalk, planRecordWalk } from "../scan/walk-planner.ts";
import { Walker } from "../scan/walker.ts";
import { FieldCopier, type Target } from "./field-copier.ts";
import { indexBytes, indexEntry, indexHeader } from "./index-file.ts";
import type { KeptRecords } from "./kept-records.ts";
import { PacketFields } from "./packet-fields.ts";
import type { Numbered, PacketNumbers } from "./packet-numbers.ts";
import { greatestAlignment, type RecordShape, recordShape } from "./record-shape.ts";

/** A packet of the original. */
export interface SourcePacket {
  readonly bytes: Uint8Array;
  readonly header: PacketHeader;
}

/** A part of a packet's time, clock cycles. */
interface Part {
  readonly begin?: bigint | undefined;
  readonly end?: bigint | undefined;
}

const SLACK_BYTES = 4096;

export class StreamCutter implements Target, Numbered {
  bytes: Uint8Array = new Uint8Array(1 << 16);
  bit = 0;
  readonly #traceClass: TraceClass;
  readonly #path: string;
  readonly #indexPath: string | undefined;
  readonly #uuid: Uint8Array | undefined;
  readonly #data: number;
  readonly #index: number | undefined = undefined;
  readonly #walker = new Walker();
  readonly #shapes = new Map<EventClass, RecordShape>();
  #byteOffset = 0;
  #packets = 0;
  #number: bigint | undefined;
  #sourceNumber: bigint | undefined;
  /** Packets that the original lacks since the last one that was written. */
  #missing = 0n;
  #discarded: bigint | undefined;
  #hasUnsized = false;

  /**
   * @param path of the data file
   * @param indexPath of its index; none where packets have no times or sizes
   * @param uuid of the trace, where it gets another
   * @throws the system's error; there is no file of it then
   */
  constructor(
    traceClass: TraceClass,
    path: string,
    indexPath: string | undefined,
    uuid: Uint8Array | undefined,
  ) {
    this.#traceClass = traceClass;
    this.#walker.slots = new Slots(traceClass.slotCount);
    this.#path = path;
    this.#indexPath = indexPath;
    this.#uuid = uuid;
    this.#data = openSync(path, "wx");
    try {
      this.#index = indexPath === undefined ? undefined : openSync(indexPath, "wx");
      if (this.#index !== undefined) writeAll(this.#index, indexHeader());
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * Ends its files; those of a stream without a packet go.
   * @param isSynced whether they are on the disk then
   */
  close(isSynced: boolean = false): void {
    for (const file of [this.#data, this.#index]) {
      if (file === undefined) continue;
      if (isSynced) fsyncSync(file);
      closeSync(file);
    }
    if (this.#byteOffset > 0) return;
    rmSync(this.#path, { force: true });
    if (this.#indexPath !== undefined) rmSync(this.#indexPath, { force: true });
  }

  get numbers(): PacketNumbers {
    const number = this.#number;
    const sourceNumber = this.#sourceNumber;
    return { number, sourceNumber, missing: this.#missing, discarded: this.#discarded };
  }

  /** Numbers go on where those of another file of the stream ended. */
  goOnFrom({ numbers }: Numbered): void {
    this.#number = numbers.number;
    this.#sourceNumber = numbers.sourceNumber;
    this.#missing = numbers.missing;
    this.#discarded = numbers.discarded;
  }

  /** Takes back what a full disk has taken of the last packet only. */
  cutBack(): void {
    ftruncateSync(this.#data, this.#byteOffset);
    if (this.#index !== undefined) ftruncateSync(this.#index, indexBytes(this.#packets));
  }

  /** Whether its files still have names: what is written to a file that was deleted is nowhere. */
  get isThere(): boolean {
    return [this.#data, this.#index].every(
      (file) => file === undefined || fstatSync(file).nlink > 0,
    );
  }

  get hasIndex(): boolean {
    return this.#index !== undefined;
  }

  /** Bytes so far. */
  get size(): number {
    return this.#byteOffset;
  }

  /**
   * Takes a packet's records over, all or none; a packet that says nothing is left out.
   * @param part of the packet's time that the records are of, clock cycles
   * @throws the system's error: the packet is then one that the stream lacks, and `cutBack` takes back what there is of it
   */
  packet(packet: SourcePacket, records: KeptRecords, keepsEmpty: boolean, part: Part = {}): void {
    this.#countMissing(packet.header);
    const before = { numbers: this.numbers };
    const [byteOffset, packets] = [this.#byteOffset, this.#packets];
    try {
      this.#take(packet, records, keepsEmpty, part);
    } catch (error) {
      this.goOnFrom(before);
      if (packet.header.sequenceNumber !== undefined) this.#missing++;
      this.#byteOffset = byteOffset;
      this.#packets = packets;
      throw error;
    }
  }

  #take(packet: SourcePacket, records: KeptRecords, keepsEmpty: boolean, part: Part): void {
    const { discardedEvents } = packet.header;
    const isFirst = this.#byteOffset === 0;
    const saysMore = discardedEvents !== this.#discarded || isFirst || keepsEmpty;
    if (records.count === 0 && !saysMore) return;
    const fields = new PacketFields(packet.bytes, packet.header, this.#traceClass, this.#path);
    let { begin } = part;
    for (let from = 0; ; ) {
      const clock = begin ?? fields.wholeBegin ?? packet.header.begin;
      const to = this.#fill(packet, records, from, clock);
      const isLast = to === records.count;
      const end = isLast ? part.end : records.clocks[Math.max(from, to - 1)]!;
      // Nothing fits before a begin that is long before the first record: there, the begin moves.
      if (to > from || isLast) this.#finish(packet, fields, begin, end);
      if (isLast) return;
      begin = this.#beginAt(packet, fields, records.clocks[to]!);
      from = to;
    }
  }

  /** Leaves a packet out that has no record to keep: the next ones say what it says of discarded events. */
  leaveOut(header: PacketHeader): void {
    this.#countMissing(header);
  }

  /** Takes a packet over as it is, but for what is behind its content. */
  whole(packet: SourcePacket): void {
    const { bytes, header } = packet;
    this.#countMissing(header);
    const contentBytes = Math.ceil(header.contentBits / 8);
    this.bit = 0;
    this.reserve(contentBytes * 8);
    this.bytes.set(bytes.subarray(0, contentBytes));
    this.bit = header.contentBits;
    const fields = new PacketFields(bytes, header, this.#traceClass, this.#path);
    this.#finish(packet, fields, undefined, undefined);
  }

  reserve(bits: number): void {
    const needed = (this.bit + bits + 7) / 8;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(2 ** Math.ceil(Math.log2(needed + SLACK_BYTES)));
    larger.set(this.bytes);
    this.bytes = larger;
  }

  /** Begins a packet and copies records into it, as long as their times can be read there; gives the first that was not. */
  #fill(
    packet: SourcePacket,
    records: KeptRecords,
    from: number,
    begin: bigint | undefined,
  ): number {
    const { bytes, header } = packet;
    const headBytes = Math.ceil(header.headerBits / 8);
    this.bytes.fill(0);
    this.bit = 0;
    this.reserve(headBytes * 8);
    this.bytes.set(bytes.subarray(0, headBytes));
    this.bit = header.headerBits;
    this.#clearBehindHeader(header);
    const { slotCount } = this.#traceClass;
    const copier = new FieldCopier(bytes, header.slots, slotCount, header.contentBits, this);
    const { streamClass } = header;
    for (let i = from; i < records.count; ) {
      const clock = i === from ? (begin ?? 0n) : records.clocks[i - 1]!;
      // Times behind that of a record that stood there before are read as they were.
      const follows = i > from && records.begins[i] === records.ends[i - 1];
      if (!follows && !this.#isReadable(packet, records, i, clock)) return i;
      const copied = this.#copyRun(packet, records, i);
      if (copied === 0)
        copier.record(records.begins[i]!, streamClass, records.classOf(i, streamClass));
      i += Math.max(1, copied);
    }
    return records.count;
  }

  #countMissing({ sequenceNumber }: PacketHeader): void {
    if (sequenceNumber === undefined) return;
    const last = this.#sourceNumber;
    if (last !== undefined && sequenceNumber > last) this.#missing += sequenceNumber - last - 1n;
    this.#sourceNumber = sequenceNumber;
  }

  /** The byte that the header ends in may have a record's first bits. */
  #clearBehindHeader({ headerBits, byteOrder }: PacketHeader): void {
    const used = headerBits & 7;
    if (used === 0) return;
    const mask = byteOrder === "big-endian" ? 0xff << (8 - used) : 0xff >> (8 - used);
    this.bytes[headerBits >>> 3] = this.bytes[headerBits >>> 3]! & mask;
  }

  /**
   * Copies a record as bytes, where its padding is the same as it was, and those that follow without a gap.
   * @returns how many
   */
  #copyRun({ bytes, header }: SourcePacket, records: KeptRecords, from: number): number {
    const { streamClass } = header;
    const { begins, ends, count } = records;
    const first = streamClass.eventHeader?.align ?? 1;
    const begin = alignUp(begins[from]!, first);
    const at = alignUp(this.bit, first);
    if (((begin | at) & 7) !== 0) return 0;
    const shift = at - begin;
    const isAligned = shift % greatestAlignment(streamClass) === 0;
    const isWhole = (i: number): boolean => {
      if ((ends[i]! & 7) !== 0) return false;
      if (isAligned) return true;
      const { alignment } = this.#shapeOf(streamClass, records.classOf(i, streamClass));
      return shift % alignment === 0;
    };
    let to = from;
    let end = begin;
    while (to < count && (to === from || begins[to] === end) && end % first === 0 && isWhole(to))
      end = ends[to++]!;
    if (to === from) return 0;
    this.bit = at;
    this.reserve(end - begin);
    this.bytes.set(bytes.subarray(begin >>> 3, end >>> 3), at >>> 3);
    this.bit = at + end - begin;
    return to - from;
  }

  /** Whether a record's time, of which it may have the lowest bits only, is right behind another clock value. */
  #isReadable(
    { bytes, header }: SourcePacket,
    records: KeptRecords,
    i: number,
    clock: bigint,
  ): boolean {
    const { streamClass } = header;
    if (streamClass.clock === undefined) return true;
    const wanted = records.clocks[i]!;
    const ahead = wanted - clock;
    const eventClass = records.classOf(i, streamClass);
    const { clockBits } = this.#shapeOf(streamClass, eventClass);
    if (ahead >= 0n && ahead < 1n << BigInt(clockBits)) return true;
    const walker = this.#walker;
    walker.bytes = bytes;
    walker.slots.set(header.slots);
    walker.bit = records.begins[i]!;
    walker.end = records.ends[i]!;
    walker.clock.hi = Number(BigInt.asIntN(32, clock >> 32n));
    walker.clock.lo = Number(BigInt.asIntN(32, clock));
    walker.run(planHeaderWalk(streamClass, false));
    walker.run(planRecordWalk(streamClass, eventClass, undefined, false));
    return wordToBigInt(walker.clock, false) === wanted;
  }

  #shapeOf(streamClass: StreamClass, eventClass: EventClass): RecordShape {
    let shape = this.#shapes.get(eventClass);
    if (shape === undefined) {
      shape = recordShape(streamClass, eventClass);
      this.#shapes.set(eventClass, shape);
    }
    return shape;
  }

  /** A new packet that begins with a record. */
  #beginAt({ header }: SourcePacket, fields: PacketFields, clock: bigint): bigint {
    const role = "default-clock-timestamp";
    if (fields.has(role) && fields.width(role) === 64 && header.begin !== undefined) return clock;
    throw new SourceError(
      "CUT_CLOCK",
      `${this.#path}: cut: expected packets with 64-bit begins, which hold the times of records whose predecessors are left out, got narrower ones`,
    );
  }

  /** Settles a packet's header and writes it. @param end of one that another of the same packet follows */
  #finish(
    { header }: SourcePacket,
    fields: PacketFields,
    begin: bigint | undefined,
    end: bigint | undefined,
  ): void {
    const contentBits = this.bit;
    const packetBits = alignUp(contentBits, 8);
    this.#checkSize(fields, contentBits, packetBits);
    if (this.#uuid !== undefined) fields.writeUuid(this.bytes, this.#uuid);
    fields.write(this.bytes, "packet-content-length", BigInt(contentBits));
    fields.write(this.bytes, "packet-total-length", BigInt(packetBits));
    if (begin !== undefined) fields.write(this.bytes, "default-clock-timestamp", begin);
    if (end !== undefined) fields.write(this.bytes, "packet-end-default-clock-timestamp", end);
    if (header.sequenceNumber !== undefined) {
      this.#number =
        this.#number === undefined ? header.sequenceNumber : this.#number + this.#missing + 1n;
      this.#missing = 0n;
      fields.write(this.bytes, "packet-sequence-number", this.#number);
    }
    const isLast = end === undefined;
    const discarded = isLast ? header.discardedEvents : (this.#discarded ?? header.discardedEvents);
    if (discarded !== undefined)
      fields.write(this.bytes, "discarded-event-record-counter-snapshot", discarded);
    this.#discarded = discarded;
    const indexBegin = begin ?? fields.wholeBegin ?? header.begin ?? 0n;
    this.#write(header, indexBegin, end ?? header.end ?? 0n, packetBits);
  }

  #checkSize(fields: PacketFields, contentBits: number, packetBits: number): void {
    const hasContent = fields.has("packet-content-length");
    const hasTotal = fields.has("packet-total-length");
    if (hasContent && hasTotal) return;
    if (!hasContent && !hasTotal && this.#hasUnsized)
      throw new SourceError(
        "CUT_UNSIZED",
        `${this.#path}: cut: expected packets that say their size, or one in a file, got several without`,
      );
    this.#hasUnsized = !hasContent && !hasTotal;
    if (contentBits !== packetBits)
      throw new SourceError(
        "CUT_UNSIZED",
        `${this.#path}: cut: expected packets that say the size of their content, or records of whole bytes, got ${contentBits} bits`,
      );
  }

  #write(header: PacketHeader, begin: bigint, end: bigint, packetBits: number): void {
    const bytes = this.bytes.subarray(0, packetBits / 8);
    writeAll(this.#data, bytes);
    if (this.#index !== undefined)
      writeAll(
        this.#index,
        indexEntry({
          byteOffset: this.#byteOffset,
          packetBits,
          contentBits: this.bit,
          begin,
          end,
          discardedEvents: this.#discarded ?? 0n,
          streamClass: header.streamClass.id,
          instance: header.instanceId ?? 0n,
          number: this.#number ?? 0n,
        }),
      );
    this.#byteOffset += bytes.length;
    this.#packets++;
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; )
    written += writeSync(fd, bytes, written, bytes.length - written);
}
