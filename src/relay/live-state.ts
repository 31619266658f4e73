/** What one connection knows of the sessions it is attached to, their traces, and their data streams. */

import type { StreamOrigin, TraceOrigin } from "../base/item.ts";
import type { NextIndexReply, PacketIndex, SessionEntry } from "./messages.ts";

/** GET_NEW_STREAMS is not asked more often than this unless it is flagged. */
const MIN_POLL_MS = 100;
/** Nor more seldom than this, however slow the live timer: short-lived applications must not slip through. */
const MAX_POLL_MS = 1000;
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
  /** Still in the relayd's list when that was last asked. */
  isListed = true;
  /** When it hung up. */
  overSince: number | undefined;

  constructor(entry: SessionEntry, now: number) {
    this.entry = entry;
    this.pollMs = Math.min(MAX_POLL_MS, Math.max(MIN_POLL_MS, entry.liveTimerUs / 1000));
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
  #metadataBytes = 0;
  #isResending = false;
  #hasMetadataEnded = false;

  constructor(id: bigint, session: SessionState, origin: TraceOrigin) {
    this.id = id;
    this.session = session;
    this.origin = origin;
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

  /** An index reply was flagged NEW_METADATA. */
  flagMetadata(): void {
    if (!this.#hasMetadataEnded) this.askMetadataAt = Number.NEGATIVE_INFINITY;
  }

  receivedMetadata(bytes: number, now: number): void {
    this.#metadataBytes += bytes;
    this.#isResending = bytes === 0;
    this.askMetadataAt = bytes === 0 ? now + RESEND_POLL_MS : Number.NEGATIVE_INFINITY;
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

  constructor(id: bigint, trace: TraceState, origin: StreamOrigin) {
    this.id = id;
    this.trace = trace;
    this.origin = origin;
  }
}
