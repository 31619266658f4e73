/**
 * Requests take turns on the network's thread, and so do addresses, whichever of them asks most. While connections keep coming
 * requests wait: whoever is the last of many would wait for what all the others ask.
 */

import { NetworkTurns } from "./network-turns.ts";

const RULES = { turnMs: 4, acceptMs: 20 };

export class RequestTurns {
  /** By address, in the order in which they are next. */
  readonly #waiting = new Map<string, (() => void)[]>();
  readonly #turns = new NetworkTurns(RULES, (endMs) => this.#work(endMs));

  /** A connection has come. */
  onConnection(): void {
    this.#turns.onConnection();
  }

  /** @param answer called soon */
  add(address: string, answer: () => void): void {
    const own = this.#waiting.get(address);
    if (own === undefined) this.#waiting.set(address, [answer]);
    else own.push(answer);
    this.#turns.schedule();
  }

  /** @returns whether requests still wait */
  async #work(endMs: number): Promise<boolean> {
    for (const [address, own] of this.#waiting) {
      const answer = own.shift();
      this.#waiting.delete(address);
      // An entry that is set again comes last.
      if (own.length > 0) this.#waiting.set(address, own);
      answer?.();
      await continued();
      if (performance.now() >= endMs) break;
    }
    return this.#waiting.size > 0;
  }
}

/** What an answer does behind its first `await` is part of its time; it runs before the next tick. */
function continued(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
