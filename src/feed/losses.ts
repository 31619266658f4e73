import type { DecodeError } from "../base/errors.ts";
import type { Item, StreamOrigin } from "../base/item.ts";
import type { PacketHeader } from "../ctf/packet-header.ts";

/** Something that did not reach the result, at the place in the stream where it is missing. */
export type Loss =
  /** The tracer dropped events for want of buffer space. Times are ns since the Unix epoch, where packets have any. */
  | {
      readonly kind: "discarded-events";
      readonly stream: StreamOrigin;
      readonly count: number;
      readonly beginNs: bigint | undefined;
      readonly endNs: bigint | undefined;
    }
  /** Packets overwritten or cleared before they were read, known by a hole in their numbers. */
  | {
      readonly kind: "missing-packets";
      readonly stream: StreamOrigin;
      readonly count: number;
      /** The file of the packet behind them, where that is not the stream's first one. */
      readonly before?: string | undefined;
      readonly endNs: bigint | undefined;
    }
  /** A packet, or the rest of one, that does not fit its metadata. */
  | {
      readonly kind: "undecodable-packet";
      readonly stream: StreamOrigin;
      readonly error: DecodeError;
    }
  /** Whatever else a source knows it could not deliver. */
  | Extract<Item, { readonly kind: "gap" }>;

/** Whether events are missing where a loss stands: a connection that was made anew without a hole misses none. */
export function mayMissEvents(loss: Loss): boolean {
  return loss.kind !== "gap" || loss.cause !== "reconnect" || loss.packets !== 0;
}

/**
 * Where a loss may have ended: it counts nothing and is not reported, but what is open there may span the loss. A counter
 * says only that events were discarded after the packet before and up to the end of the next one: LTTng's tracers discard behind the
 * last record of a full packet, others in front of the first.
 */
export function isLossEnd(loss: Loss): boolean {
  return loss.kind === "discarded-events" && loss.count === 0;
}

/** One line for people. */
export function describeLoss(loss: Loss): string {
  switch (loss.kind) {
    case "discarded-events":
      return `the tracer discarded ${loss.count} event${loss.count === 1 ? "" : "s"} of ${streamName(loss.stream)}`;
    case "missing-packets":
      return `${loss.count} packet${loss.count === 1 ? " is" : "s are"} missing from ${streamName(loss.stream)}${loss.before === undefined ? "" : `, before ${loss.before}`}`;
    case "undecodable-packet":
      return `skipped the rest of a packet of ${streamName(loss.stream)} at bit ${loss.error.bitOffset}: ${loss.error.message}`;
    case "gap": {
      const name = loss.stream === undefined ? "" : streamName(loss.stream);
      return loss.reason.startsWith(name) ? loss.reason : `${name}: ${loss.reason}`;
    }
  }
}

function streamName(stream: StreamOrigin): string {
  return stream.name.startsWith(stream.trace.path)
    ? stream.name
    : `${stream.trace.path}/${stream.name}`;
}

/** What one stream lost, or all of them. */
export interface LossCounts {
  readonly discardedEvents: number;
  readonly missingPackets: number;
  readonly undecodablePackets: number;
}

/** Packets that are missing, whole or in part. */
export function lostPackets({ missingPackets, undecodablePackets }: LossCounts): number {
  return missingPackets + undecodablePackets;
}

/** Streams that an account keeps one by one; what further ones lose is in the totals. */
const MAX_STREAMS = 256;

/** Running totals of a query. */
export class LossAccount {
  discardedEvents = 0;
  missingPackets = 0;
  undecodablePackets = 0;
  /** Interruptions of unknown cost: how many packets are missing is not known. */
  gaps = 0;
  clears = 0;
  reconnects = 0;
  readonly #streams = new Map<string, { -readonly [name in keyof LossCounts]: number }>();

  add(loss: Loss): void {
    if (loss.kind === "gap") {
      if (loss.cause === "clear") this.clears++;
      else if (loss.cause === "reconnect" && loss.packets === 0) this.reconnects++;
      else if (loss.packets === undefined) this.gaps++;
    }
    const count = countsOf(loss);
    addTo(this, count);
    if (loss.stream === undefined) return;
    const name = fullName(loss.stream);
    let ofStream = this.#streams.get(name);
    if (ofStream === undefined) {
      if (this.#streams.size === MAX_STREAMS) return;
      ofStream = { discardedEvents: 0, missingPackets: 0, undecodablePackets: 0 };
      this.#streams.set(name, ofStream);
    }
    addTo(ofStream, count);
  }

  /** Adds the totals of another account. */
  addTotals(counts: LossCounts): void {
    addTo(this, counts);
  }

  /** By stream, `HOST/SESSION/PATH/CHANNEL`: those that lost anything, up to 256 of them. */
  get streams(): ReadonlyMap<string, LossCounts> {
    return this.#streams;
  }

  get isEmpty(): boolean {
    return this.#entries().length === 0;
  }

  /** Whether data was damaged or lost: events, packets, an unknown amount. Clears are what a user did. */
  get isIncomplete(): boolean {
    const { discardedEvents, missingPackets, undecodablePackets, gaps } = this;
    return discardedEvents + missingPackets + undecodablePackets + gaps > 0;
  }

  /** `58038 events discarded by the tracer, 3 packets missing`; empty if nothing was lost. Late rows are not lost. */
  toString(): string {
    return this.#entries()
      .map(([count, one, many]) => `${count} ${count === 1 ? one : many}`)
      .join(", ");
  }

  #entries(): (readonly [number, string, string])[] {
    const entries = [
      [this.discardedEvents, "event discarded by the tracer", "events discarded by the tracer"],
      [this.missingPackets, "packet missing", "packets missing"],
      [this.undecodablePackets, "packet undecodable", "packets undecodable"],
      [this.gaps, "gap of unknown size", "gaps of unknown size"],
      [this.clears, "clear", "clears"],
      [this.reconnects, "reconnection", "reconnections"],
    ] as const;
    return entries.filter(([count]) => count > 0);
  }
}

