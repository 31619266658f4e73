/**
 * Requests and replies as values. What a relayd answers as a matter of course (retry, inactive, hang-up, nothing new)
 * is a `kind`, never an error. Ids, offsets, sizes in bits and clock cycles are u64 and so bigints.
 */

/** What a viewer asks. `seek` and `type` are numbers, since a server must also represent the wrong ones. */
export type Request =
  | {
      readonly kind: "connect";
      readonly major: number;
      readonly minor: number;
      /** A `ConnectionType`. */
      readonly type: number;
    }
  | { readonly kind: "list-sessions" }
  /** `seek` is a `Seek`. */
  | { readonly kind: "attach-session"; readonly session: bigint; readonly seek: number }
  | { readonly kind: "next-index"; readonly stream: bigint }
  /** `offset` and `length` in bytes, inside the stream's current trace file. */
  | {
      readonly kind: "packet";
      readonly stream: bigint;
      readonly offset: bigint;
      readonly length: number;
    }
  | { readonly kind: "metadata"; readonly stream: bigint }
  | { readonly kind: "new-streams"; readonly session: bigint }
  | { readonly kind: "create-session" }
  | { readonly kind: "detach-session"; readonly session: bigint };

export interface ConnectReply {
  readonly viewerSession: bigint;
  readonly major: number;
  /** The relayd's own minor, not the negotiated one. */
  readonly minor: number;
}

/** One entry of LIST_SESSIONS: one tracing domain of one recording session. */
export interface SessionEntry {
  readonly id: bigint;
  /** Microseconds; 0 when the session is not live. */
  readonly liveTimerUs: number;
  /** Viewers attached: 0 or 1. */
  readonly clients: number;
  /** Streams now, metadata streams included. */
  readonly streams: number;
  readonly host: string;
  readonly name: string;
  readonly format: "ctf-1.8" | "ctf-2";
}

/** Announces one stream of one CTF trace. Every CTF trace has exactly one metadata stream. */
export interface StreamDescriptor {
  readonly id: bigint;
  readonly traceId: bigint;
  readonly isMetadata: boolean;
  /** Path in the session: `kernel`, `ust/uid/1000/64-bit`, … */
  readonly path: string;
  /** `channel0_1`, or `metadata`. */
  readonly channel: string;
}

export type AttachReply =
  | { readonly kind: "ok"; readonly streams: readonly StreamDescriptor[] }
  /** Another viewer is attached, or this connection already is. */
  | { readonly kind: "already" }
  | { readonly kind: "unknown" }
  | { readonly kind: "not-live" }
  | { readonly kind: "seek-error" }
  | { readonly kind: "no-viewer-session" };

export type NewStreamsReply =
  | { readonly kind: "ok"; readonly streams: readonly StreamDescriptor[] }
  /** A clear or rotation is under way: ask again later. */
  | { readonly kind: "no-new" }
  | { readonly kind: "error" }
  /** The session is over and every stream was read to its end. */
  | { readonly kind: "hang-up" };

/** Where the next packet lies and what it covers. */
export interface PacketIndex {
  /** Bytes, in the stream's current trace file; restarts at 0 with each new file. */
  readonly offset: bigint;
  readonly packetBits: bigint;
  readonly contentBits: bigint;
  /** Clock cycles. */
  readonly begin: bigint;
  /** Clock cycles. */
  readonly end: bigint;
  /** Events discarded in the stream so far, as the tracer counts. */
  readonly discarded: bigint;
  /** CTF stream class id; a hint only. */
  readonly streamClass: bigint;
}

/** `newMetadata` and `newStream` are set by any status. */
export interface IndexFlags {
  readonly newMetadata: boolean;
  readonly newStream: boolean;
}

export type NextIndexReply = IndexFlags &
  (
    | { readonly kind: "ok"; readonly index: PacketIndex }
    | { readonly kind: "retry" }
    | { readonly kind: "hang-up" }
    | { readonly kind: "error" }
    /** No event of the stream will come at or before `timestamp` (clock cycles). */
    | { readonly kind: "inactive"; readonly timestamp: bigint; readonly streamClass: bigint }
  );

export type PacketReply =
  | { readonly kind: "ok"; readonly bytes: Uint8Array }
  /** The packet is lost to us: overwritten, cleared, or its stream is gone. */
  | { readonly kind: "error" };

export type MetadataReply =
  /** Without bytes: the text is being sent anew after a clear, ask again later. */
  | { readonly kind: "ok"; readonly bytes: Uint8Array }
  | { readonly kind: "no-new" }
  /** The metadata stream is gone: the usual end. */
  | { readonly kind: "error" };

export type CreateSessionReply = { readonly kind: "ok" } | { readonly kind: "error" };

export type DetachReply =
  | { readonly kind: "ok" }
  | { readonly kind: "unknown" }
  | { readonly kind: "error" };
