import type { Duplex } from "node:stream";
import { BufferPool, type Buffers } from "../base/buffer-pool.ts";
import { ProtocolError } from "../base/errors.ts";
import { counted } from "../base/text.ts";
import { ChunkQueue } from "./chunk-queue.ts";
import { Decoder, type Decoding } from "./decoding.ts";

/** A request that waits for its reply, or for its turn to be sent. */
interface Call {
  readonly command: string;
  readonly request: Uint8Array;
  sentAt: number;
  /** Takes what it can from the queue; `false` means more bytes, please. */
  take(queue: ChunkQueue): boolean;
  consumed(): number;
  fail(error: unknown): void;
}

/**
 * Requests on the wire at once, by the round trip. relayd 2.13 leaves Nagle's algorithm on: a small reply behind
 * another reply waits until we acknowledge the first, which our kernel delays by 40 ms when we have nothing to send
 * (measured: a drain with several requests on the wire ran at 100–200 MB/s with such holes, one by one at 430). Only
 * where round trips are long does it pay to send ahead and bear one such hole for each burst.
 */
const LONG_ROUND_TRIP_MS = 5;
const DEEP = 64;

/** A reply that comes more slowly than this, in bytes a second, is not waited for to its end. */
const MIN_RATE = 16 * 1024;

/**
 * One byte stream to a relayd and the first-in-first-out of requests on it.
 *
 * Replies carry no number: the n-th reply answers the n-th request. So any mistake (time-out, impossible reply, end)
 * is the end of the connection, and every caller that waits, and each later one, gets the same error.
 */
export class Connection {
  readonly peer: string;
  readonly #socket: Duplex;
  readonly #timeoutMs: number;
  /** Empty but while a chunk is being looked at. */
  readonly #received = new ChunkQueue();
  readonly #buffers: Buffers;
  /** In order: those sent, then those that are to be. */
  readonly #calls: Call[] = [];
  #sent = 0;
  /** The shortest that was seen; 0 until then. */
  #roundTripMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #receivedBytes = 0;
  /** When the reply that is being read became the next one, and the bytes received until then. */
  #head = { at: 0, bytes: 0 };
  #failure: unknown;

