/**
 * One query on a WebSocket, made again when the connection is lost: from where it stopped, if the server retains results.
 * While the page is hidden it takes nothing, and soon lets go of the socket.
 */

import { Batch } from "./arrow.ts";
import type { Frame, QueryError } from "./frames.ts";
import type { Range } from "./time.ts";
import type { Token } from "./token.ts";

const CREDIT = 8;
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 15_000;
/** The server says something each second: a socket that is silent for so long is dead, as after a lid was closed. */
const SILENT_MS = 8000;
const WATCH_MS = 2000;
/** Less than the server waits for a client that takes nothing. */
const HIDDEN_MS = 20_000;

export interface Wanted {
  /** In the query language; empty for all events. */
  readonly query: string;
  /** Empty for all sources. */
  readonly source: string;
  readonly isLive: boolean;
  readonly range?: Range | undefined;
}

export type State =
  | "connecting"
  | "running"
  | "ended"
  | "failed"
  | "disconnected"
  | "asleep"
  | "stopped";

/** A connection that is lost: since when, and when it is tried again. */
export interface Outage {
  readonly sinceMs: number;
  readonly attempts: number;
  readonly retryAtMs: number;
}

/** Between two connections, ms since the epoch: what a live source brought then has not reached the page. */
export interface Absence {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Listener {
  /**
   * The query begins: what was brought before is void.
   *
   * @param absence of a live query that begins again: what was brought before stays, and what came meanwhile is missing
   */
  began(absence?: Absence): void;
  state(state: State, outage?: Outage): void;
  batch(batch: Batch): void;
  frame(frame: Frame): void;
  failed(error: QueryError): void;
}

export class Connection {
  readonly #wanted: Wanted;
  readonly #token: Token;
  readonly #listener: Listener;
  readonly #watch: number;
  readonly #onVisibility = (): void => this.#visibilityChanged();
  #socket: WebSocket | undefined;
  #retry = 0;
  #sleep = 0;
  #lostAtMs: number | undefined;
  #attempts = 0;
  /** When the server said something last, by the wall clock: it goes on while the machine sleeps. */
  #heardAtMs = Date.now();
  /** When the socket was opened, or the server said something on it. */
  #aliveAtMs = 0;
  /** Since when nothing of the query comes: what is said of a query that cannot be resumed is nothing of it. */
  #absentSinceMs: number | undefined;
  #hasConnected = false;
  /** Credit that is held back while the page is hidden. */
  #owed = 0;
  #isOver = false;
  /** Of a query that the server retains: its name, and the last batch that came. */
  #name: string | undefined;
  #seq = -1;

