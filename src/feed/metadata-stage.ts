/** Parses metadata and packet headers of all traces of a feed, once for all queries, and keeps their account. */

import { DecodeError, MetadataError } from "../base/errors.ts";
import type { StreamOrigin, TraceOrigin } from "../base/item.ts";
import { instant } from "../ctf/clock.ts";
import { MetadataReader } from "../ctf/metadata.ts";
import { foreignUuidNote, type PacketHeader, readPacketHeader } from "../ctf/packet-header.ts";
import { type HeldPacketItem, type StoredPacket, withPlace } from "../ctf/stored-packet.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { SourceItem } from "../source/source.ts";
import type { DecodedItem } from "./decoded-item.ts";
import { StreamCounters } from "./losses.ts";

/** Packets that wait for their metadata may take this much memory per trace; further ones count as undecodable. */
const MAX_HELD_BYTES = 64 << 20;

/** Traces of one machine and one clock. */
interface SessionState {
  /** Until when packets have been given out; its streams are never all equally far. */
  deliveredUntilNs: bigint | undefined;
}

interface TraceState {
  readonly session: SessionState;
  readonly reader: MetadataReader;
  traceClass: TraceClass | undefined;
  /** Packets of stream classes that are not declared yet, in order of arrival. */
  held: { readonly stream: StreamOrigin; readonly bytes: Uint8Array }[];
  heldBytes: number;
  /** Set when the metadata cannot be read: its packets are undecodable. */
  error: MetadataError | undefined;
  /** What packets are known to wait for. */
  reported: MetadataError | undefined;
}

interface StreamState {
  counters: StreamCounters;
  /** Its latest packet header, for beacons, which carry cycles of its clock. */
  header: PacketHeader | undefined;
  bound: bigint | undefined;
}

interface PacketTimes {
  readonly beginNs: bigint | undefined;
  readonly endNs: bigint | undefined;
}

export class MetadataStage {
  readonly #clockOffsetNs: bigint;
  readonly #sessions = new Map<string, SessionState>();
  readonly #traces = new Map<TraceOrigin, TraceState>();
  readonly #streams = new Map<StreamOrigin, StreamState>();
  /** Of streams that ended: one of another connection may go on with them. */
  readonly #ended = new WeakMap<StreamOrigin, StreamCounters>();

  /** @param clockOffsetNs added to all times */
  constructor(clockOffsetNs: bigint = 0n) {
    this.#clockOffsetNs = clockOffsetNs;
  }

  /** The items that an item of a source stands for. */
  *decode(item: SourceItem): Generator<DecodedItem> {
    switch (item.kind) {
      case "trace":
        this.#trace(item.trace);
        yield item;
        break;
      case "trace-class":
        this.#trace(item.trace).traceClass = item.traceClass;
        yield { kind: "trace-class", trace: item.trace, traceClass: item.traceClass };
        break;
      case "metadata":
        yield* this.#metadata(item.trace, item.bytes);
        break;
      case "stream":
        this.#stream(item.stream);
        yield item;
        break;
      case "resume":
        this.#stream(item.stream).counters = this.#ended.get(item.from) ?? new StreamCounters();
        break;
      case "held-packet":
        yield* this.#heldPacket(item);
        break;
      case "packet":
        yield* this.#packet(item.stream, item.bytes, "packet" in item ? item.packet : undefined);
        break;
      case "beacon":
        yield* this.#beacon(item.stream, item.timestamp);
        break;
      case "bound":
        yield { kind: "source-bound", source: item.source, ns: item.ns };
        break;
      case "gap":
        if (item.stream !== undefined)
          this.#stream(item.stream).counters.onReported(item.packets ?? 0);
        yield { kind: "loss", loss: item };
        break;
      case "begin":
      case "caught-up":
      case "stored-packet":
      case "note":
      case "end":
        yield item;
        break;
      case "stream-end":
        this.#ended.set(item.stream, this.#stream(item.stream).counters);
        this.#streams.delete(item.stream);
        yield item;
        break;
      case "trace-end":
        yield* this.#traceEnd(item.trace);
        break;
    }
  }

