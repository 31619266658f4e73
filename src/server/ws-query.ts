/** The conversation on one WebSocket: a query and credit come in, frames of the result go out. */

import type { Duplex } from "node:stream";
import type { RawData, WebSocket } from "ws";
import { FeedError } from "../base/errors.ts";
import type { QueryReceiver, QuerySender } from "./engine/engine-thread.ts";
import { closeCode, errorReport, isBug } from "./error-report.ts";
import type { Client, QueryDesk } from "./query-desk.ts";
import { resumeIn, sourceIn } from "./request-body.ts";

/** How long a client may keep its query to itself, in ms. */
const FIRST_FRAME_TIMEOUT = 30_000;
/** Frames of credit that may come while the query waits for its turn. */
const MAX_EARLY_FRAMES = 64;
/** Frames of credit that may come: at once, for each part that was sent, and in each second. */
const MAX_FRAMES_AT_ONCE = 1000;
const FRAMES_FOR_SENT = 4;
const FRAMES_A_SECOND = 10;
/** How long a closing handshake may take, in ms. */
const GOODBYE_TIMEOUT = 5000;

/** RFC 6455 §7.4.1. */
const CLOSE_NORMAL = 1000;
const CLOSE_GOING_AWAY = 1001;

/** What carries a WebSocket. */
export interface Carrier {
  readonly socket: WebSocket;
  /** Beneath it. */
  readonly connection: Duplex;
  /** @param work called when its client has its turn */
  readonly turn: (work: () => void) => void;
}

export class WebSocketQuery implements QueryReceiver {
  readonly #socket: WebSocket;
  readonly #connection: Duplex;
  readonly #turn: Carrier["turn"];
  readonly #client: Client;
  readonly #desk: QueryDesk;
  readonly #log: (text: string) => void;
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout;
  #hasQuery = false;
  #sender: QuerySender | undefined;
  /** Credit that came before the query runs. */
  #early: string[] = [];
  readonly #openedMs: number = performance.now();
  #sentParts = 0;
  #frames = 0;

  constructor(
    { socket, connection, turn }: Carrier,
    client: Client,
    desk: QueryDesk,
    log: (text: string) => void,
  ) {
    this.#socket = socket;
    this.#connection = connection;
    this.#turn = turn;
    this.#client = client;
    this.#desk = desk;
    this.#log = log;
    this.#timer = setTimeout(() => this.#refuse(noQuery()), FIRST_FRAME_TIMEOUT);
    socket.on("message", (data, isBinary) => this.#onFrame(data, isBinary));
    socket.on("close", () => this.#onClose());
  }

  /** Ends the query and says goodbye. */
  stop(reason: string): void {
    this.#sender?.stop();
    this.#close(CLOSE_GOING_AWAY, reason);
  }

  /** WebSockets have no head. */
  head(): void {}

  bytes(bytes: Uint8Array): void {
    this.#sentParts++;
    this.#socket.send(bytes, { binary: true }, () => this.#sender?.written(bytes.length));
  }

  text(text: string): void {
    if (this.#socket.readyState === this.#socket.OPEN)
      this.#socket.send(text, () => this.#sender?.written(text.length));
  }

  end(): void {
    this.#close(CLOSE_NORMAL, "");
  }

  fail(error: unknown): void {
    if (error instanceof FeedError && error.code === "CLOSING") {
      this.#close(CLOSE_GOING_AWAY, error.message);
      return;
    }
    if (isBug(error))
      this.#log(`${this.#client.address}: WS /v1/query: ${error.stack ?? error.message}`);
    const report = errorReport(error);
    // Both frames go out as one.
    this.#connection.cork();
    if (this.#socket.readyState === this.#socket.OPEN)
      this.#socket.send(JSON.stringify({ type: "error", error: report }));
    this.#close(closeCode(error), report.code);
    this.#connection.uncork();
  }

  over(): void {}

  #onFrame(data: RawData, isBinary: boolean): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (isBinary) {
      this.#refuse(new FeedError("BAD_FRAME", "frame: expected text, got binary", 400));
      return;
    }
    const text = data.toString();
    if (!this.#hasQuery) {
      this.#hasQuery = true;
      clearTimeout(this.#timer);
      this.#turn(() => {
        if (this.#socket.readyState !== this.#socket.OPEN) return;
        this.#run(text).catch((error: unknown) => this.#refuse(error));
      });
    } else if (this.#sender !== undefined) {
      const most = this.#mostFrames();
      if (++this.#frames <= most) this.#sender.frame(text);
      else this.#refuse(tooManyFrames(most));
    } else if (this.#early.push(text) > MAX_EARLY_FRAMES) {
      const message = `frame: expected at most ${MAX_EARLY_FRAMES} before the query runs, got more`;
      this.#refuse(new FeedError("BAD_FRAME", message, 400));
    }
  }

  #mostFrames(): number {
    const seconds = (performance.now() - this.#openedMs) / 1000;
    const more = FRAMES_FOR_SENT * this.#sentParts + FRAMES_A_SECOND * seconds;
    return MAX_FRAMES_AT_ONCE + Math.floor(more);
  }

  async #run(text: string): Promise<void> {
    const resume = resumeIn(text);
    const about = resume === undefined ? { source: sourceIn(text) } : { resume };
    const asked = { kind: "frame", text } as const;
    const request = { client: this.#client, transport: "websocket", asked, about } as const;
    const end = (): void => this.#close(CLOSE_GOING_AWAY, "ended by an operator");
    const sender = await this.#desk.open(request, this, this.#abort, end);
    this.#sender = sender;
    for (const early of this.#early) sender.frame(early);
    this.#early = [];
    // The client may have gone meanwhile.
    if (this.#abort.signal.aborted) sender.leave();
  }

  #refuse(error: unknown): void {
    this.#sender?.stop();
    this.fail(error);
  }

  #onClose(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.#sender?.leave();
  }

  /** A client that does not say goodbye, or does not read it, is cut off. */
  #close(code: number, reason: string): void {
    clearTimeout(this.#timer);
    if (this.#socket.readyState === this.#socket.CLOSED) return;
    this.#socket.close(code, reason);
    this.#timer = setTimeout(() => this.#socket.terminate(), GOODBYE_TIMEOUT);
  }
}

function tooManyFrames(most: number): FeedError {
  const message = `frame: expected at most ${most} frames of credit for what was sent so far, got more`;
  return new FeedError("BAD_FRAME", message, 400);
}

function noQuery(): FeedError {
  const message = `WS /v1/query: expected a query within ${FIRST_FRAME_TIMEOUT / 1000} s, got nothing`;
  return new FeedError("NO_QUERY", message, 408);
}
