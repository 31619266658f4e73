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

/**
 * The packets of indexes that are held and may go out; behind each request, the one for the next index. As long as these
 * answers say nothing else, the next packets are asked for as soon as they come, whatever the consumer is doing: neither
 * the line nor the relayd stands still.
 */
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
  const { clock, viewer } = attachment;
  const chainMs = Math.min(LONG_CHAIN_MS, CHAIN_ROUND_TRIPS * viewer.roundTripMs);
  let until = clock.now() + Math.max(CHAIN_MS, chainMs);
  const inFlight: InFlight[] = [];
  let bytes = 0;
  /** Asks again for what there was no room for. */
  let tooEarly: (() => void)[] = [];
  const hasRoom = (length: number): boolean =>
    inFlight.length === 0 || (inFlight.length < WINDOW_PACKETS && bytes + length <= WINDOW_BYTES);
  const ask = (stream: StreamState, index: PacketIndex): void => {
    const length = bytesOf(index);
    const reply = viewer.packet(stream.id, index.offset, length);
    reply.catch(() => undefined);
    inFlight.push({ stream, index, length, reply });
    bytes += length;
    stream.index = undefined;
    askIndex(attachment, stream);
    const next = stream.reply;
    next?.then(
      (answer) => {
        if (inFlight.length > 0) goOn(stream, next, answer);
      },
      () => undefined,
    );
  };
  const goOn = (
    stream: StreamState,
    reply: Promise<NextIndexReply>,
    answer: NextIndexReply,
  ): void => {
    if (stream.reply !== reply || clock.now() > until) return;
    if (answer.kind !== "ok") return;
    if (answer.newMetadata || answer.newStream) {
      until = 0;
      return;
    }
    const { index } = answer;
    const isPlain = index.offset > stream.offset && whyUnusable(index) === undefined;
    if (!isPlain) return;
    const mayAsk =
      hasRoom(bytesOf(index)) &&
      ahead.allows(stream, index, attachment.streams.values(), clock.now());
    if (!mayAsk) {
      tooEarly.push(() => goOn(stream, reply, answer));
      return;
    }
    stream.offset = index.offset;
    stream.movedAt = clock.now();
    stream.reply = undefined;
    ask(stream, index);
  };
  const wanted = ahead.choose(ready, attachment.streams.values(), clock.now());
  for (let i = 0; i < wanted.length || inFlight.length > 0; ) {
    while (i < wanted.length && hasRoom(bytesOf(wanted[i]!.index!))) {
      const stream = wanted[i++]!;
      ask(stream, stream.index!);
    }
    const { stream, index, length, reply } = inFlight[0]!;
    const answer = await reply;
    inFlight.shift();
    bytes -= length;
    stream.passed(index);
    const again = tooEarly;
    tooEarly = [];
    for (const goOnAgain of again) goOnAgain();
    if (answer.kind === "ok") {
      attachment.hasDelivered = true;
      yield { kind: "packet", stream: stream.origin, bytes: answer.bytes };
      viewer.recycle(answer.bytes);
    } else {
      yield gap(stream, `the relayd no longer has the packet at byte ${index.offset}`, 1);
    }
  }
}

/** Tells, before the first packet of a stream, whether it goes on with one of the connection before. */
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
  // Asked ahead: if the source is stopped meanwhile, nobody looks at the answer.
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
