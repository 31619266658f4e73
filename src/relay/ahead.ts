import type { StreamState } from "./live-state.ts";
import type { PacketIndex } from "./messages.ts";

/** How much may be fetched of streams that are ahead of others in time: a consumer that orders them must hold it. */
const AHEAD_BYTES = 32 * 1024 * 1024;

/** A stream that stands still for so long is not waited for. */
const STALL_MS = 5000;

/**
 * Which packets are worth fetching now. A consumer that restores time order holds what is later than the next packet of
 * any other stream of the machine; so a backlog is fetched in the order of time, and beyond that only so much.
 */
export class Ahead {
  /** Packets that were fetched ahead of others: where they begin, and their bytes. */
  readonly #fetched = new Map<string, { readonly begin: bigint; readonly bytes: number }[]>();

  /** @param all the streams that are open: one whose next packet is not known yet may still bring an early one */
  choose(ready: readonly StreamState[], all: Iterable<StreamState>, now: number): StreamState[] {
    if (ready.length === 0) return [];
    const least = leastReached(all, now);
    const inOrder = [...ready].sort((a, b) => (a.index!.begin < b.index!.begin ? -1 : 1));
    return inOrder.filter(
      (stream) => stream === inOrder[0] || this.#isWanted(stream, stream.index!, least),
    );
  }

  /** Whether one more packet of a stream may be fetched. */
  allows(
    stream: StreamState,
    index: PacketIndex,
    all: Iterable<StreamState>,
    now: number,
  ): boolean {
    return this.#isWanted(stream, index, leastReached(all, now));
  }

  #isWanted(
    stream: StreamState,
    index: PacketIndex,
    reached: ReadonlyMap<string, bigint>,
  ): boolean {
    const { host } = stream.trace.session.entry;
    const least = reached.get(host) ?? index.begin;
    return index.begin <= least || this.#reserve(host, least, index.begin, bytesOf(index));
  }

  #reserve(host: string, least: bigint, begin: bigint, bytes: number): boolean {
    const ahead = (this.#fetched.get(host) ?? []).filter((packet) => packet.begin > least);
    const held = ahead.reduce((sum, packet) => sum + packet.bytes, 0);
    const mayFetch = held + bytes <= AHEAD_BYTES;
    if (mayFetch) ahead.push({ begin, bytes });
    this.#fetched.set(host, ahead);
    return mayFetch;
  }
}

/** By machine, whose clocks agree while those of others say nothing about it: the time that every stream has reached. */
function leastReached(streams: Iterable<StreamState>, now: number): Map<string, bigint> {
  const reached = new Map<string, bigint>();
  for (const stream of streams) {
    const { host } = stream.trace.session.entry;
    const to = stream.index === undefined ? stream.reached : stream.index.end;
    // A stream that says nothing must not hold up the others for ever.
    if (to < 0n || now - stream.movedAt > STALL_MS) continue;
    const least = reached.get(host);
    if (least === undefined || to < least) reached.set(host, to);
  }
  return reached;
}

/** Bytes of the packet of an index. */
export function bytesOf(index: PacketIndex): number {
  return Number(index.packetBits / 8n);
}
