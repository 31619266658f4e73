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

import { ProtocolError } from "../base/errors.ts";
import type { Item } from "../base/item.ts";
import { MAX_METADATA_BYTES } from "./abi.ts";
import { Ahead } from "./ahead.ts";
import type { Attachment } from "./attachment.ts";
import { clearing, gap, missing, replaced } from "./gaps.ts";
import type { SessionState, StreamState, TraceState } from "./live-state.ts";
import type { NextIndexReply } from "./messages.ts";
import { MetadataPieces } from "./metadata-pieces.ts";
import { askIndex, packets, whyUnusable } from "./packets.ts";

/** Pauses between rounds in which no stream had a packet: doubled from the first to the last. */
const MIN_PAUSE_MS = 10;
const MAX_PAUSE_MS = 40;
/** Many idle streams take long to ask: a pause lasts at least so many times what the round took, up to a bound. */
const PAUSE_PER_ROUND = 4;
const LONG_PAUSE_MS = 250;

/** How often the session list is read again; and when nothing is attached. */
const RELIST_MS = 1000;
const RELIST_IDLE_MS = 300;

type Items = AsyncGenerator<Item, void, void>;

/**
 * Rounds until every session is over and every stream has ended, and beyond that while `expectsMore` says so.
 *
 * @throws ProtocolError when the connection is lost
 */
export async function* rounds(attachment: Attachment, expectsMore: () => boolean): Items {
  const { clock, stop, sessions } = attachment;
  const ahead = new Ahead();
  let relistAt = clock.now() + (sessions.size === 0 ? RELIST_IDLE_MS : RELIST_MS);
  let pauseMs = MIN_PAUSE_MS;
  while (sessions.size > 0 || expectsMore()) {
    if (clock.now() >= relistAt) {
      yield* await attachment.relist();
      yield* missing(attachment);
      relistAt = clock.now() + (sessions.size === 0 ? RELIST_IDLE_MS : RELIST_MS);
    }
    const begunAt = clock.now();
    yield* newStreams(attachment);
    yield* metadata(attachment);
    const indexes = await nextIndexes(attachment);
    for (const [stream, reply] of indexes) yield* indexItems(attachment, stream, reply);
    yield* metadata(attachment);
    yield* packets(attachment, ahead);
    yield* endings(attachment);
    if (indexes.some(([, reply]) => reply.kind === "ok")) {
      pauseMs = MIN_PAUSE_MS;
    } else {
      const tookMs = clock.now() - begunAt;
      await clock.sleep(Math.max(pauseMs, Math.min(LONG_PAUSE_MS, PAUSE_PER_ROUND * tookMs)), stop);
      stop.throwIfAborted();
      pauseMs = Math.min(MAX_PAUSE_MS, 2 * pauseMs);
    }
  }
}

/**
 * Asks each session that is due for streams. The answer is not waited for, which would cost each round a round trip, unless
 * there is no stream to do anything with meanwhile.
 */
async function* newStreams(attachment: Attachment): Items {
  for (const session of attachment.sessions.values()) {
    if (session.isOver) continue;
    const isIdle = attachment.streams.size === 0;
    if (session.asked === undefined && (isIdle || attachment.clock.now() >= session.askStreamsAt)) {
      askStreams(attachment, session);
    }
    if (isIdle) await session.asked;
    const { answer } = session;
    if (answer === undefined) continue;
    session.answer = undefined;
    session.asked = undefined;
    const now = attachment.clock.now();
    session.askStreamsAt = now + session.pollMs;
    if (answer.kind === "ok") yield* attachment.adopt(session, answer.streams);
    // An error means that the relayd no longer knows the session or our attachment to it.
    if (answer.kind === "hang-up" || answer.kind === "error") {
      session.overSince = now;
      // The last chance for packets that are held for want of metadata.
      for (const trace of attachment.traces.values()) {
        if (trace.session === session) trace.flagMetadata();
      }
    }
  }
}

function askStreams({ viewer }: Attachment, session: SessionState): void {
  session.asked = viewer.newStreams(session.entry.id).then((answer) => {
    session.answer = answer;
  });
  // A lost connection shows elsewhere too, where it is waited for.
  session.asked.catch(() => undefined);
}

/** Fetches what is due, to the point where the relayd has nothing more. */
async function* metadata(attachment: Attachment): Items {
  for (const trace of attachment.traces.values()) {
    const pieces = new MetadataPieces();
    while (isMetadataDue(trace, attachment.clock.now())) {
      const reply = await attachment.viewer.metadata(trace.metadataStream);
      const now = attachment.clock.now();
      if (reply.kind === "ok") {
        if (trace.receivedMetadata(reply.bytes, now)) yield replaced(trace);
        if (trace.metadataBytes > MAX_METADATA_BYTES) throw tooMuchMetadata(attachment, trace);
        pieces.add(reply.bytes, now);
        if (!pieces.mayWait(trace.metadataBytes, now)) yield* metadataItems(trace, pieces);
      } else if (reply.kind === "no-new") {
        trace.noNewMetadata(now);
      } else {
        trace.endMetadata();
      }
    }
    yield* metadataItems(trace, pieces);
  }
}

function* metadataItems({ origin }: TraceState, pieces: MetadataPieces): Generator<Item> {
  const bytes = pieces.take();
  if (bytes !== undefined) yield { kind: "metadata", trace: origin, bytes };
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

function* indexItems(
  attachment: Attachment,
  stream: StreamState,
  reply: NextIndexReply,
): Generator<Item, void, void> {
  switch (reply.kind) {
    case "ok": {
      const { index } = reply;
      stream.movedAt = attachment.clock.now();
      const hasRestarted = index.offset === 0n && stream.offset > 0n;
      // With each file of a rotation the offset falls too; the packet that a clear leaves is empty.
      if (hasRestarted && index.begin === index.end) {
        yield* clearing(stream, attachment.clock.now());
      }
      stream.offset = index.offset;
      const reason = whyUnusable(index);
      if (reason === undefined) {
        stream.index = index;
        return;
      }
      stream.passed(index);
      yield gap(stream, reason, 1);
      return;
    }
    case "inactive":
      // Without metadata the clock is not known; the relayd will say it again.
      if (reply.timestamp > stream.beacon && stream.trace.isReady) {
        stream.beacon = reply.timestamp;
        if (reply.timestamp > stream.reached) stream.reached = reply.timestamp;
        stream.movedAt = attachment.clock.now();
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

/** Streams whose session is long over, traces that have nothing left, and sessions that have neither. */
async function* endings(attachment: Attachment): Items {
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
  for (const session of attachment.sessions.values()) {
    if (!session.isOver || hasStreams(attachment, session.entry.id)) continue;
    yield* await attachment.finish(session);
  }
}

function hasStreams(attachment: Attachment, session: bigint): boolean {
  for (const stream of attachment.streams.values()) {
    if (stream.trace.session.entry.id === session) return true;
  }
  return false;
}

function tooMuchMetadata({ viewer: { peer } }: Attachment, trace: TraceState): ProtocolError {
  const message = `metadata of ${trace.origin.path} from ${peer}: expected at most ${MAX_METADATA_BYTES} bytes, got more`;
  return new ProtocolError("METADATA_TOO_LONG", message, { peer });
}
