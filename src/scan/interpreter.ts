/** The interpreting scanner: walks every record with the plan's steps. Oracle and fallback of the compiled kernel. */

import { DecodeError } from "../base/errors.ts";
import type { ColumnBatch } from "../column/column.ts";
import type { SharedDictionary } from "../column/column-builder.ts";
import { TimestampBuilder } from "../column/timestamp-builder.ts";
import { Slots } from "../ctf/field-cursor.ts";
import type { PacketHeader } from "../ctf/packet-header.ts";
import type { EventClass, StreamClass, TraceClass } from "../ctf/trace-class.ts";
import { FilterInterpreter } from "../filter/interpret.ts";
import type { Append } from "./append.ts";
import { type EventPlan, planEvent } from "./event-plan.ts";
import { RecordColumns } from "./record-columns.ts";
import type { ResumePoint, Scanner, ScanOutcome, ScanSpec, TraceFacts } from "./scanner.ts";
import { planHeaderWalk, type Walk } from "./walk.ts";
import { Walker } from "./walker.ts";

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

  scan(bytes: Uint8Array, header: PacketHeader, resume?: ResumePoint): ScanOutcome<ColumnBatch> {
    const stream = this.#stream(header.streamClass);
    const walker = this.#walker;
    walker.bytes = bytes;
    walker.slots.set(header.slots);
    walker.bit = resume?.bit ?? header.headerBits;
    walker.end = header.contentBits;
    walker.clock.hi = resume?.clockHi ?? Number(BigInt.asIntN(32, (header.begin ?? 0n) >> 32n));
    walker.clock.lo = resume?.clockLo ?? Number(BigInt.asIntN(32, header.begin ?? 0n));
    this.#timestamps.useClock(header.streamClass.clock);
    this.#packet++;
    this.#contextBit = header.contextBit;
    this.#columns.beginPacket(header);
    let events = 0;
    let event: RunnableEvent | undefined;
    let error: DecodeError | undefined;
    let resumePoint: ResumePoint | undefined;
    try {
      while (walker.bit < walker.end) {
        const { bit } = walker;
        const { hi: clockHi, lo: clockLo } = walker.clock;
        event = undefined;
        event = this.#beginRecord(stream);
        if (event === undefined) {
          error = undeclaredClass(stream.streamClass, walker.eventId, bit);
          resumePoint = { bit, clockHi, clockLo };
          break;
        }
        this.#record(event, bit);
        events++;
      }
    } catch (thrown) {
      if (!(thrown instanceof DecodeError)) throw thrown;
      error = withPlace(thrown, header, event?.plan.eventClass);
    }
    const rows = this.#take();
    const matched = rows[0]?.rows ?? 0;
    const kept = this.#spec.countsOnly === true ? [] : rows;
    return { rows: kept, matched, events, error, resume: resumePoint };
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
    this.#columns.recordBit = walker.bit;
    this.#timestamps.setNow(walker.clock);
    for (const location of plan.optionalLocations) walker.bitOffsets[location] = -1;
    walker.run(plan.walk);
    if (walker.bit > walker.end) {
      throw new DecodeError(
        "DECODE_PAST_CONTENT",
        `event record: expected its end before the content's at bit ${walker.end}, got bit ${walker.bit}`,
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
    if (!plan.isLive || !this.#timestamps.isWithinRange()) return;
    if (plan.packetWalk !== undefined) this.#locateInPacket(event, plan.packetWalk);
    const { hi, lo } = this.#timestamps.now;
    walker.timeHi = hi;
    walker.timeLo = lo;
    if (event.filter?.matches(walker) === false) return;
    this.#timestamps.append();
    for (const append of event.appends) append();
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

  #take(): readonly ColumnBatch[] {
    const rows = this.#timestamps.rows;
    if (rows === 0) return [];
    const timestamps = this.#timestamps.take();
    const columns = this.#columns.take(timestamps);
    return [{ rows, timestamps, columns }];
  }

  #stream(streamClass: StreamClass): StreamState {
    let stream = this.#streams.get(streamClass);
    if (stream === undefined) {
      const headerWalk = planHeaderWalk(streamClass);
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
