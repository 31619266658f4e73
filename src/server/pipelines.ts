/**
 * Requests that a connection sends before the answers to those before: their answers go out one after the other anyway, so that they are
 * worked on one after the other, too. A client that sends more than a few of them is cut off.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Requests of a connection that wait for the answers to those before. */
const MAX_WAITING = 64;

export class Pipelines {
  /** What waits, of connections with a request that is not answered yet. */
  readonly #waiting = new WeakMap<Socket, (() => void)[]>();

  /** @param answer called at once, or when the answers before it have been sent; never when the connection has gone */
  add({ socket }: IncomingMessage, response: ServerResponse, answer: () => void): void {
    if (socket.destroyed) return;
    const waiting = this.#waiting.get(socket);
    const begin = (): void => {
      response.on("close", () => this.#next(socket));
      answer();
    };
    if (waiting === undefined) {
      this.#waiting.set(socket, []);
      begin();
    } else if (waiting.length < MAX_WAITING) waiting.push(begin);
    else socket.destroy();
  }

  #next(socket: Socket): void {
    const next = this.#waiting.get(socket)?.shift();
    if (next === undefined || socket.destroyed) this.#waiting.delete(socket);
    else next();
  }
}
