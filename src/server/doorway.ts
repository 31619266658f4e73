/**
 * Connections wait at the door, unread, until the network has time for them: each costs a parser, a greeting of TLS and a request.
 * The newest and the oldest are let in alternately: one that comes behind a crowd does not wait for the whole crowd, and the crowd's
 * own get in, too.
 */

import { createServer, type Server, type Socket } from "node:net";
import { NetworkTurns } from "./network-turns.ts";

const RULES = { turnMs: 3, acceptMs: 8 };
/** Connections that the kernel keeps for us; what comes beyond them is asked to come again after a second. */
export const BACKLOG = 4096;

export class Doorway {
  readonly server: Server;
  readonly #accept: (socket: Socket) => void;
  readonly #enter: (socket: Socket) => void;
  readonly #waiting: Socket[] = [];
  readonly #turns = new NetworkTurns(RULES, (endMs) => this.#letIn(endMs));
  #takesNewest = false;

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
    this.#turns.onConnection();
    this.#accept(socket);
    if (socket.destroyed) return;
    // Nobody else listens for its errors while it waits.
    socket.on("error", destroyed);
    this.#waiting.push(socket);
    this.#turns.schedule();
  }

  /** @returns whether any still wait */
  #letIn(endMs: number): boolean {
    do {
      const socket = this.#takesNewest ? this.#waiting.pop() : this.#waiting.shift();
      if (socket === undefined) break;
      this.#takesNewest = !this.#takesNewest;
      if (socket.destroyed) continue;
      socket.removeListener("error", destroyed);
      this.#enter(socket);
      socket.resume();
    } while (performance.now() < endMs);
    return this.#waiting.length > 0;
  }
}

function destroyed(this: Socket): void {
  this.destroy();
}
