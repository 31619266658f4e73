/** What one connection knows of the sessions it is attached to, their traces, and their data streams. */

import type { StreamOrigin, TraceOrigin } from "../base/item.ts";
import type { Clears } from "./clears.ts";
import type { NewStreamsReply, NextIndexReply, PacketIndex, SessionEntry } from "./messages.ts";
import { isSameStart, START_BYTES, type StreamMark, type TraceMark } from "./resume.ts";

/** GET_NEW_STREAMS is not asked more often than this unless it is flagged. */
const MIN_POLL_MS = 100;
/** Nor more seldom than this, however slow the live timer. */
const MAX_POLL_MS = 1000;
/** Relayds before 2.14 list an application's streams only while it runs. */
const HASTY_POLL_MS = 40;
const KEEPING_MINOR = 14;
/** A clear re-sends the metadata; how soon to look whether it is whole again. */
const RESEND_POLL_MS = 25;
/** Once a session has hung up its streams should too; a relayd that forgets is not waited for longer. */
const MIN_GRACE_MS = 2000;

/** One attached entry of the session list. */
export class SessionState {
  readonly entry: SessionEntry;
  readonly pollMs: number;
  /** When GET_NEW_STREAMS is due. */
  askStreamsAt: number;
  /** The answer to GET_NEW_STREAMS that is on its way; the last one that came, until it is looked at. */
  asked: Promise<unknown> | undefined;
  answer: NewStreamsReply | undefined;
  /** Still in the relayd's list when that was last asked. */
  isListed = true;
  /** When it hung up. */
  overSince: number | undefined;
  readonly clears: Clears;

  /** @param clears shared by the entries of one session */
  constructor(entry: SessionEntry, relaydMinor: number, now: number, clears: Clears) {
    this.entry = entry;
    this.clears = clears;
    this.pollMs =
      relaydMinor < KEEPING_MINOR
        ? HASTY_POLL_MS
        : Math.min(MAX_POLL_MS, Math.max(MIN_POLL_MS, entry.liveTimerUs / 1000));
    this.askStreamsAt = now + this.pollMs;
  }

  get isOver(): boolean {
    return this.overSince !== undefined;
  }

  /** Hung up so long ago that streams which say nothing are taken for ended. */
  isPastGrace(now: number): boolean {
    const grace = Math.max(MIN_GRACE_MS, (2 * this.entry.liveTimerUs) / 1000);
    return this.overSince !== undefined && now - this.overSince > grace;
  }
}

/** One CTF trace: a metadata stream and the data streams that it describes. */
export class TraceState {
  readonly id: bigint;
  readonly session: SessionState;
  readonly origin: TraceOrigin;
  /** Data streams that have not ended. */
  readonly streams: Set<StreamState> = new Set();
  hadStreams = false;
  /** `undefined` until the metadata stream is announced, which may be last. */
  metadataStream: bigint | undefined;
  /** When GET_METADATA is due; `undefined` when a flag must come first. */
  askMetadataAt: number | undefined;
  /** The trace of that name on a lost connection, until the metadata show whether it is this one. */
  #mark: TraceMark | undefined;
  /** How its metadata begins. */
  #start: Uint8Array = new Uint8Array(0);
  #metadataBytes = 0;
  #isResending = false;
  #hasMetadataEnded = false;
  #resumed: ReadonlyMap<string, StreamMark> = new Map();

  constructor(id: bigint, session: SessionState, origin: TraceOrigin, mark?: TraceMark) {
    this.id = id;
    this.session = session;
    this.origin = origin;
    this.#mark = mark;
  }

  get metadataBytes(): number {
    return this.#metadataBytes;
  }

