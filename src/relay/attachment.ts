import { SourceError } from "../base/errors.ts";
import { globMatches } from "../base/glob.ts";
import type { Item } from "../base/item.ts";
import { nearestName } from "../base/text.ts";
import { Seek } from "./abi.ts";
import type { Clock } from "./clock.ts";
import { SessionState, StreamState, TraceState } from "./live-state.ts";
import type { AttachReply, SessionEntry, StreamDescriptor } from "./messages.ts";
import type { LiveUrl } from "./url.ts";
import type { Viewer } from "./viewer.ts";

/** What of a relayd is followed: the entries whose host and name match, and how messages call it. */
export interface Target {
  /** The URL as the user wrote it. */
  readonly source: string;
  readonly selection: NonNullable<LiveUrl["selection"]>;
}

/** How long a good-bye may take. */
const DETACH_MS = 1000;

/**
 * Everything that belongs to one connection: the viewer, and the sessions, traces and streams that were announced on
 * it. Ids mean nothing on another connection, so a reconnection begins with a new one of these.
 */
export class Attachment {
  readonly viewer: Viewer;
  readonly clock: Clock;
  /** Aborted when nobody wants items any more. */
  readonly stop: AbortSignal;
  readonly sessions: Map<bigint, SessionState> = new Map();
  readonly traces: Map<bigint, TraceState> = new Map();
  /** Data streams that have not ended, in the order of their announcement. */
  readonly streams: Map<bigint, StreamState> = new Map();
  readonly #target: Target;
  /** Entries that could not be attached; each is told once. */
  readonly #refused = new Set<bigint>();
  #closing: Promise<void> | undefined;

  constructor(viewer: Viewer, target: Target, clock: Clock, stop: AbortSignal) {
    this.viewer = viewer;
    this.clock = clock;
    this.stop = stop;
    this.#target = target;
  }

  get source(): string {
    return this.#target.source;
  }

