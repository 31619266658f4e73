/**
 * The polling, in the order of one round: list, new streams, metadata, indexes, metadata again, packets, endings.
 *
 * Invariants:
 * 1. Metadata goes out before any packet whose index came with or after it.
 * 2. Of one stream, a packet is asked for before the next index is: the offset refers to the trace file that the
 *    relayd has open for the stream, and the next index may switch files.
 * 3. An index that was given to us is kept until its packet is asked for.
 * 4. Beyond one window of packets, nothing is asked for that the consumer did not pull.
 */

import type { Item } from "../base/item.ts";
import { MAX_PACKET_BYTES } from "./abi.ts";
import type { Attachment } from "./attachment.ts";
import type { StreamState, TraceState } from "./live-state.ts";
import type { NextIndexReply, PacketIndex, PacketReply } from "./messages.ts";

/** Packets asked for and not yet pulled, in number and bytes; a larger packet travels alone. */
const WINDOW_PACKETS = 8;
const WINDOW_BYTES = 8 * 1024 * 1024;

/** Pauses between rounds in which no stream had a packet: doubled from the first to the last. */
const MIN_PAUSE_MS = 25;
const MAX_PAUSE_MS = 100;

/** How often the session list is read again. */
const RELIST_MS = 3000;

type Items = AsyncGenerator<Item, void, void>;

/** Rounds until every session is over and every stream has ended. */
export async function* rounds(attachment: Attachment): Items {
  const { clock, stop } = attachment;
  let relistAt = clock.now() + RELIST_MS;
  let pauseMs = MIN_PAUSE_MS;
  while (true) {
    if (clock.now() >= relistAt) {
      yield* await attachment.relist();
      relistAt = clock.now() + RELIST_MS;
    }
    yield* newStreams(attachment);
    yield* metadata(attachment);
    const indexes = await nextIndexes(attachment);
    for (const [stream, reply] of indexes) yield* indexItems(attachment, stream, reply);
    yield* metadata(attachment);
    yield* packets(attachment);
    yield* endings(attachment);
    if (attachment.sessions.size > 0 && everySessionIsOver(attachment)) return;
    if (indexes.some(([, reply]) => reply.kind === "ok")) {
      pauseMs = MIN_PAUSE_MS;
    } else {
      await clock.sleep(pauseMs, stop);
      stop.throwIfAborted();
      pauseMs = Math.min(MAX_PAUSE_MS, 2 * pauseMs);
    }
  }
}

/** Asks each session that is due for streams; without any stream left, that is each round. */
async function* newStreams(attachment: Attachment): Items {
  for (const session of attachment.sessions.values()) {
    const now = attachment.clock.now();
    const isDue = now >= session.askStreamsAt || attachment.streams.size === 0;
    if (session.isOver || !isDue) continue;
    const reply = await attachment.viewer.newStreams(session.entry.id);
    session.askStreamsAt = now + session.pollMs;
    if (reply.kind === "ok") yield* attachment.adopt(session, reply.streams);
    // An error means that the relayd no longer knows the session or our attachment to it.
    if (reply.kind === "hang-up" || reply.kind === "error") {
      session.overSince = now;
      // The last chance for packets that are held for want of metadata.
      for (const trace of attachment.traces.values()) {
        if (trace.session === session) trace.flagMetadata();
      }
    }
  }
}

/** Fetches what is due, to the point where the relayd has nothing more. */
async function* metadata(attachment: Attachment): Items {
  for (const trace of attachment.traces.values()) {
    while (isMetadataDue(trace, attachment.clock.now())) {
      const reply = await attachment.viewer.metadata(trace.metadataStream);
      const now = attachment.clock.now();
      if (reply.kind === "ok") {
        trace.receivedMetadata(reply.bytes.length, now);
        if (reply.bytes.length > 0) {
          yield { kind: "metadata", trace: trace.origin, bytes: reply.bytes };
        }
      } else if (reply.kind === "no-new") {
        trace.noNewMetadata(now);
      } else {
        trace.endMetadata();
      }
    }
  }
}

function isMetadataDue(
  trace: TraceState,
  now: number,
): trace is TraceState & { metadataStream: bigint } {
  return (
    trace.metadataStream !== undefined &&
    trace.askMetadataAt !== undefined &&
    now >= trace.askMetadataAt
  );
}

/** The answers of all streams that hold no index, asked in one go unless that was done already. */
async function nextIndexes(attachment: Attachment): Promise<[StreamState, NextIndexReply][]> {
  const idle = [...attachment.streams.values()].filter((stream) => stream.index === undefined);
  for (const stream of idle) askIndex(attachment, stream);
  const replies: [StreamState, NextIndexReply][] = [];
  for (const stream of idle) {
    const reply = await stream.reply;
    stream.reply = undefined;
    if (reply === undefined) continue;
    // The flag does not say which session has the new stream, so all are asked.
    if (reply.newStream)
      for (const session of attachment.sessions.values()) session.askStreamsAt = 0;
    if (reply.newMetadata) stream.trace.flagMetadata();
    replies.push([stream, reply]);
  }
  return replies;
}

