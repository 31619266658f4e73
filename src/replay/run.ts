/**
 * One run of a recording: begins when a viewer attaches and none was there, and hands out every packet when its time
 * has come. When looping, each pass through the recording is a new set of CTF traces whose clocks begin later.
 */

import { instant } from "../ctf/clock.ts";
import { readPacketHeader } from "../ctf/packet-header.ts";
import { MAX_PACKET_BYTES } from "../relay/abi.ts";
import type {
  IndexFlags,
  MetadataReply,
  NewStreamsReply,
  NextIndexReply,
  PacketReply,
  StreamDescriptor,
} from "../relay/messages.ts";
import { shiftClocks } from "./clock-offset.ts";
import { type Entry, hasEnded, type LiveStream, type LiveTrace, liveTrace } from "./live-trace.ts";
import type { PacketFiles } from "./packet-file.ts";
import { cyclesAt, type RecordedStream, type Recording } from "./recording.ts";

export interface RunOptions {
  /** How many times faster than it was recorded; `"max"` hands everything out at once. */
  readonly speed: number | "max";
  readonly loop: boolean;
  /** Whether the first event is to lie at the run's beginning instead of where it was recorded. */
  readonly shiftToNow: boolean;
  /**
   * Whether passes after the first begin at their first event too, though their first packets then begin before the last
   * pass's end. babeltrace2 ends with an error at such a packet.
   */
  readonly overlap: boolean;
  /** Milliseconds since any fixed moment. */
  readonly now: () => number;
  /** Nanoseconds since the Unix epoch. */
  readonly epochNs: () => bigint;
}

/** Between two passes, so that no event of one has the time of an event of the other. */
const PASS_GAP_NS = 1_000_000n;
/** Bytes of a packet that hold all of its header and context. */
const HEAD_BYTES = 4096;
const GONE: NextIndexReply = { kind: "error", newMetadata: false, newStream: false };

export class Run {
  readonly #recording: Recording;
  readonly #entries: readonly Entry[];
  readonly #files: PacketFiles;
  readonly #options: RunOptions;
  readonly #nextId: () => bigint;
  readonly #beganAt: number;
  readonly #firstShiftNs: bigint;
  /** Entries that are attached, and the announced part of their streams in this pass. */
  readonly #attached = new Set<Entry>();
  readonly #unannounced = new Set<LiveTrace>();
  #traces: LiveTrace[] = [];
  readonly #streams = new Map<bigint, LiveStream>();
  #passBeganAt = 0;
  /** The recorded instant at which the pass began. */
  #passOriginNs = 0n;
  #shiftNs = 0n;

  constructor(
    recording: Recording,
    entries: readonly Entry[],
    files: PacketFiles,
    options: RunOptions,
    nextId: () => bigint,
  ) {
    this.#recording = recording;
    this.#entries = entries;
    this.#files = files;
    this.#options = options;
    this.#nextId = nextId;
    this.#beganAt = options.now();
    this.#firstShiftNs = options.shiftToNow ? options.epochNs() - recording.beginNs : 0n;
    this.#beginPass(recording.beginNs, this.#firstShiftNs);
  }

