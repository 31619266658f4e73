import type { Buffers } from "../base/buffer-pool.ts";
import { ProtocolError } from "../base/errors.ts";
import { ConnectionType, PROTOCOL_MAJOR, PROTOCOL_MINOR, type Seek } from "./abi.ts";
import { Connection } from "./connection.ts";
import { attachReply, listSessionsReply, newStreamsReply } from "./decode-announcement.ts";
import {
  connectReply,
  createSessionReply,
  detachReply,
  metadataReply,
  nextIndexReply,
  packetReply,
} from "./decode-reply.ts";
import type { Decoding } from "./decoding.ts";
import { type Dial, dialTcp } from "./dial.ts";
import { encodeRequest } from "./encode-request.ts";
import type {
  AttachReply,
  ConnectReply,
  DetachReply,
  MetadataReply,
  NewStreamsReply,
  NextIndexReply,
  PacketReply,
  SessionEntry,
} from "./messages.ts";
import { printPeer } from "./url.ts";

/** A reply after which the connection is given up, when no byte of it comes for so long. */
const DEFAULT_TIMEOUT_MS = 10_000;

export interface ViewerOptions {
  /** IPv4 or IPv6 only. */
  readonly family?: 4 | 6 | undefined;
  /** For connecting, and for each reply. Default `DEFAULT_TIMEOUT_MS`. */
  readonly timeoutMs?: number | undefined;
  /** Aborts the connecting only. */
  readonly signal?: AbortSignal | undefined;
  readonly dial?: Dial | undefined;
  /** Where replies are put. */
  readonly buffers?: Buffers | undefined;
}

/** The viewer commands as typed calls over one connection. Calls may overlap; replies come in the order asked. */
export class Viewer {
  readonly peer: string;
  /** The relayd's own minor. */
  readonly relaydMinor: number;
  readonly #connection: Connection;
  #abandoned: { readonly reason: unknown } | undefined;

  private constructor(connection: Connection, relaydMinor: number) {
    this.#connection = connection;
    this.peer = connection.peer;
    this.relaydMinor = relaydMinor;
  }

  /**
   * Connects and agrees on the protocol version.
   *
   * @throws ProtocolError `CONNECT_…` when there is no connection, `NOT_A_RELAYD` when something else answers there
   */
  static async open(host: string, port: number, options: ViewerOptions = {}): Promise<Viewer> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, family, signal, dial = dialTcp, buffers } = options;
    const socket = await dial(host, port, { timeoutMs, family, signal });
    const connection = new Connection(socket, printPeer(host, port), timeoutMs, buffers);
    const onAbort = (): void => connection.close();
    signal?.addEventListener("abort", onAbort);
    try {
      return new Viewer(connection, (await greet(connection)).minor);
    } catch (error) {
      connection.close();
      throw signal?.aborted === true ? signal.reason : error;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** The shortest that was seen, in ms. */
  get roundTripMs(): number {
    return this.#connection.roundTripMs;
  }

  listSessions(): Promise<SessionEntry[]> {
    const minor = Math.min(PROTOCOL_MINOR, this.relaydMinor);
    return this.#ask(
      "LIST_SESSIONS",
      encodeRequest({ kind: "list-sessions" }),
      listSessionsReply(minor, this.peer),
    );
  }

  /**
   * Makes the viewer session of this connection; once, before the first `attach`.
   *
   * @throws ProtocolError `REFUSED`
   */
  async createSession(): Promise<void> {
    const reply = await this.#ask(
      "CREATE_SESSION",
      encodeRequest({ kind: "create-session" }),
      createSessionReply(this.peer),
    );
    if (reply.kind === "ok") return;
    const message = `${this.peer} refused to create a viewer session`;
    throw new ProtocolError("REFUSED", message, { peer: this.peer });
  }

  attach(session: bigint, seek: Seek): Promise<AttachReply> {
    return this.#ask(
      "ATTACH_SESSION",
      encodeRequest({ kind: "attach-session", session, seek }),
      attachReply(this.peer),
    );
  }

  newStreams(session: bigint): Promise<NewStreamsReply> {
    return this.#ask(
      "GET_NEW_STREAMS",
      encodeRequest({ kind: "new-streams", session }),
      newStreamsReply(this.peer),
    );
  }

  /** An `ok` reply is consumed: the relayd will not give the same index again. */
  nextIndex(stream: bigint): Promise<NextIndexReply> {
    return this.#ask(
      "GET_NEXT_INDEX",
      encodeRequest({ kind: "next-index", stream }),
      nextIndexReply(this.peer),
    );
  }

  /** `offset` and `length` in bytes, `length` at most `MAX_PACKET_BYTES`. */
  packet(stream: bigint, offset: bigint, length: number): Promise<PacketReply> {
    return this.#ask(
      "GET_PACKET",
      encodeRequest({ kind: "packet", stream, offset, length }),
      packetReply(length, this.peer),
    );
  }

  /** Takes back the bytes of a packet that are not used any more, for those of another. */
  recycle(bytes: Uint8Array): void {
    this.#connection.recycle(bytes);
  }

  /** `stream` is a metadata stream. */
  metadata(stream: bigint): Promise<MetadataReply> {
    return this.#ask(
      "GET_METADATA",
      encodeRequest({ kind: "metadata", stream }),
      metadataReply(this.peer),
    );
  }

  /** The one command that is still sent after `abandon`. */
  detach(session: bigint): Promise<DetachReply> {
    return this.#connection.call(
      "DETACH_SESSION",
      encodeRequest({ kind: "detach-session", session }),
      detachReply(this.peer),
    );
  }

  /** Rejects every call that waits, and each later one but `detach`. */
  abandon(reason: unknown): void {
    this.#abandoned = { reason };
    this.#connection.abandon(reason);
  }

  close(): void {
    this.#connection.close();
  }

  #ask<T>(command: string, request: Uint8Array, decoding: Decoding<T>): Promise<T> {
    if (this.#abandoned !== undefined) return Promise.reject(this.#abandoned.reason);
    return this.#connection.call(command, request, decoding);
  }
}

async function greet(connection: Connection): Promise<ConnectReply> {
  let reply: ConnectReply;
  try {
    reply = await connection.call(
      "CONNECT",
      encodeRequest({
        kind: "connect",
        major: PROTOCOL_MAJOR,
        minor: PROTOCOL_MINOR,
        type: ConnectionType.command,
      }),
      connectReply(),
    );
  } catch (error) {
    const why = error instanceof ProtocolError ? error.message : String(error);
    throw notARelayd(connection.peer, why, error);
  }
  if (reply.major === PROTOCOL_MAJOR) return reply;
  const got = reply.major < 100 ? `protocol ${reply.major}.${reply.minor}` : "something else";
  throw notARelayd(connection.peer, `expected protocol ${PROTOCOL_MAJOR}, got ${got}`);
}

function notARelayd(peer: string, why: string, cause?: unknown): ProtocolError {
  const message = `${peer} does not answer as an lttng-relayd's live port does (${why})`;
  return new ProtocolError("NOT_A_RELAYD", message, { peer, cause });
}
