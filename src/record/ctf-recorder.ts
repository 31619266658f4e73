/**
 * Writes what passes of live or recorded traces as CTF, in segments by size or time. A segment has exactly the records up to a
 * time: packets that go beyond it are continued in the next. So a recording goes on, after whatever end, behind its last
 * segment, and all segments together are one trace.
 */

import type { StreamOrigin, TraceOrigin } from "../base/item.ts";
import { floorTo } from "../base/time.ts";
import { instant } from "../ctf/clock.ts";
import { readPacketHeader } from "../ctf/packet-header.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { Numbered } from "../cut/packet-numbers.ts";
import type { PacketSelector } from "../cut/packet-selector.ts";
import type { DecodedItem } from "../feed/decoded-item.ts";
import { Watermark } from "../query/order/watermark.ts";
import { segmentName } from "../segments/segment-names.ts";
import type { CtfRecordingEvents, CtfRecordingSpec } from "./ctf-recording-spec.ts";
import { CtfSegment } from "./ctf-segment.ts";
import { DiskStall, isOfDisk, roomProblem } from "./disk-stall.ts";
import { recordedNumbers } from "./recorded-numbers.ts";
import { SegmentRing } from "./segment-ring.ts";
import { nextBegin, type WaitingPacket } from "./waiting-packet.ts";

export const CTF_EXTENSION = "ctf";

interface TraceState {
  readonly place: string;
  /** As it came. */
  metadata: Uint8Array;
  traceClass: TraceClass | undefined;
  selector: PacketSelector | undefined;
  isEnded: boolean;
}

interface StreamState {
  readonly name: string;
  isEnded: boolean;
  readonly waiting: WaitingPacket[];
  /** In the last segment that has any of it. */
  cutter: Numbered | undefined;
}

/** With room for less, no packet is written. */
const PROBE_BYTES = 1 << 20;
/** Packets that wait may have so many bytes; then the slowest streams are waited for no longer. */
const MAX_WAITING_BYTES = 256 << 20;

export class CtfRecorder {
  readonly #spec: CtfRecordingSpec;
  readonly #events: CtfRecordingEvents;
  readonly #ring: SegmentRing;
  readonly #stall: DiskStall;
  readonly #watermark: Watermark;
  readonly #traces = new Map<TraceOrigin, TraceState>();
  readonly #streams = new Map<StreamOrigin, StreamState>();
  /** Of streams that have ended, by place and name: they may go on over another connection. */
  readonly #ended = new Map<string, Numbered>();
  /** Records before it are recorded already. */
  readonly #resumeNs: bigint | undefined;
  #segment: CtfSegment | undefined;
  #nextNumber: number;
  #waitingBytes = 0;
  /** Written so far, also into segments that have given way. */
  records = 0;

  /** @throws the system's error where the folder cannot be made or read */
  constructor(spec: CtfRecordingSpec, events: CtfRecordingEvents) {
    this.#spec = spec;
    this.#events = events;
    this.#ring = new SegmentRing({ ...spec, extension: CTF_EXTENSION });
    this.#nextNumber = this.#ring.nextNumber;
    this.#resumeNs = this.#ring.lastNs;
    this.#stall = new DiskStall(spec.folder, "event record", events);
    this.#watermark = new Watermark(spec.maxLagMs, () => performance.now());
  }

  /** The time of the last record: a recording goes on behind it. */
  get lastNs(): bigint | undefined {
    return this.#ring.lastNs;
  }

  /** More of a trace's metadata, as its tracer wrote them. */
  metadata(trace: TraceOrigin, bytes: Uint8Array): void {
    const state = this.#trace(trace);
    const joined = new Uint8Array(state.metadata.length + bytes.length);
    joined.set(state.metadata);
    joined.set(bytes, state.metadata.length);
    state.metadata = joined;
  }

  /** All of a trace's metadata so far. */
  metadataAnew(trace: TraceOrigin, bytes: Uint8Array): void {
    this.#trace(trace).metadata = bytes;
  }

  item(item: DecodedItem): void {
    switch (item.kind) {
      case "trace-class": {
        const state = this.#trace(item.trace);
        state.traceClass = item.traceClass;
        state.selector?.close();
        state.selector = undefined;
        break;
      }
      case "stream":
        this.#stream(item.stream);
        this.#watermark.addStream(item.stream);
        break;
      case "packet": {
        const { stream, bytes, header, beginNs, endNs } = item;
        const arrivedMs = performance.now();
        const now = { arrivedMs, untilNs: undefined, writtenClock: undefined };
        this.#stream(stream).waiting.push({ header, beginNs, endNs, ...now, bytes: bytes.slice() });
        this.#waitingBytes += bytes.length;
        if (this.#waitingBytes > MAX_WAITING_BYTES) this.#watermark.excludeSlowestStream();
        this.advance();
        break;
      }
      case "bound":
        this.#watermark.advance(item.stream, item.ns);
        this.advance();
        break;
      case "source-bound":
        this.#watermark.advanceSource(item.source, item.ns);
        this.advance();
        break;
      case "stream-end":
        this.#endStream(item.stream);
        break;
      case "trace-end":
        this.#trace(item.trace).isEnded = true;
        break;
    }
  }

  /** Writes what is before the watermark; to be called now and then, as streams may have become silent. */
  advance(): void {
    const safe = this.#watermark.safeUpTo();
    if (safe === undefined) return;
    this.#upTo(this.#spec.nameWaitMs === 0 ? safe : this.#named(safe));
  }

  /** Writes everything and ends the last segment. */
  end(): void {
    this.#upTo(undefined);
    this.#close();
    this.#stall.end();
  }

  /** Up to where no packet waits for names. */
  #named(safe: bigint): bigint {
    const arrivedMs = performance.now() - this.#spec.nameWaitMs;
    let named = safe;
    for (const { waiting } of this.#streams.values()) {
      const first = waiting.find((packet) => packet.arrivedMs > arrivedMs);
      if (first?.beginNs !== undefined && first.beginNs <= named) named = first.beginNs - 1n;
    }
    return this.#waitingBytes > MAX_WAITING_BYTES ? safe : named;
  }

