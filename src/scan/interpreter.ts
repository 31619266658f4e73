/** The interpreting scanner: walks every record with the plan's steps. Reference and fallback of the compiled kernel. */

import { DecodeError } from "../base/errors.ts";
import { TextTooLong } from "../base/utf8-writer.ts";
import type { ColumnBatch } from "../column/column.ts";
import type { SharedDictionary } from "../column/column-builder.ts";
import { textTooLong } from "../column/text-limit.ts";
import { TimestampBuilder } from "../column/timestamp-builder.ts";
import { mayChangeInsideBytes } from "../ctf/byte-order-changes.ts";
import { Slots } from "../ctf/field-cursor.ts";
import type { PacketHeader } from "../ctf/packet-header.ts";
import type { EventClass, StreamClass, TraceClass } from "../ctf/trace-class.ts";
import { FilterInterpreter } from "../filter/interpret.ts";
import type { Append } from "./append.ts";
import { type EventPlan, planEvent } from "./event-plan.ts";
import { RecordColumns } from "./record-columns.ts";
import {
  NO_BUDGET,
  type ResumePoint,
  type ScanBudget,
  type Scanner,
  type ScanOutcome,
  type ScanSpec,
  type TraceFacts,
} from "./scanner.ts";
import type { Walk } from "./walk.ts";
import { planHeaderWalk } from "./walk-planner.ts";
import { Walker } from "./walker.ts";

/** Texts of a batch, in bytes: with more, another batch begins, so that offsets stay within 31 bits. */
const MOST_BATCH_TEXT = 1 << 26;
/** How often the clock is looked at: by events, a power of two, and with long texts at each. */
const LOOK_EVENTS = 256;
const LOOK_BYTES = 1 << 20;

/** An event class as this query runs it: plan, and how each column gets its value. */
interface RunnableEvent {
  readonly plan: EventPlan;
  readonly filter: FilterInterpreter | undefined;
  readonly appends: readonly Append[];
  /** Where the packet locations lie in the current packet, and which packet that is. */
  readonly packetBits: Int32Array;
  packet: number;
}

interface StreamState {
  readonly streamClass: StreamClass;
  readonly headerWalk: Walk;
  readonly events: Map<number, RunnableEvent>;
}

export class InterpretingScanner implements Scanner<ColumnBatch> {
  readonly #spec: ScanSpec;
  readonly #walker = new Walker();
  readonly #timestamps: TimestampBuilder;
  readonly #columns: RecordColumns;
  #traceClass: TraceClass;
  readonly #streams = new Map<StreamClass, StreamState>();
  readonly #runnable = new Map<EventClass, RunnableEvent>();
  #packet = 0;
  #contextBit = 0;

  /** @param dictionaries one for each column */
  constructor(
    spec: ScanSpec,
    dictionaries: readonly SharedDictionary[],
    traceClass: TraceClass,
    facts: TraceFacts,
  ) {
    this.#spec = spec;
    this.#timestamps = new TimestampBuilder(spec.begin, spec.end);
    this.#columns = new RecordColumns(spec.columns, dictionaries, this.#walker, traceClass, facts);
    this.#traceClass = traceClass;
    this.update(traceClass);
  }

  /** Nothing is kept outside. */
  close(): void {}

  update(traceClass: TraceClass): void {
    this.#traceClass = traceClass;
    this.#columns.update(traceClass);
    this.#walker.slots = new Slots(traceClass.slotCount);
    const current = new Set(traceClass.streamClasses.values());
    for (const streamClass of this.#streams.keys()) {
      if (!current.has(streamClass)) this.#streams.delete(streamClass);
    }
  }