  /** Packets may go out: what is needed to decode them went before. */
  get isReady(): boolean {
    if (this.#hasMetadataEnded || this.session.isOver || !this.session.isListed) return true;
    return this.#metadataBytes > 0 && !this.#isResending;
  }

  /** Nothing more can come: its streams have ended, and its metadata or its session too. */
  get isOver(): boolean {
    return this.streams.size === 0 && (this.#hasMetadataEnded || this.session.isOver);
  }

  /** Where the stream of a channel ended on the connection before, if this trace goes on with that one. */
  resumePoint(channel: string): StreamMark | undefined {
    return this.#resumed.get(channel);
  }

  /** What the next connection is to know. */
  get mark(): TraceMark {
    if (this.#mark !== undefined) return this.#mark;
    const streams = new Map(this.#resumed);
    for (const { origin, mark } of this.streams)
      if (mark !== undefined) streams.set(origin.name, mark);
    return { path: this.origin.path, start: this.#start, streams };
  }

  /** An index reply was flagged NEW_METADATA. */
  flagMetadata(): void {
    if (!this.#hasMetadataEnded) this.askMetadataAt = Number.NEGATIVE_INFINITY;
  }

  /** @returns whether these first bytes show another trace than the one that had the name before */
  receivedMetadata(bytes: Uint8Array, now: number): boolean {
    const isFirst = this.#metadataBytes === 0 && bytes.length > 0;
    this.#metadataBytes += bytes.length;
    this.#isResending = bytes.length === 0;
    this.askMetadataAt = bytes.length === 0 ? now + RESEND_POLL_MS : Number.NEGATIVE_INFINITY;
    if (!isFirst) return false;
    this.#start = bytes.slice(0, START_BYTES);
    const mark = this.#mark;
    this.#mark = undefined;
    if (mark === undefined) return false;
    if (!isSameStart(mark.start, this.#start)) return true;
    this.#resumed = mark.streams;
    return false;
  }

  /** Everything the relayd has was sent. A trace without any text yet, or without streams any more, is asked on. */
  noNewMetadata(now: number): void {
    this.#isResending = false;
    const askOn = this.#metadataBytes === 0 || (this.hadStreams && this.streams.size === 0);
    this.askMetadataAt = askOn ? now + this.session.pollMs : undefined;
  }

  endMetadata(): void {
    this.#hasMetadataEnded = true;
    this.#isResending = false;
    this.askMetadataAt = undefined;
  }
}

/** One data stream. */
export class StreamState {
  readonly id: bigint;
  readonly trace: TraceState;
  readonly origin: StreamOrigin;
  /** An index that was given to us and whose packet is not yet asked for. The relayd will not give it again. */
  index: PacketIndex | undefined;
  /** The answer to the index request that is on its way. */
  reply: Promise<NextIndexReply> | undefined;
  /** The last beacon that was handed on; a relayd repeats it until it knows more. */
  beacon = -1n;
  /** The offset of the last packet: it falls with a new trace file. */
  offset = 0n;
  /** How far the stream is known: nothing before this is still to come. Clock cycles. */
  reached = -1n;
  /** When it last said something new. */
  movedAt: number;
  /** Clears of its session that were known when it last showed one. */
  #clears: number;
  /** Whether the resume point was looked up. */
  isPlaced = false;
  #begin: bigint | undefined;
  #end = 0n;

  constructor(id: bigint, trace: TraceState, origin: StreamOrigin, now: number) {
    this.id = id;
    this.trace = trace;
    this.origin = origin;
    this.movedAt = now;
    this.#clears = trace.session.clears.count;
  }

  /** It shows that its session was cleared; whether that is news. */
  noticeClear(now: number): boolean {
    const { clears, entry } = this.trace.session;
    const isNews = clears.notice(this.#clears, now, entry.liveTimerUs);
    this.#clears = clears.count;
    return isNews;
  }

  /** The packet of this index was handed on, or reported as lost. */
  passed({ begin, end }: PacketIndex): void {
    this.#begin = begin;
    this.#end = end;
    if (end > this.reached) this.reached = end;
  }

  get mark(): StreamMark | undefined {
    const { origin, beacon } = this;
    if (this.#begin !== undefined) return { origin, begin: this.#begin, end: this.#end };
    const before = this.trace.resumePoint(origin.name);
    if (before !== undefined) return { ...before, origin };
    return beacon < 0n ? undefined : { origin, begin: beacon, end: beacon };
  }

  /** Whether the connection before had this packet already. */
  isBehindMark({ begin, end }: PacketIndex): boolean {
    const mark = this.trace.resumePoint(this.origin.name);
    if (mark === undefined) return false;
    return end < mark.end || (end === mark.end && begin <= mark.begin);
  }
}