  /** What a query that joins now has to know: traces, their classes, streams and bounds, and since when it misses nothing. */
  *snapshot(): Generator<DecodedItem> {
    for (const [trace, { traceClass, session }] of this.#traces) {
      yield { kind: "trace", trace, startNs: session.deliveredUntilNs };
      if (traceClass !== undefined) yield { kind: "trace-class", trace, traceClass };
    }
    // All streams before any bound: a bound alone would speak for those not yet named.
    for (const stream of this.#streams.keys()) yield { kind: "stream", stream };
    for (const [stream, { bound }] of this.#streams) {
      if (bound !== undefined) yield { kind: "bound", stream, ns: bound };
    }
  }

  /** Since when a query that joins now misses nothing of any session; nothing where it misses nothing at all. */
  get startNs(): bigint | undefined {
    let latest: bigint | undefined;
    for (const { deliveredUntilNs } of this.#sessions.values())
      if (deliveredUntilNs !== undefined && (latest === undefined || deliveredUntilNs > latest))
        latest = deliveredUntilNs;
    return latest;
  }

  get traceClasses(): TraceClass[] {
    return [...this.#traces.values()].flatMap(({ traceClass }) => traceClass ?? []);
  }

  #trace(trace: TraceOrigin): TraceState {
    let state = this.#traces.get(trace);
    if (state === undefined) {
      state = {
        session: this.#session(trace),
        reader: new MetadataReader(this.#clockOffsetNs),
        traceClass: undefined,
        held: [],
        heldBytes: 0,
        error: undefined,
        reported: undefined,
      };
      this.#traces.set(trace, state);
    }
    return state;
  }

  #session({ source, host, session }: TraceOrigin): SessionState {
    const name = JSON.stringify([source, host, session]);
    const state = this.#sessions.get(name) ?? { deliveredUntilNs: undefined };
    this.#sessions.set(name, state);
    return state;
  }

  #stream(stream: StreamOrigin): StreamState {
    let state = this.#streams.get(stream);
    if (state === undefined) {
      state = { counters: new StreamCounters(), header: undefined, bound: undefined };
      this.#streams.set(stream, state);
    }
    return state;
  }

  *#metadata(trace: TraceOrigin, bytes: Uint8Array): Generator<DecodedItem> {
    const state = this.#trace(trace);
    if (state.error !== undefined) return;
    try {
      const traceClass = state.reader.append(bytes);
      if (traceClass === undefined) return;
      state.traceClass = traceClass;
      yield { kind: "trace-class", trace, traceClass };
    } catch (error) {
      if (!(error instanceof MetadataError)) throw error;
      state.error = error;
      const reason = `${trace.path}: ${error.message}`;
      yield {
        kind: "loss",
        loss: {
          kind: "gap",
          cause: "packets",
          trace,
          stream: undefined,
          reason,
          packets: undefined,
        },
      };
    }
    yield* this.#release(state);
  }

