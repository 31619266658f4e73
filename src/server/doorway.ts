/**
 * Connections wait at the door, unread, until the network has time for them: the event loop accepts one in each of its rounds, and
 * each costs a parser, a greeting of TLS and a request. Of those that wait the newest and the oldest are let in by turns: whoever comes
 * behind a crowd does not wait for all of it, and nobody of the crowd waits for ever.
 */

import { createServer, type Server, type Socket } from "node:net";

/** How long connections are let in before the network has its turn, in ms. */
const TURN_MS = 3;
/** How long they wait while every round brings one more, in ms. */
const ACCEPT_MS = 8;
/** Connections that the kernel keeps for us; what comes beyond them is asked to come again after a second. */
export const BACKLOG = 4096;

export class Doorway {
  readonly server: Server;
  readonly #accept: (socket: Socket) => void;
  readonly #enter: (socket: Socket) => void;
  readonly #waiting: Socket[] = [];
  #isScheduled = false;
  /** Whether this round has brought a connection. */
  #isAccepting = false;
  #takesNewest = false;
  #turnEndMs = 0;

  /**
   * @param accept called with each connection when it comes; it may destroy it
   * @param enter called with it when its turn comes; then it may be read
   */
  constructor(accept: (socket: Socket) => void, enter: (socket: Socket) => void) {
    this.#accept = accept;
    this.#enter = enter;
    const options = { pauseOnConnect: true, noDelay: true };
    this.server = createServer(options, (socket) => this.#come(socket));
  }

  /** Cuts off who waits. */
  close(): void {
    for (const socket of this.#waiting) socket.destroy();
  }

  #come(socket: Socket): void {
    this.#isAccepting = true;
    this.#accept(socket);
    if (socket.destroyed) return;
    // What it meets while it waits ends it; nobody else listens yet.
    socket.on("error", destroyed);
    this.#waiting.push(socket);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isScheduled = false;
    const beginMs = performance.now();
    const waits = this.#isAccepting && beginMs - this.#turnEndMs < ACCEPT_MS;
    this.#isAccepting = false;
    if (!waits) this.#letIn(beginMs + TURN_MS);
    if (this.#waiting.length > 0) this.#schedule();
  }

  #letIn(endMs: number): void {
    do {
      const socket = this.#takesNewest ? this.#waiting.pop() : this.#waiting.shift();
      if (socket === undefined) break;
      this.#takesNewest = !this.#takesNewest;
      if (socket.destroyed) continue;
      socket.removeListener("error", destroyed);
      this.#enter(socket);
      socket.resume();
    } while (performance.now() < endMs);
    this.#turnEndMs = performance.now();
  }
}

function destroyed(this: Socket): void {
  this.destroy();
}
