/** The packets of all streams of a source, in the order in which they begin. */

import { Heap } from "../base/heap.ts";
import type { Item, StreamOrigin, TraceOrigin } from "../base/item.ts";
import { instant } from "./clock.ts";
import type { StoredPacket } from "./stored-packet.ts";
import type { StoredStream } from "./trace-directory.ts";

/** Nanoseconds since the Unix epoch, both inclusive; `undefined` is open. */
export interface TimeRange {
  readonly begin: bigint | undefined;
  readonly end: bigint | undefined;
}

interface TimedPacket {
  readonly packet: StoredPacket;
  /** `undefined`: it may hold any time. */
  readonly beginNs: bigint | undefined;
  readonly endNs: bigint | undefined;
}

/** The packets of one stream that are still to come. */
export class StreamQueue {
  readonly origin: StreamOrigin;
  /** Among packets that begin at the same time, those of the least go first. */
  readonly number: number;
  /** When its first packet begins. */
  readonly firstNs: bigint | undefined;
  /** When its last packet ends. */
  readonly lastNs: bigint | undefined;
  #packets: readonly TimedPacket[];
  #next = 0;

  constructor(trace: TraceOrigin, { path, streamClass, packets }: StoredStream, number: number) {
    this.origin = { trace, name: path };
    this.number = number;
    const { clock } = streamClass;
    this.#packets = packets.map((packet) => ({
      packet,
      beginNs: instant(clock, packet.begin),
      endNs: instant(clock, packet.end),
    }));
    this.firstNs = this.#packets.find(({ beginNs }) => beginNs !== undefined)?.beginNs;
    this.lastNs = this.#packets.findLast(({ endNs }) => endNs !== undefined)?.endNs;
  }

  get head(): TimedPacket | undefined {
    return this.#packets[this.#next];
  }

  /** Bytes of the packets that are still to come, and of the largest of them. */
  get sizes(): { readonly all: number; readonly largest: number } {
    let all = 0;
    let largest = 0;
    for (let i = this.#next; i < this.#packets.length; i++) {
      const { bytes } = this.#packets[i]!.packet;
      all += bytes;
      if (bytes > largest) largest = bytes;
    }
    return { all, largest };
  }

  advance(): void {
    this.#next++;
  }

  /** Leaves out the packets that lie wholly outside a range. */
  keepOnly({ begin, end }: TimeRange): void {
    this.#packets = this.#packets.filter(
      ({ beginNs, endNs }) =>
        (begin === undefined || endNs === undefined || endNs >= begin) &&
        (end === undefined || beginNs === undefined || beginNs <= end),
    );
  }
}

/** A packet whose turn it is. */
export interface NextPacket {
  readonly stream: StreamOrigin;
  readonly packet: StoredPacket;
  readonly beginNs: bigint | undefined;
  /** What is to be said before it: that nothing earlier comes, if that is new. */
  readonly before: readonly Extract<Item, { kind: "bound" }>[];
  /** The stream has none after it. */
  readonly isLast: boolean;
}

export class PacketOrder {
  readonly #source: string;
  readonly #heap: Heap<StreamQueue>;
  readonly #onProgress: ((doneBytes: number, totalBytes: number) => void) | undefined;
  readonly #totalBytes: number;
  /** Bytes of the largest packet. */
  readonly largestBytes: number;
  #doneBytes = 0;
  #bound: bigint | undefined;

  constructor(
    source: string,
    queues: readonly StreamQueue[],
    onProgress: ((doneBytes: number, totalBytes: number) => void) | undefined,
  ) {
    this.#source = source;
    const sizes = queues.map((queue) => queue.sizes);
    this.#totalBytes = sizes.reduce((sum, { all }) => sum + all, 0);
    this.largestBytes = sizes.reduce((most, { largest }) => Math.max(most, largest), 0);
    this.#onProgress = onProgress;
    const withPackets = queues.filter(({ head }) => head !== undefined);
    this.#heap = new Heap(withPackets, comesFirst);
  }

  next(): NextPacket | undefined {
    const queue = this.#heap.first;
    const head = queue?.head;
    if (queue === undefined || head === undefined) return undefined;
    queue.advance();
    const isLast = queue.head === undefined;
    if (isLast) this.#heap.removeFirst();
    else this.#heap.firstChanged();
    const { packet, beginNs } = head;
    const isNew = beginNs !== undefined && (this.#bound === undefined || beginNs > this.#bound);
    if (isNew) this.#bound = beginNs;
    const before = isNew ? [{ kind: "bound", ns: beginNs, source: this.#source } as const] : [];
    return { stream: queue.origin, packet, beginNs, before, isLast };
  }

  /** What follows a packet. */
  *done({ stream, packet, isLast }: NextPacket): Generator<Item & { kind: "stream-end" }> {
    this.#doneBytes += packet.bytes;
    this.#onProgress?.(this.#doneBytes, this.#totalBytes);
    if (isLast) yield { kind: "stream-end", stream };
  }
}

/** Packets without a time go first; a stream's own order always holds. */
function comesFirst(a: StreamQueue, b: StreamQueue): boolean {
  const [aNs, bNs] = [a.head?.beginNs, b.head?.beginNs];
  if (aNs === bNs) return a.number < b.number;
  return aNs === undefined || (bNs !== undefined && aNs < bNs);
}
