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
import { MAX_METADATA_BYTES, MAX_PACKET_BYTES } from "./abi.ts";
import type { Attachment } from "./attachment.ts";
import type { SessionState, StreamState, TraceState } from "./live-state.ts";
import type { NextIndexReply, PacketIndex, PacketReply } from "./messages.ts";

/** Packets asked for and not yet pulled, in number and bytes; a larger packet travels alone. */
const WINDOW_PACKETS = 32;
const WINDOW_BYTES = 8 * 1024 * 1024;

/** How much may be fetched of streams that are ahead of others in time: a consumer that orders them must hold it. */
const AHEAD_BYTES = 32 * 1024 * 1024;

/** How long packets are asked for straight on before everything else gets its turn. */
const CHAIN_MS = 50;

/** A stream that stands still for so long is not waited for. */
const STALL_MS = 5000;

/** Pauses between rounds in which no stream had a packet: doubled from the first to the last. */
const MIN_PAUSE_MS = 10;
const MAX_PAUSE_MS = 40;
/** Many idle streams take long to ask: a pause lasts at least so many times what the round took. */
const PAUSE_PER_ROUND = 4;

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
      await clock.sleep(Math.min(1000, Math.max(pauseMs, PAUSE_PER_ROUND * tookMs)), stop);
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
    while (isMetadataDue(trace, attachment.clock.now())) {
      const reply = await attachment.viewer.metadata(trace.metadataStream);
      const now = attachment.clock.now();
      if (reply.kind === "ok") {
        if (trace.receivedMetadata(reply.bytes, now)) yield replaced(trace);
        if (trace.metadataBytes > MAX_METADATA_BYTES) throw tooMuchMetadata(attachment, trace);
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
      const { index } = reply;
      stream.movedAt = attachment.clock.now();
      const hasRestarted = index.offset === 0n && stream.offset > 0n;
      // With each file of a rotation the offset falls too; the packet that a clear leaves is empty.
      if (hasRestarted && index.begin === index.end) {
        yield* clearing(stream.trace.session, attachment.clock.now());
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
      // Without metadata nobody knows the clock; the relayd will say it again.
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
  readonly index: PacketIndex;
  readonly length: number;
  readonly reply: Promise<PacketReply>;
}

/**
 * The packets of indexes that are held and may go out; behind each request, the one for the next index. As long as these
 * answers say nothing else, the next packets are asked for as soon as they come, whatever the consumer is doing: neither
 * the line nor the relayd stands still.
 */
async function* packets(attachment: Attachment, ahead: Ahead): Items {
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
  const until = clock.now() + CHAIN_MS;
  const inFlight: InFlight[] = [];
  let bytes = 0;
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
      (answer) => goOn(stream, next, answer),
      () => undefined,
    );
  };
  const goOn = (
    stream: StreamState,
    reply: Promise<NextIndexReply>,
    answer: NextIndexReply,
  ): void => {
    if (stream.reply !== reply || clock.now() > until || inFlight.length === 0) return;
    if (answer.kind !== "ok" || answer.newMetadata || answer.newStream) return;
    const { index } = answer;
    const isPlain = index.offset > stream.offset && whyUnusable(index) === undefined;
    if (!isPlain || !hasRoom(bytesOf(index))) return;
    if (!ahead.allows(stream, index, attachment.streams.values(), clock.now())) return;
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
    if (answer.kind === "ok") {
      attachment.hasDelivered = true;
      yield { kind: "packet", stream: stream.origin, bytes: answer.bytes };
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

function bytesOf(index: PacketIndex): number {
  return Number(index.packetBits / 8n);
}

/**
 * Which packets are worth fetching now. A consumer that restores time order holds what is later than the next packet of
 * any other stream of the machine; so a backlog is fetched in the order of time, and beyond that only so much.
 */
class Ahead {
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
    yield await attachment.finish(session);
  }
}

function hasStreams(attachment: Attachment, session: bigint): boolean {
  for (const stream of attachment.streams.values()) {
    if (stream.trace.session.entry.id === session) return true;
  }
  return false;
}

/** What the connection before had and this one has not. */
export function* missing(attachment: Attachment): Generator<Item, void, void> {
  for (const session of attachment.missing()) {
    yield lost(
      `session ${session} ended, in part or whole, while there was no connection: its end is missing`,
    );
  }
}

function* clearing(session: SessionState, now: number): Generator<Item, void, void> {
  if (!session.noticeClear(now)) return;
  const { name, host } = session.entry;
  const reason = `session ${name} on ${host} was cleared: what was not read before is gone`;
  yield { kind: "gap", cause: "clear", trace: undefined, stream: undefined, reason, packets: 0 };
}

/** The session was made anew while we were away: nobody knows how its predecessor ended. */
function replaced({ origin }: TraceState): Item {
  const reason = `${origin.path} of session ${origin.session} was begun anew: the end of the one before is missing`;
  return { ...lost(reason), trace: origin };
}

/** A reconnection that cannot go on where the connection ended. */
export function lost(reason: string): Item & { kind: "gap" } {
  const nowhere = { trace: undefined, stream: undefined };
  return { kind: "gap", cause: "reconnect", ...nowhere, reason, packets: undefined };
}

function gap(stream: StreamState, reason: string, packets: number | undefined): Item {
  const { origin } = stream;
  return { kind: "gap", cause: "packets", trace: origin.trace, stream: origin, reason, packets };
}

function tooMuchMetadata({ viewer: { peer } }: Attachment, trace: TraceState): ProtocolError {
  const message = `metadata of ${trace.origin.path} from ${peer}: expected at most ${MAX_METADATA_BYTES} bytes, got more`;
  return new ProtocolError("METADATA_TOO_LONG", message, { peer });
}