  attach(entry: Entry): StreamDescriptor[] {
    this.#attached.add(entry);
    for (const trace of this.#traces) if (trace.entry === entry) this.#unannounced.add(trace);
    return this.#announce(entry);
  }

  detach(entry: Entry): void {
    this.#attached.delete(entry);
  }

  get isIdle(): boolean {
    return this.#attached.size === 0;
  }

  /** The entry was read to its end, and there is no other pass. */
  isOver(entry: Entry): boolean {
    if (this.#options.loop) return false;
    return this.#traces.every((trace) => trace.entry !== entry || hasEnded(trace));
  }

  newStreams(entry: Entry): NewStreamsReply {
    const streams = this.#announce(entry);
    if (streams.length === 0 && this.isOver(entry)) return { kind: "hang-up" };
    return { kind: "ok", streams };
  }

  /** Whole in the first reply. Gone when the trace's streams have ended. */
  metadata(id: bigint, attached: ReadonlySet<Entry>): MetadataReply {
    const trace = this.#traces.find((candidate) => candidate.metadataStream === id);
    if (trace === undefined || !attached.has(trace.entry)) return { kind: "error" };
    if (trace.wasMetadataSent) return hasEnded(trace) ? { kind: "error" } : { kind: "no-new" };
    trace.wasMetadataSent = true;
    const { directory, text } = trace.recorded;
    // Unshifted metadata goes out as it was recorded, packets and all.
    const bytes =
      this.#shiftNs === 0n
        ? directory.metadata
        : new TextEncoder().encode(shiftClocks(text, this.#shiftNs));
    return { kind: "ok", bytes };
  }

  async nextIndex(id: bigint, attached: ReadonlySet<Entry>): Promise<NextIndexReply> {
    const stream = this.#streams.get(id);
    if (stream === undefined || !attached.has(stream.trace.entry)) {
      const isMetadata = this.#traces.some((trace) => trace.metadataStream === id);
      return isMetadata ? { ...GONE, kind: "hang-up" } : GONE;
    }
    const packet = stream.recorded.packets[stream.next];
    if (packet === undefined) {
      stream.hasEnded = true;
      if (this.#options.loop && this.#isPassOver()) this.#beginNextPass();
      return { kind: "hang-up", ...this.#flags(stream.trace, attached) };
    }
    const flags = this.#flags(stream.trace, attached);
    if (!this.#isDue(stream.recorded, packet.end)) return this.#notYet(stream, packet.begin, flags);
    const head = await this.#files.read(
      packet.path,
      packet.byteOffset,
      Math.min(HEAD_BYTES, packet.bytes),
    );
    if (head === undefined) return { kind: "error", ...flags };
    const header = readPacketHeader(head, stream.trace.recorded.directory.traceClass, packet.bytes);
    stream.next++;
    stream.path = packet.path;
    stream.bound = header.end ?? stream.bound;
    return {
      kind: "ok",
      ...flags,
      index: {
        offset: BigInt(packet.byteOffset),
        packetBits: BigInt(packet.bytes) * 8n,
        contentBits: BigInt(header.contentBits),
        begin: header.begin ?? 0n,
        end: header.end ?? 0n,
        discarded: header.discardedEvents ?? 0n,
        streamClass: BigInt(stream.recorded.classId),
      },
    };
  }

  /** Any piece of the file that the stream's last index was in. */
  async packet(
    id: bigint,
    offset: bigint,
    length: number,
    attached: ReadonlySet<Entry>,
  ): Promise<PacketReply> {
    const stream = this.#streams.get(id);
    if (stream?.path === undefined || !attached.has(stream.trace.entry)) return { kind: "error" };
    if (length > MAX_PACKET_BYTES || offset > BigInt(Number.MAX_SAFE_INTEGER)) {
      return { kind: "error" };
    }
    const bytes = await this.#files.read(stream.path, Number(offset), length);
    return bytes === undefined ? { kind: "error" } : { kind: "ok", bytes };
  }

  /** Streams of the entry now, metadata streams included. */
  streamCount(entry: Entry): number {
    const traces = this.#traces.filter((trace) => trace.entry === entry);
    return traces.reduce((count, trace) => count + 1 + trace.streams.length, 0);
  }

  #announce(entry: Entry): StreamDescriptor[] {
    const descriptors: StreamDescriptor[] = [];
    for (const trace of this.#unannounced) {
      if (trace.entry !== entry) continue;
      this.#unannounced.delete(trace);
      const common = { traceId: trace.id, path: trace.recorded.path };
      for (const { id, recorded } of trace.streams) {
        descriptors.push({ ...common, id, isMetadata: false, channel: recorded.name });
      }
      const id = trace.metadataStream;
      descriptors.push({ ...common, id, isMetadata: true, channel: "metadata" });
    }
    return descriptors;
  }

  #flags(trace: LiveTrace, attached: ReadonlySet<Entry>): IndexFlags {
    return {
      newMetadata: !trace.wasMetadataSent,
      newStream: [...this.#unannounced].some(({ entry }) => attached.has(entry)),
    };
  }

  /** Where the recording's time stands, ns since the Unix epoch, in recorded time. */
  #recordedNs(speed: number): bigint {
    const elapsedMs = this.#options.now() - this.#passBeganAt;
    return this.#passOriginNs + BigInt(Math.floor(elapsedMs * 1e6 * speed));
  }

  #isDue(stream: RecordedStream, end: bigint | undefined): boolean {
    const { speed } = this.#options;
    const endNs = instant(stream.clock, end);
    return speed === "max" || endNs === undefined || this.#recordedNs(speed) >= endNs;
  }

  /** What can truly be said of the time until the next packet; the recording knows its future. */
  #notYet(stream: LiveStream, begin: bigint | undefined, flags: IndexFlags): NextIndexReply {
    const { speed } = this.#options;
    const { clock, classId } = stream.recorded;
    if (speed === "max" || clock === undefined || begin === undefined) {
      return { kind: "retry", ...flags };
    }
    const now = cyclesAt(clock, this.#recordedNs(speed));
    const timestamp = now < begin ? now : begin - 1n;
    if (timestamp <= stream.bound) return { kind: "retry", ...flags };
    stream.bound = timestamp;
    return { kind: "inactive", ...flags, timestamp, streamClass: BigInt(classId) };
  }

  #isPassOver(): boolean {
    return this.#traces.every((trace) => !this.#attached.has(trace.entry) || hasEnded(trace));
  }

  /**
   * The first pass begins at the first event, so that a viewer need not wait. The others begin where the first buffer
   * was opened: no packet may begin before the last one's end. Clocks move by the time that passed, but at least by the
   * recording's length, since a faster replay must not go back in time either.
   */
  #beginNextPass(): void {
    const { openNs, beginNs, endNs } = this.#recording;
    const wallNs = BigInt(Math.floor((this.#options.now() - this.#beganAt) * 1e6));
    const originNs = this.#options.overlap ? beginNs : openNs;
    const byWall = this.#firstShiftNs + wallNs + beginNs - originNs;
    const byLength = this.#shiftNs + endNs - originNs + PASS_GAP_NS;
    this.#beginPass(originNs, byWall > byLength ? byWall : byLength);
  }

  #beginPass(originNs: bigint, shiftNs: bigint): void {
    this.#passBeganAt = this.#options.now();
    this.#passOriginNs = originNs;
    this.#shiftNs = shiftNs;
    this.#streams.clear();
    this.#unannounced.clear();
    this.#traces = this.#entries.flatMap((entry) =>
      entry.traces.map((recorded) => liveTrace(entry, recorded, this.#nextId)),
    );
    for (const trace of this.#traces) {
      for (const stream of trace.streams) this.#streams.set(stream.id, stream);
      if (this.#attached.has(trace.entry)) this.#unannounced.add(trace);
    }
  }
}
