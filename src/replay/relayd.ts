import { ConnectionType, PROTOCOL_MAJOR, Seek } from "../relay/abi.ts";
import type { UnknownRequest } from "../relay/decode-request.ts";
import {
  encodeAttachReply,
  encodeConnectReply,
  encodeCreateSessionReply,
  encodeDetachReply,
  encodeListSessionsReply,
  encodeMetadataReply,
  encodeNewStreamsReply,
  encodeNextIndexReply,
  encodePacketReply,
} from "../relay/encode-reply.ts";
import type { AttachReply, DetachReply, Request, SessionEntry } from "../relay/messages.ts";
import type { Entry } from "./live-trace.ts";
import { PacketFiles } from "./packet-file.ts";
import type { RecordedTrace, Recording } from "./recording.ts";
import { Run, type RunOptions } from "./run.ts";

/** The minor that we announce: sessions are listed in the fixed layout, which every viewer reads. */
export const MINOR = 13;
/** From this minor on the list has formats. As with a relayd, sessions in CTF 2 are hidden from viewers that know less. */
const MINOR_OF_FORMATS = 15;
const LIVE_TIMER_US = 500_000;
/** What a relayd writes before it closes on an unknown command. */
const UNKNOWN_COMMAND = Uint8Array.of(0, 0, 0, 11);

/** What one viewer connection has done so far. */
export interface ViewerState {
  isConnected: boolean;
  /** What both ends speak. */
  minor: number;
  hasViewerSession: boolean;
  readonly attached: Set<Entry>;
}

/** Bytes to send; and whether to close after them, as a relayd does at its viewers' mistakes. */
export interface Response {
  readonly bytes: Uint8Array;
  readonly close: boolean;
}

/** The relayd of one recording, without its sockets: attachments, and the answer to each request. */
export class ReplayRelayd {
  readonly sessionName: string;
  readonly entries: readonly Entry[];
  readonly #recording: Recording;
  readonly #options: RunOptions;
  readonly #files = new PacketFiles();
  readonly #viewers = new Map<Entry, ViewerState>();
  #lastId = 0n;
  #run: Run | undefined;

  constructor(recording: Recording, sessionName: string, options: RunOptions) {
    this.#recording = recording;
    this.#options = options;
    this.sessionName = sessionName;
    this.entries = this.#entriesOf(recording.traces);
  }

  async answer(viewer: ViewerState, request: Request | UnknownRequest): Promise<Response> {
    if (request.kind === "connect") return this.#connect(viewer, request);
    if (!viewer.isConnected) return { bytes: new Uint8Array(0), close: true };
    if (request.kind === "unknown") return { bytes: UNKNOWN_COMMAND, close: true };
    return { bytes: await this.#reply(viewer, request), close: false };
  }

  /** The viewer is gone. */
  leave(viewer: ViewerState): void {
    for (const entry of viewer.attached) this.#release(viewer, entry);
  }

  close(): Promise<void> {
    return this.#files.close();
  }

  #connect(viewer: ViewerState, request: Request & { kind: "connect" }): Response {
    const { command, notification } = ConnectionType;
    const isKnown = request.type === command || request.type === notification;
    if (request.major !== PROTOCOL_MAJOR || !isKnown) {
      return { bytes: new Uint8Array(0), close: true };
    }
    viewer.isConnected = true;
    const hasFormats = this.entries.some((entry) => formatOf(entry) === "ctf-2");
    if (hasFormats && request.minor >= MINOR_OF_FORMATS) viewer.minor = MINOR_OF_FORMATS;
    const viewerSession = request.type === command ? this.#nextId() : 0n;
    const reply = { viewerSession, major: PROTOCOL_MAJOR, minor: viewer.minor };
    return { bytes: encodeConnectReply(reply), close: false };
  }

