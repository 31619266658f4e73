import type { StreamState } from "./live-state.ts";
import type { PacketIndex } from "./messages.ts";

/**
 * How much may be fetched of a machine's streams that are ahead of others in time: a consumer that orders them must hold
 * it. Each stream has an equal part: those with few events, whose packets span long times, would else take it all, and
 * the others then come one at a time.
 */
const AHEAD_BYTES = 32 * 1024 * 1024;

/** A stream that stands still for so long is not waited for. */
const STALL_MS = 5000;

/**
 * Which packets are worth fetching now. A consumer that restores time order holds what is later than the next packet of
 * any other stream of the machine; so a backlog is fetched in the order of time, and beyond that only so much.
 */
export class Ahead {
  /** Packets that were fetched ahead of others, by machine. */
  readonly #fetched = new Map<string, FetchedPacket[]>();

  /** @param all the streams that are open: one whose next packet is not known yet may still bring an early one */
  choose(ready: readonly StreamState[], all: Iterable<StreamState>, now: number): StreamState[] {
    if (ready.length === 0) return [];
    const progress = progressOf(all, now);
    const inOrder = [...ready].sort((a, b) => (a.index!.begin < b.index!.begin ? -1 : 1));
    return inOrder.filter(
      (stream) => stream === inOrder[0] || this.#isWanted(stream, stream.index!, progress),
    );
  }

  /** Whether one more packet of a stream may be fetched. */
  allows(
    stream: StreamState,
    index: PacketIndex,
    all: Iterable<StreamState>,
    now: number,
  ): boolean {
    return this.#isWanted(stream, index, progressOf(all, now));
  }

  #isWanted(
    stream: StreamState,
    index: PacketIndex,
    progress: ReadonlyMap<string, Progress>,
  ): boolean {
    const { host } = stream.trace.session.entry;
    const { reached, streams } = progress.get(host) ?? { reached: undefined, streams: 1 };
    if (reached === undefined || index.begin <= reached) return true;
    const ahead = (this.#fetched.get(host) ?? []).filter(({ begin }) => begin > reached);
    this.#fetched.set(host, ahead);
    const packet = { stream, begin: index.begin, bytes: bytesOf(index) };
    const ofStream = ahead.filter((other) => other.stream === stream);
    const isWithinPart =
      ofStream.length === 0 || sum(ofStream) + packet.bytes <= AHEAD_BYTES / streams;
    if (!isWithinPart || sum(ahead) + packet.bytes > AHEAD_BYTES) return false;
    ahead.push(packet);
    return true;
  }
}

interface FetchedPacket {
  readonly stream: StreamState;
  readonly begin: bigint;
  readonly bytes: number;
}

function sum(packets: readonly FetchedPacket[]): number {
  return packets.reduce((total, { bytes }) => total + bytes, 0);
}

/** A machine, whose clocks agree, while those of others say nothing about it. */
interface Progress {
  /** The time that every stream has reached; `undefined` if none has a time yet. */
  reached: bigint | undefined;
  streams: number;
}

function progressOf(streams: Iterable<StreamState>, now: number): Map<string, Progress> {
  const machines = new Map<string, Progress>();
  for (const stream of streams) {
    const { host } = stream.trace.session.entry;
    const to = stream.index === undefined ? stream.reached : stream.index.end;
    const machine = machines.get(host) ?? { reached: undefined, streams: 0 };
    machines.set(host, machine);
    machine.streams++;
    // A stream that says nothing must not hold up the others for ever.
    if (to < 0n || now - stream.movedAt > STALL_MS) continue;
    if (machine.reached === undefined || to < machine.reached) machine.reached = to;
  }
  return machines;
}

/** Bytes of the packet of an index. */
export function bytesOf(index: PacketIndex): number {
  return Number(index.packetBits / 8n);
}