  /** @param ns inclusive; `undefined`: everything */
  #upTo(ns: bigint | undefined): void {
    for (;;) {
      const boundary = this.#boundary();
      const isPassed = boundary !== undefined && (ns === undefined || boundary <= ns);
      this.#write(isPassed ? boundary : ns, isPassed);
      if (!isPassed) break;
      this.#close();
    }
    const { segmentBytes } = this.#spec;
    if (ns === undefined || (this.#segment?.bytes ?? 0) < segmentBytes) return;
    this.#write(ns, true);
    this.#close();
  }

  /** The last time of the segment, where time ends it. */
  #boundary(): bigint | undefined {
    const { segmentNs } = this.#spec;
    const first = this.#segment?.firstNs ?? this.#firstWaiting();
    if (segmentNs === undefined || first === undefined) return undefined;
    return floorTo(first, segmentNs) + segmentNs - 1n;
  }

  #firstWaiting(): bigint | undefined {
    let first: bigint | undefined;
    for (const { waiting } of this.#streams.values()) {
      const head = waiting[0];
      const ns = head?.untilNs === undefined ? head?.beginNs : head.untilNs + 1n;
      if (ns !== undefined && (first === undefined || ns < first)) first = ns;
    }
    return first;
  }

  /** Writes the packets that end by a time. @param isLast whether also the first part of those that go beyond it */
  #write(ns: bigint | undefined, isLast: boolean): void {
    for (const [stream, state] of this.#streams) {
      const { waiting } = state;
      let [packet] = waiting;
      for (; packet !== undefined; [packet] = waiting) {
        const { endNs, bytes, beginNs } = packet;
        if (ns !== undefined && endNs !== undefined && endNs > ns) {
          if (isLast && beginNs !== undefined && beginNs <= ns)
            this.#packet(stream, state, packet, ns);
          break;
        }
        this.#packet(stream, state, packet, undefined);
        waiting.shift();
        this.#waitingBytes -= bytes.length;
      }
      this.#forget(stream);
    }
  }

  /** Writes a packet's records that are not written yet, up to a time if one is given. */
  #packet(
    stream: StreamOrigin,
    state: StreamState,
    packet: WaitingPacket,
    untilNs: bigint | undefined,
  ): void {
    const trace = this.#trace(stream.trace);
    const { traceClass } = trace;
    if (traceClass === undefined) return;
    // Metadata that came meanwhile may declare more.
    const { begin, end } = packet.header;
    const header = { ...readPacketHeader(packet.bytes, traceClass), begin, end };
    trace.selector ??= this.#spec.selector(traceClass);
    const { records, error } = trace.selector.select(packet.bytes, header);
    if (error !== undefined && untilNs === undefined) this.#events.undecodable(stream, error);
    const { clock } = header.streamClass;
    const own = records.between(clock, packet.untilNs ?? this.#resumeNs, untilNs);
    if (untilNs !== undefined) packet.untilNs = untilNs;
    const { firstClock, lastClock } = own;
    if (own.count === 0 && (untilNs !== undefined || this.#isBefore(packet))) return;
    const part = {
      begin: nextBegin(packet, this.#resumeNs, firstClock),
      end: untilNs === undefined ? undefined : lastClock,
    };
    packet.writtenClock = lastClock ?? packet.writtenClock;
    const firstNs = instant(clock, firstClock) ?? packet.endNs ?? 0n;
    const lastNs = instant(clock, lastClock) ?? firstNs;
    const cut = (segment: CtfSegment): void => {
      const cutter = segment.cutter(trace, state.name, traceClass, header, state.cutter);
      state.cutter = cutter;
      cutter.packet({ bytes: packet.bytes, header }, own, false, part);
    };
    if (!this.#store(cut, firstNs)) {
      this.#stall.lose(own.count, firstNs, lastNs);
      return;
    }
    const segment = this.#segment!;
    segment.records += own.count;
    this.records += own.count;
    if (clock === undefined || own.count === 0) return;
    if (segment.firstNs === undefined || firstNs < segment.firstNs) segment.firstNs = firstNs;
    if (segment.lastNs === undefined || lastNs > segment.lastNs) segment.lastNs = lastNs;
  }

  /** Whether a packet was recorded before this recording went on. */
  #isBefore({ endNs }: WaitingPacket): boolean {
    return this.#resumeNs !== undefined && endNs !== undefined && endNs <= this.#resumeNs;
  }

  /** What is written into a folder that was deleted is nowhere: another one begins. */
  #checkThere(): void {
    if (this.#segment?.isThere === false) this.#giveUp("deleted");
  }

  /** Writes into the segment, which begins if there is none; false where the disk does not take it. */
  #store(write: (segment: CtfSegment) => void, ns: bigint): boolean {
    this.#checkThere();
    if (!this.#stall.mayWrite(() => roomProblem(this.#spec.folder, PROBE_BYTES))) return false;
    try {
      this.#segment ??= new CtfSegment(this.#spec.folder, this.#nextNumber++);
      write(this.#segment);
      return true;
    } catch (error) {
      if (!isOfDisk(error)) throw error;
      this.#stall.took(error, ns);
      this.#endWhole();
      return false;
    }
  }

  #close(): void {
    this.#checkThere();
    const segment = this.#segment;
    if (segment === undefined) return;
    const { number, firstNs, lastNs } = segment;
    if (firstNs === undefined || lastNs === undefined) {
      this.#giveUp();
      return;
    }
    const name = segmentName({ number, firstNs, lastNs }, CTF_EXTENSION);
    try {
      segment.finish(name, this.#places());
      this.#segment = undefined;
      this.#forgetTraces();
      this.#ring.add({ name, extension: CTF_EXTENSION, number, firstNs, lastNs });
    } catch (error) {
      if (!isOfDisk(error)) throw error;
      this.#stall.took(error, lastNs);
      this.#giveUp();
    }
  }

  /** Ends a segment that the disk takes no more of behind its last whole packets. */
  #endWhole(): void {
    try {
      this.#segment?.cutBack();
      this.#close();
    } catch (error) {
      if (!isOfDisk(error)) throw error;
      this.#giveUp();
    }
  }

  /** Of a trace that came over several connections, the metadata that grew longest. */
  #places(): Iterable<TraceState> {
    const byPlace = new Map<string, TraceState>();
    for (const state of this.#traces.values()) {
      const known = byPlace.get(state.place);
      if (known === undefined || state.metadata.length > known.metadata.length)
        byPlace.set(state.place, state);
    }
    return byPlace.values();
  }

  /** A segment that cannot be whole goes; its records are lost. */
  #giveUp(how: "lose" | "deleted" = "lose"): void {
    const segment = this.#segment;
    this.#segment = undefined;
    segment?.discard();
    if (segment === undefined || segment.records === 0) return;
    const { records, firstNs = 0n, lastNs = 0n } = segment;
    this.records -= records;
    this.#stall[how](records, firstNs, lastNs);
  }

  #trace(trace: TraceOrigin): TraceState {
    let state = this.#traces.get(trace);
    if (state === undefined) {
      state = {
        place: this.#spec.placeOf(trace),
        metadata: new Uint8Array(0),
        traceClass: undefined,
        selector: undefined,
        isEnded: false,
      };
      this.#traces.set(trace, state);
    }
    return state;
  }

  #stream(stream: StreamOrigin): StreamState {
    let state = this.#streams.get(stream);
    if (state === undefined) {
      const { place } = this.#trace(stream.trace);
      const base = stream.name.slice(stream.name.lastIndexOf("/") + 1);
      const taken = new Set<string>();
      for (const [other, { name }] of this.#streams)
        if (this.#trace(other.trace).place === place) taken.add(name);
      let name = base;
      for (let i = 1; taken.has(name); i++) name = `${base}-${i}`;
      const cutter =
        this.#ended.get(`${place}/${name}`) ?? recordedNumbers(this.#ring.paths, place, name);
      state = { name, isEnded: false, waiting: [], cutter };
      this.#streams.set(stream, state);
    }
    return state;
  }

  /** Its last packets are written in their time. */
  #endStream(stream: StreamOrigin): void {
    this.#stream(stream).isEnded = true;
    this.#watermark.endStream(stream);
    this.advance();
    this.#forget(stream);
  }

  #forget(stream: StreamOrigin): void {
    const state = this.#streams.get(stream);
    if (state?.isEnded !== true || state.waiting.length > 0) return;
    this.#streams.delete(stream);
    if (state.cutter !== undefined)
      this.#ended.set(`${this.#trace(stream.trace).place}/${state.name}`, state.cutter);
  }

  /** Traces that have ended are in no later segment. */
  #forgetTraces(): void {
    const alive = new Set([...this.#streams.keys()].map(({ trace }) => trace));
    for (const [trace, { isEnded, place, selector }] of this.#traces) {
      if (!isEnded || alive.has(trace)) continue;
      this.#traces.delete(trace);
      selector?.close();
      for (const key of this.#ended.keys())
        if (key.startsWith(`${place}/`)) this.#ended.delete(key);
    }
  }
}