function countsOf(loss: Loss): LossCounts {
  const none = { discardedEvents: 0, missingPackets: 0, undecodablePackets: 0 };
  switch (loss.kind) {
    case "discarded-events":
      return { ...none, discardedEvents: loss.count };
    case "missing-packets":
      return { ...none, missingPackets: loss.count };
    case "undecodable-packet":
      return { ...none, undecodablePackets: 1 };
    case "gap":
      return { ...none, missingPackets: loss.packets ?? 0 };
  }
}

function addTo(totals: { -readonly [name in keyof LossCounts]: number }, count: LossCounts): void {
  totals.discardedEvents += count.discardedEvents;
  totals.missingPackets += count.missingPackets;
  totals.undecodablePackets += count.undecodablePackets;
}

/** Unique over all sources; recorded traces have no host and session. */
function fullName(stream: StreamOrigin): string {
  const { host, session } = stream.trace;
  const place = host === undefined || session === undefined ? [] : [host, session];
  return [...place, streamName(stream)].join("/");
}

/**
 * Finds discarded events and missing packets of one stream from its packets' counters.
 *
 * The counter of discarded events should only grow, but real traces hold packets that say 0 between higher values
 * (LTTng 2.13.9, measured): only a new highest value counts. A 32-bit counter that falls from its top quarter to its
 * bottom quarter has wrapped.
 */
export class StreamCounters {
  #highest: bigint | undefined;
  #sequenceNumber: bigint | undefined;
  #endNs: bigint | undefined;
  /** Whether a loss may have been up to the end of the packet before, which is not known. */
  #isOpen = false;
  /** Missing packets that were reported already. */
  #reported = 0;

  /** The source has said that so many packets are missing here: their numbers say nothing new. */
  onReported(packets: number): void {
    this.#reported += packets;
  }

  /**
   * What is missing between the packet before and the end of this one.
   * @param path of its file, where the stream has several
   */
  next(
    stream: StreamOrigin,
    header: PacketHeader,
    beginNs: bigint | undefined,
    endNs: bigint | undefined,
    path: string = stream.name,
  ): Loss[] {
    const losses: Loss[] = [];
    const missing = this.#missingBefore(header);
    if (missing > 0) {
      const place = path === stream.name ? undefined : { before: path };
      losses.push({ kind: "missing-packets", stream, count: missing, endNs: beginNs, ...place });
    }
    // The first record of the packet may have the time of its begin.
    const beforeNs = beginNs === undefined ? undefined : beginNs - 1n;
    if (this.#isOpen && beforeNs !== undefined)
      losses.push({
        kind: "discarded-events",
        stream,
        count: 0,
        beginNs: beforeNs,
        endNs: beforeNs,
      });
    const discarded = this.#discardedUntil(header);
    this.#isOpen = discarded > 0 && endNs === undefined;
    if (discarded > 0) {
      losses.push({
        kind: "discarded-events",
        stream,
        count: discarded,
        beginNs: this.#endNs ?? beforeNs,
        endNs,
      });
    }
    this.#endNs = endNs;
    return losses;
  }

  #missingBefore({ sequenceNumber }: PacketHeader): number {
    const last = this.#sequenceNumber;
    if (sequenceNumber === undefined) return 0;
    this.#sequenceNumber = sequenceNumber;
    const reported = this.#reported;
    this.#reported = 0;
    if (last === undefined || sequenceNumber <= last) return 0;
    return Math.max(0, Number(sequenceNumber - last - 1n) - reported);
  }

  #discardedUntil({
    discardedEvents: snapshot,
    discardedBits,
    sequenceNumber,
  }: PacketHeader): number {
    if (snapshot === undefined) return 0;
    const highest = this.#highest;
    if (highest === undefined) {
      // What was lost before this viewer came is not its loss, unless it came with the first packet.
      this.#highest = snapshot;
      return sequenceNumber === 0n ? Number(snapshot) : 0;
    }
    if (snapshot > highest) {
      this.#highest = snapshot;
      return Number(snapshot - highest);
    }
    const span = 1n << BigInt(discardedBits);
    const hasWrapped = highest >= (span / 4n) * 3n && snapshot < span / 4n && snapshot > 0n;
    if (!hasWrapped) return 0;
    this.#highest = snapshot;
    return Number(span - highest + snapshot);
  }
}
