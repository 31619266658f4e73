import { ProtocolError, SourceError } from "../base/errors.ts";
import { globMatches } from "../base/glob.ts";
import type { Item } from "../base/item.ts";
import { nearestName } from "../base/text.ts";
import { MAX_CONNECTION_STREAMS, Seek } from "./abi.ts";
import { Clears } from "./clears.ts";
import type { Clock } from "./clock.ts";
import { SessionState, StreamState, TraceState } from "./live-state.ts";
import type { AttachReply, SessionEntry, StreamDescriptor } from "./messages.ts";
import { ResumePoints } from "./resume.ts";
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
  /** Aborted when no more items are needed. */
  readonly stop: AbortSignal;
  readonly sessions: Map<bigint, SessionState> = new Map();
  readonly traces: Map<bigint, TraceState> = new Map();
  /** Data streams that have not ended, in the order of their announcement. */
  readonly streams: Map<bigint, StreamState> = new Map();
  /** Whether a session was ever attached over this connection. */
  hasAttached = false;
  /** Whether a packet came over it. */
  hasDelivered = false;
  readonly #target: Target;
  readonly #resume: ResumePoints;
  /** Entries that could not be attached; each is reported once. */
  readonly #refused = new Map<bigint, AttachReply["kind"]>();
  /** Sessions that were followed to their end; a relayd may list them a moment longer. */
  readonly #finished = new Set<bigint>();
  #entries: readonly SessionEntry[] = [];
  #closing: Promise<void> | undefined;

  /** @param resume what a lost connection had of the sessions; used up */
  constructor(
    viewer: Viewer,
    target: Target,
    clock: Clock,
    stop: AbortSignal,
    resume: ResumePoints = new ResumePoints(),
  ) {
    this.viewer = viewer;
    this.clock = clock;
    this.stop = stop;
    this.#target = target;
    this.#resume = resume;
  }

  /** Whether another viewer has a session that we could have when it leaves. */
  get isRefused(): boolean {
    return [...this.#refused.values()].includes("already");
  }

  get source(): string {
    return this.#target.source;
  }

  /**
   * Makes the viewer session and attaches every entry that matches now.
   *
   * @returns what came of it; `refusal` (`UNKNOWN_SESSION`, `ALREADY_ATTACHED`, `NOT_LIVE` …) when there is nothing to follow
   */
  async begin(seek: Seek): Promise<{ items: Item[]; refusal: SourceError | undefined }> {
    await this.viewer.createSession();
    const entries = await this.viewer.listSessions();
    this.#entries = entries;
    if (!entries.some((entry) => this.#matches(entry))) {
      return { items: [], refusal: unknownSession(this.#target, this.viewer.peer, entries) };
    }
    const items: Item[] = [];
    let refusal: SourceError | undefined;
    for (const entry of entries) {
      if (!this.#matches(entry)) continue;
      const attached = await this.#attach(entry, seek);
      items.push(...attached.items);
      refusal ??= attached.refusal;
    }
    return { items, refusal: this.sessions.size === 0 ? refusal : undefined };
  }

  /** Lists again: attaches what came late, from its beginning, and marks the sessions that went. */
  async relist(): Promise<Item[]> {
    const entries = await this.viewer.listSessions();
    this.#entries = entries;
    const listed = new Set(entries.map((entry) => entry.id));
    for (const session of this.sessions.values()) session.isListed = listed.has(session.entry.id);
    for (const id of this.#refused.keys()) if (!listed.has(id)) this.#refused.delete(id);
    for (const id of this.#finished) if (!listed.has(id)) this.#finished.delete(id);
    const items: Item[] = [];
    for (const entry of entries) {
      if (!this.#matches(entry) || this.sessions.has(entry.id)) continue;
      if (this.#finished.has(entry.id)) continue;
      // Another viewer may leave; a session that is not live stays so.
      if ((this.#refused.get(entry.id) ?? "already") !== "already") continue;
      items.push(...(await this.#attach(entry, Seek.beginning)).items);
    }
    return items;
  }

  /**
   * Sessions, as `NAME on HOST`, of which a lost connection had traces that did not come back. One that another viewer
   * has, or that shows no stream yet because it is being cleared, may still come back.
   */
  missing(): string[] {
    const pending = new Set<string>();
    for (const entry of this.#entries) {
      const session = this.sessions.get(entry.id);
      const isPending =
        session === undefined
          ? this.#refused.get(entry.id) === "already"
          : ![...this.traces.values()].some((trace) => trace.session === session);
      if (isPending) pending.add(`${entry.name} on ${entry.host}`);
    }
    return this.#resume.takeAll((name) => !pending.has(name));
  }

  /** A session has ended and everything of it was read: it is let go, and may come again under its name. */
  async finish(session: SessionState): Promise<readonly Item[]> {
    this.sessions.delete(session.entry.id);
    this.#finished.add(session.entry.id);
    // If the connection is lost over this, the next request fails.
    await this.viewer.detach(session.entry.id).catch(() => undefined);
    const { name, host } = session.entry;
    if (this.#namesake(session.entry) !== undefined) return [];
    const text = `detached from session ${name} on ${host}: the session is over`;
    const state = this.sessions.size === 0 ? "waiting" : undefined;
    return [{ kind: "note", source: this.source, text, state }];
  }

  /** Another attached entry of the same session: a relayd lists each tracing domain of a session by itself. */
  #namesake({ id, name, host }: SessionEntry): SessionState | undefined {
    return [...this.sessions.values()].find(
      ({ entry }) => entry.id !== id && entry.name === name && entry.host === host,
    );
  }

  /** The connection is lost: ends every stream and trace, and gives what the next connection is to know. */
  abandon(): { items: Item[]; resume: ResumePoints } {
    const items: Item[] = [];
    const resume = new ResumePoints();
    for (const trace of this.traces.values()) {
      resume.add(trace.session.entry, trace.mark);
      for (const stream of trace.streams) {
        items.push({ kind: "stream-end", stream: stream.origin, mayResume: true });
      }
      items.push({ kind: "trace-end", trace: trace.origin });
    }
    resume.addAll(this.#resume);
    this.streams.clear();
    this.traces.clear();
    return { items, resume };
  }

  /** Takes in announced streams: items for the traces and data streams that are new. */
  adopt(session: SessionState, descriptors: readonly StreamDescriptor[]): Item[] {
    const items: Item[] = [];
    for (const descriptor of descriptors) {
      const open = this.streams.size + this.traces.size;
      if (open >= MAX_CONNECTION_STREAMS) throw tooManyStreams(this.viewer.peer);
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
        const stream = new StreamState(descriptor.id, trace, origin, this.clock.now());
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
    // Its trace may be over as a whole, which only the metadata stream shows.
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

  async #attach(
    entry: SessionEntry,
    seek: Seek,
  ): Promise<{ items: Item[]; refusal?: SourceError }> {
    const reply = await this.viewer.attach(entry.id, seek);
    if (reply.kind !== "ok") {
      const refusal = refused(entry, reply.kind, this.viewer.peer);
      const isTold = this.#refused.has(entry.id);
      this.#refused.set(entry.id, reply.kind);
      const { message: text } = refusal;
      const state = this.sessions.size === 0 ? "waiting" : undefined;
      const note: Item = { kind: "note", source: this.source, text, state };
      return { items: isTold ? [] : [note], refusal };
    }
    this.#refused.delete(entry.id);
    this.hasAttached = true;
    const { relaydMinor } = this.viewer;
    const clears = this.#namesake(entry)?.clears ?? new Clears();
    const session = new SessionState(entry, relaydMinor, this.clock.now(), clears);
    this.sessions.set(entry.id, session);
    const items = this.adopt(session, reply.streams);
    if (this.#namesake(entry) !== undefined) return { items };
    const text = `attached to session ${entry.name} on ${entry.host} (live timer ${entry.liveTimerUs / 1000} ms)`;
    const note: Item = { kind: "note", source: this.source, text, state: "attached" };
    return { items: [note, ...items] };
  }

  #newTrace(session: SessionState, descriptor: StreamDescriptor): TraceState {
    const { entry } = session;
    const { path } = descriptor;
    const origin = { host: entry.host, session: entry.name, path, source: this.source };
    const mark = this.#resume.take(entry, path);
    const trace = new TraceState(descriptor.traceId, session, origin, mark);
    this.traces.set(trace.id, trace);
    return trace;
  }
}

function tooManyStreams(peer: string): ProtocolError {
  const message = `${peer} announces more streams than ${MAX_CONNECTION_STREAMS}`;
  return new ProtocolError("TOO_MANY_STREAMS", message, { peer });
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
        `attaching to ${session}: another viewer is attached, and ${peer} allows one viewer per session; stop the other, or ask a tracewire serve that is attached`,
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
