import type { Frame, QueryError } from "./frames.ts";
import type { Token } from "./token.ts";

const RETRY_MS = 2000;
const CREDIT = 8;

export interface Wanted {
  /** In the query language; empty for all events. */
  readonly query: string;
  /** Empty for all sources. */
  readonly source: string;
  readonly isLive: boolean;
}

export type State = "connecting" | "running" | "ended" | "failed" | "disconnected" | "stopped";

export interface Listener {
  /** A connection begins: what the one before brought is void. */
  began(): void;
  state(state: State): void;
  /** Lines of NDJSON. */
  rows(bytes: Uint8Array): void;
  frame(frame: Frame): void;
  failed(error: QueryError): void;
}

/** One query on a WebSocket, made again when the connection is lost. */
export class Connection {
  readonly #wanted: Wanted;
  readonly #token: Token;
  readonly #listener: Listener;
  #socket: WebSocket | undefined;
  #retry = 0;

  constructor(wanted: Wanted, token: Token, listener: Listener) {
    this.#wanted = wanted;
    this.#token = token;
    this.#listener = listener;
    this.#open();
  }

  /** Ends the query; the listener hears nothing more. */
  close(): void {
    clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #open(): void {
    const listener = this.#listener;
    listener.began();
    listener.state("connecting");
    const url = `${location.href.replace(/^http/, "ws").replace(/[?#].*$/, "")}v1/query`;
    const socket = new WebSocket(url, this.#token.subprotocols);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    let isOver = false;
    socket.onopen = () => {
      socket.send(JSON.stringify(request(this.#wanted)));
      listener.state("running");
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (socket !== this.#socket) return;
      if (typeof data !== "string") {
        socket.send('{"credit":1}');
        return listener.rows(new Uint8Array(data));
      }
      const frame = JSON.parse(data) as Frame;
      listener.frame(frame);
      if (frame.error !== undefined) listener.failed(frame.error);
      isOver ||= frame.type === "error" || frame.type === "end";
      if (isOver) listener.state(frame.type === "end" ? "ended" : "failed");
    };
    socket.onclose = () => {
      if (socket !== this.#socket || isOver) return;
      listener.state("disconnected");
      this.#retry = setTimeout(() => this.#open(), RETRY_MS);
    };
  }
}

/** A page must not slow down what others watch; a recorded trace can wait for it. */
function request({ query, source, isLive }: Wanted): Record<string, unknown> {
  return {
    ...(query !== "" && { q: query }),
    ...(source !== "" && { source }),
    format: "ndjson",
    overflow: isLive ? "drop" : "block",
    credit: CREDIT,
  };
}