  scan(
    bytes: Uint8Array,
    header: PacketHeader,
    resume?: ResumePoint,
    budget: ScanBudget = NO_BUDGET,
  ): ScanOutcome<ColumnBatch> {
    const stream = this.#stream(header.streamClass);
    const walker = this.#walker;
    walker.bytes = bytes;
    walker.slots.set(header.slots);
    walker.bit = resume?.bit ?? header.headerBits;
    walker.end = header.contentBits;
    walker.shiftBits = header.shiftBits ?? 0;
    walker.clock.hi = resume?.clockHi ?? Number(BigInt.asIntN(32, (header.begin ?? 0n) >> 32n));
    walker.clock.lo = resume?.clockLo ?? Number(BigInt.asIntN(32, header.begin ?? 0n));
    walker.byteOrder = resume === undefined ? header.byteOrder : undefined;
    this.#timestamps.useClock(header.streamClass.clock);
    this.#packet++;
    this.#contextBit = header.contextBit;
    this.#columns.beginPacket(header);
    let events = 0;
    let event: RunnableEvent | undefined;
    let error: DecodeError | undefined;
    let resumePoint: ResumePoint | undefined;
    const rows: ColumnBatch[] = [];
    let { bit } = walker;
    let { hi: clockHi, lo: clockLo } = walker.clock;
    try {
      while (walker.bit < walker.end) {
        event = undefined;
        event = this.#beginRecord(stream);
        if (event === undefined) {
          error = undeclaredClass(stream.streamClass, walker.eventId, bit);
          resumePoint = { bit, clockHi, clockLo };
          break;
        }
        this.#record(event, bit);
        events++;
        bit = walker.bit;
        clockHi = walker.clock.hi;
        clockLo = walker.clock.lo;
        if (this.#isWorthALook(events)) {
          if (this.#columns.textBytes > MOST_BATCH_TEXT) this.#take(rows);
          const found = this.#timestamps.rows + rows.reduce((sum, batch) => sum + batch.rows, 0);
          if (found >= budget.rows || (found > 0 && performance.now() >= budget.until)) break;
        }
      }
    } catch (thrown) {
      if (!(thrown instanceof DecodeError)) throw thrown;
      error = withPlace(thrown, header, event?.plan.eventClass);
    }
    this.#take(rows);
    const matched = rows.reduce((sum, batch) => sum + batch.rows, 0);
    const kept = this.#spec.countsOnly === true ? [] : rows;
    const reached = { bit, clockHi, clockLo };
    return { rows: kept, matched, events, error, resume: resumePoint, reached };
  }

  /** Whether the batch may have become large, or the scan long. */
  #isWorthALook(events: number): boolean {
    return (events & (LOOK_EVENTS - 1)) === 0 || this.#columns.textBytes > LOOK_BYTES;
  }