  /**
   * Makes the viewer session and attaches every entry that matches now.
   *
   * @throws SourceError `UNKNOWN_SESSION`, `ALREADY_ATTACHED`, `NOT_LIVE`, when there is nothing to follow
   */
  async begin(seek: Seek): Promise<Item[]> {
    await this.viewer.createSession();
    const entries = await this.viewer.listSessions();
    const matching = entries.filter((entry) => this.#matches(entry));
    if (matching.length === 0) throw unknownSession(this.#target, this.viewer.peer, entries);
    const items: Item[] = [];
    let refusal: SourceError | undefined;
    for (const entry of matching) {
      const reply = await this.viewer.attach(entry.id, seek);
      if (reply.kind === "ok") {
        items.push(...this.#attached(entry, reply.streams));
      } else {
        const error = refused(entry, reply.kind, this.viewer.peer);
        refusal ??= error;
        items.push(this.#refuse(entry, error));
      }
    }
    if (this.sessions.size === 0 && refusal !== undefined) throw refusal;
    return items;
  }

  /** Lists again: attaches domains that came late, from their beginning, and marks the sessions that went. */
  async relist(): Promise<Item[]> {
    const entries = await this.viewer.listSessions();
    const listed = new Set(entries.map((entry) => entry.id));
    for (const session of this.sessions.values()) session.isListed = listed.has(session.entry.id);
    const items: Item[] = [];
    for (const entry of entries) {
      if (!this.#matches(entry) || this.sessions.has(entry.id)) continue;
      if (this.#refused.has(entry.id)) continue;
      const reply = await this.viewer.attach(entry.id, Seek.beginning);
      if (reply.kind === "ok") items.push(...this.#attached(entry, reply.streams));
      else items.push(this.#refuse(entry, refused(entry, reply.kind, this.viewer.peer)));
    }
    return items;
  }

  /** Takes in announced streams: items for the traces and data streams that are new. */
  adopt(session: SessionState, descriptors: readonly StreamDescriptor[]): Item[] {
    const items: Item[] = [];
    for (const descriptor of descriptors) {
      let trace = this.traces.get(descriptor.traceId);
      if (trace === undefined) {
        trace = this.#newTrace(session, descriptor);
        items.push({ kind: "trace", trace: trace.origin });
      }
      if (descriptor.isMetadata) {
        trace.metadataStream = descriptor.id;
        trace.flagMetadata();
      } else if (!this.streams.has(descriptor.id)) {
        const origin = { trace: trace.origin, name: descriptor.channel };
        const stream = new StreamState(descriptor.id, trace, origin);
        this.streams.set(stream.id, stream);
        trace.streams.add(stream);
        trace.hadStreams = true;
        items.push({ kind: "stream", stream: origin });
      }
    }
    return items;
  }

  /** Forgets a stream that will say no more. */
  drop(stream: StreamState): Item {
    this.streams.delete(stream.id);
    stream.trace.streams.delete(stream);
    // Its trace may be over as a whole, which only the metadata stream can tell.
    if (stream.trace.streams.size === 0) stream.trace.flagMetadata();
    return { kind: "stream-end", stream: stream.origin };
  }

  /** Detaches from everything, waiting a second at most, and closes the connection. Idempotent, never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#detachAndClose();
    return this.#closing;
  }

  async #detachAndClose(): Promise<void> {
    const goodBye = new AbortController();
    const detached = Promise.allSettled(
      [...this.sessions.keys()].map((id) => this.viewer.detach(id)),
    ).then(() => goodBye.abort());
    await Promise.race([detached, this.clock.sleep(DETACH_MS, goodBye.signal)]);
    goodBye.abort();
    this.viewer.close();
  }

  #matches(entry: SessionEntry): boolean {
    const { target, session } = this.#target.selection;
    return globMatches(target, entry.host) && globMatches(session, entry.name);
  }

  #attached(entry: SessionEntry, descriptors: readonly StreamDescriptor[]): Item[] {
    const session = new SessionState(entry, this.clock.now());
    this.sessions.set(entry.id, session);
    const text = `attached to session ${entry.name} on ${entry.host} (live timer ${entry.liveTimerUs / 1000} ms)`;
    return [{ kind: "note", source: this.source, text }, ...this.adopt(session, descriptors)];
  }

  #refuse(entry: SessionEntry, error: SourceError): Item {
    this.#refused.add(entry.id);
    return { kind: "note", source: this.source, text: error.message };
  }

  #newTrace(session: SessionState, descriptor: StreamDescriptor): TraceState {
    const trace = new TraceState(descriptor.traceId, session, {
      host: session.entry.host,
      session: session.entry.name,
      path: descriptor.path,
      source: this.source,
    });
    this.traces.set(trace.id, trace);
    return trace;
  }
}

function refused(
  entry: SessionEntry,
  kind: Exclude<AttachReply["kind"], "ok">,
  peer: string,
): SourceError {
  const session = `session ${entry.name} on ${entry.host}`;
  switch (kind) {
    case "already":
      return new SourceError(
        "ALREADY_ATTACHED",
        `attaching to ${session}: another viewer is attached, and ${peer} allows one viewer per session`,
      );
    case "not-live":
      return new SourceError(
        "NOT_LIVE",
        `attaching to ${session}: it is not live; create it with lttng create --live`,
      );
    case "unknown":
      return new SourceError("UNKNOWN_SESSION", `attaching to ${session}: it is gone from ${peer}`);
    case "seek-error":
    case "no-viewer-session":
      return new SourceError("ATTACH_REFUSED", `attaching to ${session}: ${peer} says ${kind}`);
  }
}

function unknownSession(
  target: Target,
  peer: string,
  entries: readonly SessionEntry[],
): SourceError {
  const wanted = `${target.selection.target}/${target.selection.session}`;
  const names = [...new Set(entries.map((entry) => `${entry.host}/${entry.name}`))];
  const near = nearestName(wanted, names);
  const there =
    names.length === 0 ? "it has no session" : `it has ${names.map((n) => `"${n}"`).join(", ")}`;
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  return new SourceError("UNKNOWN_SESSION", `no session "${wanted}" on ${peer}: ${there}${hint}`);
}