function askIndex(attachment: Attachment, stream: StreamState): void {
  if (stream.reply !== undefined) return;
  stream.reply = attachment.viewer.nextIndex(stream.id);
  // Asked ahead: if the source is stopped meanwhile, nobody looks at the answer.
  stream.reply.catch(() => undefined);
}

function* indexItems(
  attachment: Attachment,
  stream: StreamState,
  reply: NextIndexReply,
): Generator<Item, void, void> {
  switch (reply.kind) {
    case "ok": {
      const reason = whyUnusable(reply.index);
      if (reason === undefined) stream.index = reply.index;
      else yield gap(stream, reason, 1);
      return;
    }
    case "inactive":
      // Without metadata nobody knows the clock; the relayd will say it again.
      if (reply.timestamp > stream.beacon && stream.trace.isReady) {
        stream.beacon = reply.timestamp;
        yield { kind: "beacon", stream: stream.origin, timestamp: reply.timestamp };
      }
      return;
    case "retry":
      return;
    case "error":
      yield gap(stream, "the relayd can no longer read the stream", undefined);
      yield attachment.drop(stream);
      return;
    case "hang-up":
      yield attachment.drop(stream);
      return;
  }
}

function whyUnusable(index: PacketIndex): string | undefined {
  if (index.packetBits > BigInt(MAX_PACKET_BYTES) * 8n) {
    return `a packet of ${index.packetBits / 8n} bytes is over the limit of ${MAX_PACKET_BYTES}`;
  }
  if (index.packetBits === 0n || index.packetBits % 8n !== 0n) {
    return `a packet of ${index.packetBits} bits cannot be`;
  }
  return undefined;
}

interface InFlight {
  readonly stream: StreamState;
  readonly length: number;
  readonly offset: bigint;
  readonly reply: Promise<PacketReply>;
}

/** The packets of all indexes that are held and may go out; behind each request, the one for the next index. */
async function* packets(attachment: Attachment): Items {
  const ready = [...attachment.streams.values()].filter((stream) => stream.trace.isReady);
  const inFlight: InFlight[] = [];
  let bytes = 0;
  for (let i = 0; i < ready.length || inFlight.length > 0; ) {
    while (i < ready.length && inFlight.length < WINDOW_PACKETS) {
      const stream = ready[i]!;
      const length = Number((stream.index?.packetBits ?? 0n) / 8n);
      if (inFlight.length > 0 && bytes + length > WINDOW_BYTES) break;
      i++;
      if (stream.index === undefined) continue;
      const { offset } = stream.index;
      const reply = attachment.viewer.packet(stream.id, offset, length);
      reply.catch(() => undefined);
      inFlight.push({ stream, length, offset, reply });
      bytes += length;
      stream.index = undefined;
      askIndex(attachment, stream);
    }
    const next = inFlight.shift();
    if (next === undefined) continue;
    const reply = await next.reply;
    bytes -= next.length;
    if (reply.kind === "ok") {
      yield { kind: "packet", stream: next.stream.origin, bytes: reply.bytes };
    } else {
      yield gap(next.stream, `the relayd no longer has the packet at byte ${next.offset}`, 1);
    }
  }
}

/** Streams whose session is long over, and traces that have nothing left. */
function* endings(attachment: Attachment): Generator<Item, void, void> {
  const now = attachment.clock.now();
  for (const stream of attachment.streams.values()) {
    const isSilent = stream.index === undefined;
    if (isSilent && stream.trace.session.isPastGrace(now)) yield attachment.drop(stream);
  }
  for (const session of attachment.sessions.values()) {
    if (session.isListed || session.isOver || hasStreams(attachment, session.entry.id)) continue;
    session.overSince = now;
  }
  for (const trace of attachment.traces.values()) {
    if (!trace.isOver) continue;
    attachment.traces.delete(trace.id);
    yield { kind: "trace-end", trace: trace.origin };
  }
}

function everySessionIsOver(attachment: Attachment): boolean {
  if (attachment.streams.size > 0) return false;
  return [...attachment.sessions.values()].every((session) => session.isOver);
}

function hasStreams(attachment: Attachment, session: bigint): boolean {
  for (const stream of attachment.streams.values()) {
    if (stream.trace.session.entry.id === session) return true;
  }
  return false;
}

function gap(stream: StreamState, reason: string, packets: number | undefined): Item {
  return { kind: "gap", trace: stream.trace.origin, stream: stream.origin, reason, packets };
}
