/** Fetching: which packets are asked for, when, and what comes of it. */

import type { Item } from "../base/item.ts";
import { MAX_PACKET_BYTES } from "./abi.ts";
import { type Ahead, bytesOf } from "./ahead.ts";
import type { Attachment } from "./attachment.ts";
import { gap } from "./gaps.ts";
import type { StreamState } from "./live-state.ts";
import type { NextIndexReply, PacketIndex, PacketReply } from "./messages.ts";

/** Packets asked for and not yet pulled, in number and bytes; a larger packet travels alone. */
const WINDOW_PACKETS = 32;
const WINDOW_BYTES = 8 * 1024 * 1024;

/**
 * How long packets are asked for straight on before everything else gets its turn. At each turn two round trips pass
 * without a packet, so over a long way it comes after so many of them, up to a bound.
 */
const CHAIN_MS = 50;
const CHAIN_ROUND_TRIPS = 10;
const LONG_CHAIN_MS = 500;

interface InFlight {
  readonly stream: StreamState;
  readonly index: PacketIndex;
  readonly length: number;
  readonly reply: Promise<PacketReply>;
}

/** The packets of indexes that are held and may go out. */
export async function* packets(
  attachment: Attachment,
  ahead: Ahead,
): AsyncGenerator<Item, void, void> {
  const ready: StreamState[] = [];
  for (const stream of attachment.streams.values()) {
    if (stream.index === undefined || !stream.trace.isReady) continue;
    yield* place(stream);
    if (!stream.isBehindMark(stream.index)) ready.push(stream);
    else {
      stream.index = undefined;
      askIndex(attachment, stream);
    }
  }
  const pipeline = new PacketPipeline(attachment, ahead);
  const wanted = ahead.choose(ready, attachment.streams.values(), attachment.clock.now());
  for (let i = 0; i < wanted.length || !pipeline.isEmpty; ) {
    while (i < wanted.length && pipeline.hasRoom(bytesOf(wanted[i]!.index!))) {
      const stream = wanted[i++]!;
      pipeline.ask(stream, stream.index!);
    }
    const { stream, index, answer } = await pipeline.next();
    if (answer.kind === "ok") {
      attachment.hasDelivered = true;
      yield { kind: "packet", stream: stream.origin, bytes: answer.bytes };
      attachment.viewer.recycle(answer.bytes);
    } else {
      yield gap(stream, `the relayd no longer has the packet at byte ${index.offset}`, 1);
    }
  }
}

/**
 * Requests for packets that are under way; behind each, the one for the next index. As long as these answers say nothing else,
 * the next packets are asked for as soon as they come, whatever the consumer is doing: neither the line nor the relayd
 * stands still.
 */
class PacketPipeline {
  readonly #attachment: Attachment;
  readonly #ahead: Ahead;
  readonly #inFlight: InFlight[] = [];
  #bytes = 0;
  /** Until when packets are asked for straight on, by the attachment's clock. */
  #until: number;
  /** Asks again for what there was no room for. */
  #tooEarly: (() => void)[] = [];

  constructor(attachment: Attachment, ahead: Ahead) {
    this.#attachment = attachment;
    this.#ahead = ahead;
    const { clock, viewer } = attachment;
    const chainMs = Math.min(LONG_CHAIN_MS, CHAIN_ROUND_TRIPS * viewer.roundTripMs);
    this.#until = clock.now() + Math.max(CHAIN_MS, chainMs);
  }

  get isEmpty(): boolean {
    return this.#inFlight.length === 0;
  }

  hasRoom(length: number): boolean {
    return (
      this.isEmpty ||
      (this.#inFlight.length < WINDOW_PACKETS && this.#bytes + length <= WINDOW_BYTES)
    );
  }

  ask(stream: StreamState, index: PacketIndex): void {
    const length = bytesOf(index);
    const reply = this.#attachment.viewer.packet(stream.id, index.offset, length);
    reply.catch(() => undefined);
    this.#inFlight.push({ stream, index, length, reply });
    this.#bytes += length;
    stream.index = undefined;
    askIndex(this.#attachment, stream);
    const next = stream.reply;
    next?.then(
      (answer) => {
        if (!this.isEmpty) this.#goOn(stream, next, answer);
      },
      () => undefined,
    );
  }

  /** The answer to the oldest request, of which there must be one. */
  async next(): Promise<{ stream: StreamState; index: PacketIndex; answer: PacketReply }> {
    const { stream, index, length, reply } = this.#inFlight[0]!;
    const answer = await reply;
    this.#inFlight.shift();
    this.#bytes -= length;
    stream.passed(index);
    const again = this.#tooEarly;
    this.#tooEarly = [];
    for (const goOn of again) goOn();
    return { stream, index, answer };
  }

  /** Asks for the packet of an index that has just come, if nothing else is to be done first. */
  #goOn(stream: StreamState, reply: Promise<NextIndexReply>, answer: NextIndexReply): void {
    const { clock, streams } = this.#attachment;
    if (stream.reply !== reply || clock.now() > this.#until) return;
    if (answer.kind !== "ok") return;
    if (answer.newMetadata || answer.newStream) {
      this.#until = 0;
      return;
    }
    const { index } = answer;
    const isPlain = index.offset > stream.offset && whyUnusable(index) === undefined;
    if (!isPlain) return;
    const mayAsk =
      this.hasRoom(bytesOf(index)) &&
      this.#ahead.allows(stream, index, streams.values(), clock.now());
    if (!mayAsk) {
      this.#tooEarly.push(() => this.#goOn(stream, reply, answer));
      return;
    }
    stream.offset = index.offset;
    stream.movedAt = clock.now();
    stream.reply = undefined;
    this.ask(stream, index);
  }
}

/** Finds out, before the first packet of a stream, whether it goes on with one of the connection before. */
function* place(stream: StreamState): Generator<Item, void, void> {
  if (stream.isPlaced) return;
  stream.isPlaced = true;
  const mark = stream.trace.resumePoint(stream.origin.name);
  if (mark !== undefined) yield { kind: "resume", stream: stream.origin, from: mark.origin };
}

/** Asks for the next index of a stream, unless that is under way. */
export function askIndex(attachment: Attachment, stream: StreamState): void {
  if (stream.reply !== undefined) return;
  stream.reply = attachment.viewer.nextIndex(stream.id);
  // Asked ahead: if the source is stopped meanwhile, the answer is not used.
  stream.reply.catch(() => undefined);
}

/** Why a packet of such an index cannot be asked for. */
export function whyUnusable(index: PacketIndex): string | undefined {
  if (index.packetBits > BigInt(MAX_PACKET_BYTES) * 8n) {
    return `a packet of ${index.packetBits / 8n} bytes is over the limit of ${MAX_PACKET_BYTES}`;
  }
  if (index.packetBits === 0n || index.packetBits % 8n !== 0n) {
    return `a packet of ${index.packetBits} bits cannot be`;
  }
  return undefined;
}