  constructor(wanted: Wanted, token: Token, listener: Listener) {
    this.#wanted = wanted;
    this.#token = token;
    this.#listener = listener;
    this.#watch = setInterval(() => this.#check(), WATCH_MS);
    document.addEventListener("visibilitychange", this.#onVisibility);
    addEventListener("online", this.#onVisibility);
    listener.began();
    if (document.hidden) this.#fallAsleep();
    else this.#open();
  }

  /** Ends the query; the listener hears nothing more. */
  close(): void {
    this.#isOver = true;
    this.#letGo();
    this.#finish();
  }

  #finish(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#sleep);
    clearInterval(this.#watch);
    document.removeEventListener("visibilitychange", this.#onVisibility);
    removeEventListener("online", this.#onVisibility);
  }

  #letGo(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    // A browser complains of a socket that is closed before it is open.
    if (socket?.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close();
    else socket?.close();
  }

  #open(): void {
    clearTimeout(this.#retry);
    this.#owed = 0;
    if (this.#lostAtMs === undefined) this.#listener.state("connecting");
    const url = `${location.href.replace(/^http/, "ws").replace(/[?#].*$/, "")}v1/query`;
    const socket = new WebSocket(url, this.#token.subprotocols);
    this.#socket = socket;
    this.#aliveAtMs = Date.now();
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      if (this.#name === undefined && this.#hasConnected) this.#listener.began(this.#absence());
      this.#hasConnected = true;
      socket.send(JSON.stringify(this.#request()));
      this.#heard();
      this.#lostAtMs = undefined;
      this.#attempts = 0;
      this.#listener.state("running");
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (socket === this.#socket) this.#take(data);
    };
    socket.onclose = () => {
      if (socket === this.#socket && !this.#isOver) this.#lost();
    };
  }

  /** A page must not slow down what others watch; a recorded trace can wait for it. */
  #request(): Record<string, unknown> {
    if (this.#name !== undefined)
      return { resume: this.#name, ...(this.#seq >= 0 && { seq: this.#seq }), credit: CREDIT };
    const { query, source, isLive, range } = this.#wanted;
    return {
      ...(query !== "" && { q: query }),
      ...(source !== "" && { source }),
      // The end of a query's range is in it.
      ...(range !== undefined && { begin: String(range.begin), end: String(range.end - 1n) }),
      format: "arrow",
      framing: "self",
      dict: "plain",
      overflow: isLive ? "drop" : "block",
      credit: CREDIT,
    };
  }

  #take(data: string | ArrayBuffer): void {
    this.#heard();
    if (typeof data !== "string") this.#takeBatch(new Uint8Array(data));
    else this.#takeFrame(JSON.parse(data) as Frame);
  }

  #heard(): void {
    this.#heardAtMs = Date.now();
    this.#aliveAtMs = this.#heardAtMs;
  }

  /** A recorded trace is read again: nothing is missing. */
  #absence(): Absence | undefined {
    const fromMs = this.#absentSinceMs ?? this.#heardAtMs;
    return this.#wanted.isLive ? { fromMs, toMs: Date.now() } : undefined;
  }

  #takeFrame(frame: Frame): void {
    if (frame.type === "error" && this.#mayAskAnew(frame.error)) {
      this.#askAnew();
      return;
    }
    this.#absentSinceMs = undefined;
    if (frame.query !== undefined) this.#name = frame.query;
    this.#listener.frame(frame);
    if (frame.error !== undefined) this.#listener.failed(frame.error);
    if (frame.type !== "error" && frame.type !== "end") return;
    this.#isOver = true;
    this.#finish();
    this.#listener.state(frame.type === "end" ? "ended" : "failed");
  }

  #takeBatch(bytes: Uint8Array<ArrayBuffer>): void {
    const batch = new Batch(bytes);
    this.#seq = Number(batch.facts.get("seq") ?? this.#seq);
    if (document.hidden) this.#owed++;
    else this.#give(1);
    this.#listener.batch(batch);
  }

  #give(credit: number): void {
    const seq = this.#name === undefined || this.#seq < 0 ? {} : { seq: this.#seq };
    if (this.#socket?.readyState === WebSocket.OPEN)
      this.#socket.send(JSON.stringify({ credit, ...seq }));
  }

  /** A query that is not retained any more, or that the server ended because the page took nothing. */
  #mayAskAnew(error: QueryError | undefined): boolean {
    return error !== undefined && /^(RESUME_|SLOW_CLIENT$)/.test(error.code);
  }

  #askAnew(): void {
    this.#name = undefined;
    this.#seq = -1;
    this.#letGo();
    if (document.hidden) this.#fallAsleep();
    else this.#open();
  }

  #lost(): void {
    this.#socket = undefined;
    const now = Date.now();
    this.#lostAtMs ??= this.#heardAtMs;
    this.#absentSinceMs ??= this.#heardAtMs;
    this.#attempts++;
    const wait = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(10, this.#attempts));
    const outage = { sinceMs: this.#lostAtMs, attempts: this.#attempts, retryAtMs: now + wait };
    this.#listener.state("disconnected", outage);
    this.#retry = setTimeout(() => this.#open(), wait);
  }

  /** A dead socket may never say that it is. */
  #check(): void {
    if (document.hidden || this.#socket === undefined) return;
    if (Date.now() - this.#aliveAtMs <= SILENT_MS) return;
    this.#letGo();
    this.#lost();
  }

  #visibilityChanged(): void {
    clearTimeout(this.#sleep);
    if (this.#isOver) return;
    if (document.hidden) {
      this.#sleep = setTimeout(() => this.#fallAsleep(), HIDDEN_MS);
      return;
    }
    this.#check();
    if (this.#socket === undefined) this.#open();
    else if (this.#owed > 0) this.#give(this.#owed);
    this.#owed = 0;
  }

  #fallAsleep(): void {
    if (this.#isOver) return;
    clearTimeout(this.#retry);
    this.#absentSinceMs ??= this.#heardAtMs;
    this.#letGo();
    this.#listener.state("asleep");
  }
}