  /**
   * @param timeoutMs how long a reply may be awaited with no byte coming, or with hardly any
   * @param buffers where replies are put
   */
  constructor(
    socket: Duplex,
    peer: string,
    timeoutMs: number,
    buffers: Buffers = new BufferPool(),
  ) {
    this.peer = peer;
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    this.#buffers = buffers;
    socket.on("data", (chunk: Uint8Array) => this.#onData(chunk));
    socket.on("end", () => this.#fail(this.#closedByPeer()));
    socket.on("close", () => this.#fail(this.#closedByPeer()));
    socket.on("error", (error) => this.#fail(this.#closedByPeer(error)));
  }

  /**
   * Sends a whole command when its turn comes, without waiting for the caller of an earlier one to look at its reply,
   * and resolves with the reply. Any number of calls may be made ahead.
   *
   * @throws ProtocolError `REPLY_TIMEOUT`, `PEER_CLOSED`, `UNSOLICITED`, or what the decoding throws
   */
  call<T>(command: string, request: Uint8Array, decoding: Decoding<T>): Promise<T> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const reply = new Promise<T>((resolve, reject) => {
      const decoder = new Decoder(decoding, (bytes) => this.#buffers.take(bytes));
      this.#calls.push({
        command,
        request,
        sentAt: 0,
        take: (queue) => {
          const value = decoder.take(queue);
          if (value === undefined) return false;
          resolve(value);
          return true;
        },
        consumed: () => decoder.consumed,
        fail: reject,
      });
    });
    // A caller may ask ahead and never look at the answer; that is no unhandled rejection.
    reply.catch(() => undefined);
    this.#send();
    return reply;
  }

  /** The shortest from a request to the end of its reply, in ms; 0 until one was seen. */
  get roundTripMs(): number {
    return this.#roundTripMs;
  }

  /**
   * Rejects every call that waits. What is on the wire is still read, and dropped, so that later calls find their own
   * replies.
   */
  abandon(reason: unknown): void {
    for (const call of this.#calls) call.fail(reason);
    this.#calls.length = this.#sent;
  }

  /** Takes back the bytes of a reply that are not used any more, for those of another. */
  recycle(bytes: Uint8Array): void {
    this.#buffers.give(bytes);
  }

  /** Drops the connection; calls that wait are rejected. */
  close(): void {
    this.#fail(
      new ProtocolError("CLOSED", `the connection to ${this.peer} was closed`, { peer: this.peer }),
    );
  }

  /** Each command in one write: a relayd stands still for all its viewers while it has half a command. */
  #send(): void {
    const depth = this.#roundTripMs < LONG_ROUND_TRIP_MS ? 1 : DEEP;
    while (this.#sent < Math.min(depth, this.#calls.length)) {
      const call = this.#calls[this.#sent++]!;
      call.sentAt = performance.now();
      if (this.#timer === undefined) this.#armTimer();
      if (this.#sent === 1) this.#head = { at: call.sentAt, bytes: this.#receivedBytes };
      this.#socket.write(call.request);
    }
  }

  #onData(chunk: Uint8Array): void {
    if (this.#failure !== undefined) return;
    this.#receivedBytes += chunk.length;
    this.#received.push(chunk);
    try {
      while (this.#sent > 0 && this.#calls[0]!.take(this.#received)) {
        const roundTripMs = performance.now() - this.#calls[0]!.sentAt;
        if (this.#roundTripMs === 0 || roundTripMs < this.#roundTripMs) {
          this.#roundTripMs = roundTripMs;
        }
        this.#calls.shift();
        this.#sent--;
        this.#head = { at: performance.now(), bytes: this.#receivedBytes };
        this.#send();
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.#sent > 0) {
      if (this.#isTooSlow()) this.#fail(this.#tooSlow());
      else this.#timer?.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#received.length > 0) this.#fail(this.#unsolicited());
  }

  #armTimer(): void {
    this.#timer = setTimeout(() => {
      // After a long computation timers run before the socket is read: give waiting bytes their chance.
      const before = this.#receivedBytes;
      setImmediate(() => {
        if (this.#timer === undefined) return;
        if (this.#receivedBytes === before) this.#fail(this.#timedOut());
        else this.#timer.refresh();
      });
    }, this.#timeoutMs);
  }

  #isTooSlow(): boolean {
    const { at, bytes } = this.#head;
    const paidMs = ((this.#receivedBytes - bytes) / MIN_RATE) * 1000;
    return performance.now() - at > this.#timeoutMs + paidMs;
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#socket.destroy();
    for (const call of this.#calls.splice(0)) call.fail(error);
    this.#sent = 0;
  }

  #timedOut(): ProtocolError {
    const message = `${this.#reading()}: nothing came for ${this.#timeoutMs / 1000} s${this.#progress()}`;
    return new ProtocolError("REPLY_TIMEOUT", message, { peer: this.peer });
  }

  #tooSlow(): ProtocolError {
    const message = `${this.#reading()}: expected at least ${MIN_RATE} bytes a second, got fewer${this.#progress()}`;
    return new ProtocolError("REPLY_TOO_SLOW", message, { peer: this.peer });
  }

  #closedByPeer(cause?: unknown): ProtocolError {
    const message =
      this.#calls.length === 0
        ? `the relayd at ${this.peer} closed the connection`
        : `${this.#reading()}: the connection was closed${this.#progress()}`;
    const options = cause === undefined ? { peer: this.peer } : { peer: this.peer, cause };
    return new ProtocolError("PEER_CLOSED", message, options);
  }

  #unsolicited(): ProtocolError {
    const message = `reading from ${this.peer}: expected nothing, got ${counted(this.#received.length, "byte")}`;
    return new ProtocolError("UNSOLICITED", message, { peer: this.peer });
  }

  #reading(): string {
    return `reading the reply to ${this.#calls[0]?.command} from ${this.peer}`;
  }

  #progress(): string {
    const bytes = this.#calls[0]?.consumed() ?? 0;
    return bytes === 0 ? "" : ` after ${counted(bytes, "byte")} of it`;
  }
}
