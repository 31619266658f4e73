/**
 * What a source yields, live or recorded: the one language between `relay/`, `ctf/` and the engine.
 *
 * For each trace: `trace`, then `metadata` before the packets that need it, `stream` before the stream's first
 * packet. `end` of a stream, of a trace, and at last of the whole source. Sources are pulled: the next item is
 * prepared when it is asked for, which is how backpressure reaches a relayd.
 */

/** A trace: one domain (or one application) of one session. The object is its identity. */
export interface TraceOrigin {
  /** The traced machine, as the relayd names it; `undefined` for a recorded trace (its environment names it). */
  readonly host: string | undefined;
  /** LTTng session name, `undefined` for a recorded trace. */
  readonly session: string | undefined;
  /** Path inside the session (`kernel`, `ust/uid/1000/64-bit`), or the trace directory. */
  readonly path: string;
  /** The source it came from, as the user wrote it: a URL or a directory. */
  readonly source: string;
}

/** A data stream: the packets of one ring buffer. The object is its identity. */
export interface StreamOrigin {
  readonly trace: TraceOrigin;
  /** Channel and CPU (`channel0_1`), or the data file's path. */
  readonly name: string;
}

/**
 * Why something is missing: packets that are lost, a session that was cleared, a connection that was lost, a source
 * that cannot be followed. Packets lost by a clear or a reconnect are counted by their numbers where the stream goes on.
 */
export type GapCause = "packets" | "clear" | "reconnect" | "source";

/** What a live source is doing: following, waiting for something to follow, or connecting again to what it has lost. */
export type FollowState = "attached" | "waiting" | "lost";

export type Item =
  | { readonly kind: "trace"; readonly trace: TraceOrigin }
  /** More metadata bytes of a trace, in order, as the tracer wrote them. May end inside a declaration. */
  | { readonly kind: "metadata"; readonly trace: TraceOrigin; readonly bytes: Uint8Array }
  | { readonly kind: "stream"; readonly stream: StreamOrigin }
  /** Before its first packet: this stream goes on where one of a lost connection ended, and repeats nothing of it. */
  | { readonly kind: "resume"; readonly stream: StreamOrigin; readonly from: StreamOrigin }
  /** One packet. `bytes` is borrowed: valid until the next pull. */
  | { readonly kind: "packet"; readonly stream: StreamOrigin; readonly bytes: Uint8Array }
  /** No event of this stream will come at or before `timestamp` (clock cycles of its trace). */
  | { readonly kind: "beacon"; readonly stream: StreamOrigin; readonly timestamp: bigint }
  /** The first packet or event of this source is at `ns` (since the Unix epoch), whatever of it is read. */
  | {
      readonly kind: "begin";
      readonly ns: bigint;
      /** When its last packet ends. */
      readonly lastNs: bigint | undefined;
      readonly source: string;
    }
  /** No event earlier than `ns` (since the Unix epoch) will come from any stream of this source. */
  | { readonly kind: "bound"; readonly ns: bigint; readonly source: string }
  /** Something is missing here, or may be; `packets` when their number is known. */
  | {
      readonly kind: "gap";
      readonly cause: GapCause;
      readonly trace: TraceOrigin | undefined;
      readonly stream: StreamOrigin | undefined;
      readonly reason: string;
      readonly packets: number | undefined;
    }
  /** For people: what the source is doing ("attached to …"). With `state`, that is what it does from now on. */
  | {
      readonly kind: "note";
      readonly source: string;
      readonly text: string;
      readonly state?: FollowState | undefined;
    }
  /** `mayResume`: it ended with its connection, so that a `resume` may name it. Nothing else names a stream or trace that ended. */
  | { readonly kind: "stream-end"; readonly stream: StreamOrigin; readonly mayResume?: true }
  | { readonly kind: "trace-end"; readonly trace: TraceOrigin }
  /** The source has nothing more and never will. */
  | { readonly kind: "end"; readonly source: string };

/** A source of items, pulled one by one; `return()` releases everything it holds. */
export type ItemSource = AsyncGenerator<Item, void, void>;