  /** Gives held packets another try with the newer class. */
  *#release(state: TraceState): Generator<DecodedItem> {
    const { held } = state;
    state.held = [];
    state.heldBytes = 0;
    for (const { stream, bytes } of held) yield* this.#packet(stream, bytes);
  }

  *#packet(stream: StreamOrigin, bytes: Uint8Array, stored?: StoredPacket): Generator<DecodedItem> {
    const trace = this.#trace(stream.trace);
    // Behind a packet that waits, others wait too: a stream's order always holds.
    if (trace.traceClass === undefined || trace.held.length > 0) {
      yield* this.#hold(trace, stream, bytes, "its metadata have not come");
      return;
    }
    let header: PacketHeader;
    try {
      header = readPacketHeader(bytes, trace.traceClass);
      if (stored !== undefined) header = withPlace(header, stored);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      const mayBeDeclaredLater =
        error.code === "DECODE_STREAM_CLASS" && stream.trace.session !== undefined;
      if (mayBeDeclaredLater) yield* this.#hold(trace, stream, bytes, error.message);
      else yield { kind: "loss", loss: { kind: "undecodable-packet", stream, error } };
      return;
    }
    const { traceClass } = trace;
    if (stored === undefined) yield* this.#noteForeign(stream, header, traceClass);
    // The files of a stream that is followed are one after the other's rotations.
    const path = stream.trace.session === undefined ? stored?.path : undefined;
    const { beginNs, endNs } = yield* this.#count(stream, header, path);
    yield { kind: "packet", stream, bytes, header, traceClass, beginNs, endNs };
    // Packets of recorded traces come in the order of their begins: those say how far all streams are.
    if (stored === undefined) yield* this.#deliveredUntil(stream, endNs);
  }

  *#heldPacket({ stream, packet, header: found, file }: HeldPacketItem): Generator<DecodedItem> {
    const { traceClass } = this.#trace(stream.trace);
    // Its source has read its header by it.
    if (traceClass === undefined) throw new Error(`no class for trace ${stream.trace.path}`);
    const header = withPlace(found, packet);
    yield* this.#noteForeign(stream, header, traceClass);
    const { beginNs, endNs } = yield* this.#count(stream, header);
    yield { kind: "held-packet", stream, packet, file, header, traceClass, beginNs, endNs };
    yield* this.#deliveredUntil(stream, endNs);
  }

  *#noteForeign(
    stream: StreamOrigin,
    { foreignUuid }: PacketHeader,
    traceClass: TraceClass,
  ): Generator<DecodedItem> {
    const isKnown = this.#stream(stream).header?.foreignUuid !== undefined;
    if (foreignUuid === undefined || isKnown) return;
    const text = foreignUuidNote(stream.name, foreignUuid, traceClass);
    yield { kind: "note", source: stream.trace.source, text };
  }

  /** What a packet's header says of losses; gives its times. */
  *#count(
    stream: StreamOrigin,
    header: PacketHeader,
    path?: string,
  ): Generator<DecodedItem, PacketTimes> {
    const state = this.#stream(stream);
    state.header = header;
    // Recorded traces report their cut packets when they are opened.
    if (header.missingBits > 0 && stream.trace.session !== undefined) {
      const error = new DecodeError(
        "DECODE_TRUNCATED",
        `packet: expected ${header.missingBits} more bits of content`,
        header.contentBits,
      );
      yield { kind: "loss", loss: { kind: "undecodable-packet", stream, error } };
    }
    const { clock } = header.streamClass;
    const beginNs = instant(clock, header.begin);
    const endNs = instant(clock, header.end);
    for (const loss of state.counters.next(stream, header, beginNs, endNs, path))
      yield { kind: "loss", loss };
    return { beginNs, endNs };
  }

  *#deliveredUntil(stream: StreamOrigin, endNs: bigint | undefined): Generator<DecodedItem> {
    if (endNs === undefined) return;
    const { session } = this.#trace(stream.trace);
    if (session.deliveredUntilNs === undefined || endNs > session.deliveredUntilNs)
      session.deliveredUntilNs = endNs;
    yield* this.#advance(stream, endNs);
  }

  *#hold(
    trace: TraceState,
    stream: StreamOrigin,
    bytes: Uint8Array,
    why: string,
  ): Generator<DecodedItem> {
    if (trace.error !== undefined || trace.heldBytes + bytes.length > MAX_HELD_BYTES) {
      const reason = trace.error?.message.split("\n")[0] ?? why;
      const error = new DecodeError(
        "DECODE_NO_METADATA",
        `packet: expected metadata that declares it, but ${reason}`,
        0,
      );
      yield { kind: "loss", loss: { kind: "undecodable-packet", stream, error } };
      return;
    }
    const { problem } = trace.reader;
    if (problem !== undefined && problem !== trace.reported) {
      trace.reported = problem;
      const text = `${stream.trace.path}: packets wait for more metadata: ${problem.message}`;
      yield { kind: "note", source: stream.trace.source, text };
    }
    trace.held.push({ stream, bytes: bytes.slice() });
    trace.heldBytes += bytes.length;
  }

  *#beacon(stream: StreamOrigin, cycles: bigint): Generator<DecodedItem> {
    const { traceClass, held } = this.#trace(stream.trace);
    // A stream whose packets wait is not further than they are.
    if (held.some((packet) => packet.stream === stream)) return;
    // Before its first packet the stream's class is unknown, but LTTng traces have one clock.
    const clock =
      this.#stream(stream).header?.streamClass.clock ?? traceClass?.clocks.values().next().value;
    const ns = instant(clock, cycles);
    if (ns !== undefined) yield* this.#advance(stream, ns);
  }

  *#advance(stream: StreamOrigin, ns: bigint): Generator<DecodedItem> {
    const state = this.#stream(stream);
    if (state.bound !== undefined && state.bound >= ns) return;
    state.bound = ns;
    yield { kind: "bound", stream, ns };
  }

  *#traceEnd(trace: TraceOrigin): Generator<DecodedItem> {
    const { held = [], reader } = this.#traces.get(trace) ?? {};
    const problem = reader?.problem?.message.split("\n")[0];
    for (const { stream } of held) {
      const error = new DecodeError(
        "DECODE_NO_METADATA",
        `packet: expected metadata that declares it before the trace ended${problem === undefined ? "" : `, got ${problem}`}`,
        0,
      );
      yield { kind: "loss", loss: { kind: "undecodable-packet", stream, error } };
    }
    this.#traces.delete(trace);
    yield { kind: "trace-end", trace };
  }
}