  async #reply(
    viewer: ViewerState,
    request: Exclude<Request, { kind: "connect" }>,
  ): Promise<Uint8Array> {
    const run = this.#run;
    switch (request.kind) {
      case "list-sessions":
        return encodeListSessionsReply(this.#listed(viewer.minor), viewer.minor);
      case "create-session":
        viewer.hasViewerSession = true;
        return encodeCreateSessionReply({ kind: "ok" });
      case "attach-session":
        return encodeAttachReply(this.#attach(viewer, request.session, request.seek));
      case "detach-session":
        return encodeDetachReply(this.#detach(viewer, request.session));
      case "new-streams": {
        const entry = this.#entry(request.session);
        if (run === undefined || entry === undefined || !viewer.attached.has(entry)) {
          return encodeNewStreamsReply({ kind: "error" });
        }
        return encodeNewStreamsReply(run.newStreams(entry));
      }
      case "metadata":
        return encodeMetadataReply(
          run?.metadata(request.stream, viewer.attached) ?? { kind: "error" },
        );
      case "next-index": {
        const gone = { kind: "error", newMetadata: false, newStream: false } as const;
        return encodeNextIndexReply(
          (await run?.nextIndex(request.stream, viewer.attached)) ?? gone,
        );
      }
      case "packet": {
        const { stream, offset, length } = request;
        const reply = await run?.packet(stream, offset, length, viewer.attached);
        return encodePacketReply(reply ?? { kind: "error" });
      }
    }
  }

  #attach(viewer: ViewerState, id: bigint, seek: number): AttachReply {
    if (!viewer.hasViewerSession) return { kind: "no-viewer-session" };
    const entry = this.#entry(id);
    if (entry === undefined || this.#run?.isOver(entry) === true) return { kind: "unknown" };
    if (seek !== Seek.beginning && seek !== Seek.last) return { kind: "seek-error" };
    if (this.#viewers.has(entry)) return { kind: "already" };
    this.#run ??= new Run(this.#recording, this.entries, this.#files, this.#options, () =>
      this.#nextId(),
    );
    this.#viewers.set(entry, viewer);
    viewer.attached.add(entry);
    return { kind: "ok", streams: this.#run.attach(entry) };
  }

  #detach(viewer: ViewerState, id: bigint): DetachReply {
    const entry = this.#entry(id);
    if (entry === undefined) return { kind: "unknown" };
    if (!viewer.attached.has(entry)) return { kind: "error" };
    this.#release(viewer, entry);
    return { kind: "ok" };
  }

  /** With its last viewer a run ends: the next viewer begins anew. */
  #release(viewer: ViewerState, entry: Entry): void {
    viewer.attached.delete(entry);
    this.#viewers.delete(entry);
    this.#run?.detach(entry);
    if (this.#run?.isIdle === true) this.#run = undefined;
  }

  #listed(minor: number): SessionEntry[] {
    const there = this.entries.filter(
      (entry) =>
        this.#run?.isOver(entry) !== true &&
        (minor >= MINOR_OF_FORMATS || formatOf(entry) === "ctf-1.8"),
    );
    return there.map((entry) => ({
      id: entry.id,
      liveTimerUs: LIVE_TIMER_US,
      clients: this.#viewers.has(entry) ? 1 : 0,
      streams: this.#run?.streamCount(entry) ?? streamCount(entry),
      host: entry.host,
      name: this.sessionName,
      format: formatOf(entry),
    }));
  }

  #entry(id: bigint): Entry | undefined {
    return this.entries.find((entry) => entry.id === id);
  }

  /** One entry for each host and domain, since each domain has a consumer of its own. */
  #entriesOf(traces: readonly RecordedTrace[]): Entry[] {
    const groups = new Map<string, RecordedTrace[]>();
    for (const trace of traces) {
      const key = `${trace.host}/${trace.domain}`;
      groups.set(key, [...(groups.get(key) ?? []), trace]);
    }
    return [...groups.values()].map((group) => {
      const host = group[0]!.host;
      return { id: this.#nextId(), host, traces: group };
    });
  }

  #nextId(): bigint {
    this.#lastId += 1n;
    return this.#lastId;
  }
}

function formatOf({ traces }: Entry): SessionEntry["format"] {
  const isCtf2 = traces.some(({ directory }) => directory.traceClass.format === "CTF 2");
  return isCtf2 ? "ctf-2" : "ctf-1.8";
}

function streamCount(entry: Entry): number {
  return entry.traces.reduce((count, trace) => count + 1 + trace.streams.length, 0);
}
