/**
 * What a connection sends reaches the HTTP parser one request at a time: the next one when the answer before it has been sent. A client
 * that sends many at once costs no more than one in its turn, and is cut off when too many of them wait.
 *
 * A client may close its half and wait for the answer. Whether it does, or has gone, only shows when something is sent to it.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Requests of a connection that wait for the answers to those before. */
const MAX_WAITING = 64;
/** Pieces that are parsed before others have their turn: some are answered by the parser, as faults. */
const PIECES_A_ROUND = 8;
/** A body need not be looked through byte by byte. */
const BODY_PIECE = 1024;
/** Seconds without a sign of life until one is asked for, of a client that closed its half. */
const ALIVE_S = 10;
const HEAD_END = "\r\n\r\n";

type OnData = (this: Socket, chunk: Buffer) => void;

const intakes = new WeakMap<Socket, Intake>();

export class Intake {
  readonly #socket: Socket;
  /** What Node's HTTP server does with bytes, and at their end. */
  readonly #parse: OnData;
  readonly #parseEnd: (this: Socket) => void;
  readonly #onData = (chunk: Buffer): void => this.#take(chunk);
  readonly #onEnd = (): void => this.#takeEnd();
  /** What is not parsed yet. */
  #held: Buffer | undefined;
  #request: IncomingMessage | undefined;
  #response: ServerResponse | undefined;
  #isReading = true;
  #isScheduled = false;
  #hasEnded = false;
  #isReleased = false;

  /** Comes between a connection and the HTTP server, which has just taken it. */
  static attach(socket: Socket): void {
    const parse = socket.listeners("data").at(-1);
    const parseEnd = socket.listeners("end").at(-1);
    if (parse !== undefined && parseEnd !== undefined)
      intakes.set(socket, new Intake(socket, parse as OnData, parseEnd as () => void));
  }

  /** That of a connection which is HTTP's. */
  static of(socket: Socket): Intake | undefined {
    return intakes.get(socket);
  }

  private constructor(socket: Socket, parse: OnData, parseEnd: () => void) {
    this.#socket = socket;
    this.#parse = parse;
    this.#parseEnd = parseEnd;
    // Not before: one that ends without a greeting of TLS has nothing to wait for.
    socket.allowHalfOpen = true;
    // With a listener that is not its own, Node reads through the socket and not beneath it.
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.removeListener("data", parse);
    socket.removeListener("end", parseEnd);
  }

  /** Every byte of a request has come, and its answer has not been sent. */
  get #isBusy(): boolean {
    return this.#request?.complete === true;
  }

  /** A request has come, all of it or its head. */
  begin(request: IncomingMessage, response: ServerResponse): void {
    this.#request = request;
    this.#response = response;
    response.on("close", () => {
      this.#request = undefined;
      this.#response = undefined;
      this.#schedule();
    });
    if (this.#hasEnded) this.#askForLife();
  }

  #take(chunk: Buffer): void {
    this.#held = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk]);
    this.#feed();
    // Told when it comes, not again with each that is answered.
    if (this.#held !== undefined && this.#isBusy && waiting(this.#held) > MAX_WAITING)
      this.#socket.destroy();
  }

  #takeEnd(): void {
    this.#hasEnded = true;
    if (this.#isBusy) this.#askForLife();
    this.#feed();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isReleased) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (!this.#isReleased) this.#feed();
    });
  }

  #feed(): void {
    for (let pieces = 0; this.#held !== undefined && !this.#isBusy; pieces++) {
      if (this.#socket.destroyed) return;
      if (pieces === PIECES_A_ROUND) {
        this.#hold();
        this.#schedule();
        return;
      }
      this.#parse.call(this.#socket, this.#nextPiece(this.#held));
      if (this.#isReleased) return;
    }
    if (this.#held !== undefined) this.#hold();
    else if (this.#hasEnded) this.#finish();
    else this.#read();
  }

  #nextPiece(held: Buffer): Buffer {
    const isBody = this.#request !== undefined;
    const found = held.indexOf(HEAD_END, isBody ? BODY_PIECE : 0, "latin1");
    const end = found < 0 ? held.length : found + HEAD_END.length;
    this.#held = end === held.length ? undefined : held.subarray(end);
    return held.subarray(0, end);
  }

  #hold(): void {
    this.#isReading = false;
    this.#socket.pause();
  }

  #read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    this.#socket.resume();
  }

  /** There is nothing more to answer. */
  #finish(): void {
    if (!this.#isBusy) this.#parseEnd.call(this.#socket);
  }

  /** A client that has gone refuses what comes; one that waits goes on waiting. */
  #askForLife(): void {
    const { httpVersion } = this.#request!;
    // RFC 9110 §15.2: any client of HTTP/1.1 takes an interim answer.
    if (httpVersion === "1.1" && this.#response?.headersSent === false)
      this.#response.writeContinue();
    this.#socket.setKeepAlive(true, ALIVE_S * 1000);
  }

  /** The connection is no longer HTTP's; what it sent behind its last request. */
  release(): Buffer | undefined {
    this.#isReleased = true;
    this.#socket.removeListener("data", this.#onData);
    this.#socket.removeListener("end", this.#onEnd);
    intakes.delete(this.#socket);
    return this.#held;
  }
}

/** Requests in what a connection sent: their heads' ends. */
function waiting(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(HEAD_END); at >= 0; at = bytes.indexOf(HEAD_END, at + 4)) count++;
  return count;
}