  /** Reads the event header; `undefined` if the class it names is not declared. */
  #beginRecord(stream: StreamState): RunnableEvent | undefined {
    const walker = this.#walker;
    walker.eventId = 0;
    walker.run(stream.headerWalk);
    const known = stream.events.get(walker.eventId);
    if (known !== undefined) return known;
    const { streamClass } = stream;
    const eventClass = streamClass.eventClasses.get(walker.eventId);
    if (eventClass === undefined) return undefined;
    const event = this.#runnableOf(streamClass, eventClass);
    stream.events.set(walker.eventId, event);
    return event;
  }

  /** Walks one record to its end, then filters it, then appends its row: nothing partial is ever kept. */
  #record(event: RunnableEvent, headerBit: number): void {
    const walker = this.#walker;
    const { plan } = event;
    this.#columns.firstBit = headerBit;
    this.#columns.recordBit = walker.bit;
    this.#timestamps.setNow(walker.clock);
    for (const location of plan.optionalLocations) walker.bitOffsets[location] = -1;
    walker.run(plan.walk);
    if (walker.bit > walker.end) {
      throw new DecodeError(
        "DECODE_PAST_CONTENT",
        `event record: expected its end before the content's at bit ${walker.end + walker.shiftBits}, got bit ${walker.bit + walker.shiftBits}`,
        walker.bit,
      );
    }
    if (walker.bit === headerBit) {
      throw new DecodeError(
        "DECODE_EMPTY_EVENT",
        "event record: expected at least one bit, got none",
        headerBit,
      );
    }
    if (this.#passes(event)) this.#append(event, headerBit);
  }

  #passes(event: RunnableEvent): boolean {
    const { plan, filter } = event;
    if (!plan.isLive || !this.#timestamps.isWithinRange()) return false;
    if (plan.packetWalk !== undefined) this.#locateInPacket(event, plan.packetWalk);
    if (filter === undefined) return true;
    const walker = this.#walker;
    const { hi, lo } = this.#timestamps.now;
    walker.timeHi = hi;
    walker.timeLo = lo;
    return filter.matches(walker);
  }

  #append({ appends }: RunnableEvent, headerBit: number): void {
    const { rows } = this.#timestamps;
    this.#timestamps.append();
    let i = 0;
    try {
      for (; i < appends.length; i++) appends[i]!();
    } catch (error) {
      this.#timestamps.cut(rows);
      this.#columns.cut(rows);
      if (!(error instanceof TextTooLong)) throw error;
      throw textTooLong(this.#columns.appendedName(i), headerBit);
    }
  }

  #locateInPacket(event: RunnableEvent, packetWalk: Walk): void {
    const walker = this.#walker;
    const { packetLocations } = event.plan;
    if (event.packet !== this.#packet) {
      const { bit, clock } = walker;
      const { hi, lo } = clock;
      walker.bit = this.#contextBit;
      walker.run(packetWalk);
      walker.bit = bit;
      clock.hi = hi;
      clock.lo = lo;
      packetLocations.forEach((location, i) => {
        event.packetBits[i] = walker.bitOffsets[location]!;
      });
      event.packet = this.#packet;
    }
    for (let i = 0; i < packetLocations.length; i++) {
      walker.bitOffsets[packetLocations[i]!] = event.packetBits[i]!;
    }
  }

  /** Ends a batch, if it has any rows. */
  #take(batches: ColumnBatch[]): void {
    const { rows } = this.#timestamps;
    if (rows === 0) return;
    const times = this.#timestamps.take();
    const columns = this.#columns.take(times);
    batches.push({ rows, timestamps: times.values, columns });
  }

  #stream(streamClass: StreamClass): StreamState {
    let stream = this.#streams.get(streamClass);
    if (stream === undefined) {
      const { packetHeader } = this.#traceClass;
      const headerWalk = planHeaderWalk(
        streamClass,
        mayChangeInsideBytes(packetHeader, streamClass),
      );
      stream = { streamClass, headerWalk, events: new Map() };
      this.#streams.set(streamClass, stream);
    }
    return stream;
  }

  /** Event classes outlive the growth of their metadata, and so do their plans, unless the context was laid out anew. */
  #runnableOf(streamClass: StreamClass, eventClass: EventClass): RunnableEvent {
    const known = this.#runnable.get(eventClass);
    if (known?.plan.streamClass.commonContext === streamClass.commonContext && known !== undefined)
      return known;
    const plan = planEvent(this.#spec, this.#traceClass, streamClass, eventClass);
    const appends = plan.isLive ? this.#columns.appends(plan) : [];
    const packetBits = new Int32Array(plan.packetLocations.length);
    const filter = plan.linked === undefined ? undefined : new FilterInterpreter(plan.linked);
    const event: RunnableEvent = { plan, filter, appends, packetBits, packet: -1 };
    this.#runnable.set(eventClass, event);
    return event;
  }
}

/** The error with event class and packet before it, as far as they are known. */
function withPlace(
  error: DecodeError,
  { sequenceNumber }: PacketHeader,
  eventClass: EventClass | undefined,
): DecodeError {
  const place = eventClass === undefined ? [] : [eventClass.name];
  if (sequenceNumber !== undefined) place.push(`packet ${sequenceNumber}`);
  if (place.length === 0) return error;
  const message = `${place.join(", ")}: ${error.message}`;
  return new DecodeError(error.code, message, error.bitOffset, { cause: error });
}

/** The error of a record whose class the metadata does not declare, or not yet. */
export function undeclaredClass(streamClass: StreamClass, id: number, bit: number): DecodeError {
  return new DecodeError(
    "DECODE_EVENT_CLASS",
    `event header: expected a declared event class of stream class ${streamClass.id}, got id ${id}`,
    bit,
  );
}
