/**
 * Requests take turns on the network's thread: many that come at once keep it from the others, and from what streams have to
 * send, for a few milliseconds only. Addresses take turns, too, whichever of them asks most. While connections keep coming they
 * wait: the event loop accepts one of them in each of its rounds, and whoever is the last of many would wait for what all the others ask.
 */

/** How long requests are answered before the network has its turn, in ms. */
const TURN_MS = 4;
/** How long they wait while every round brings a connection, in ms. */
const ACCEPT_MS = 20;

export class RequestTurns {
  /** By address, in the order in which they are next. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #isScheduled = false;
  /** Whether this round has brought a connection. */
  #isAccepting = false;
  #turnEndMs = 0;

  /** A connection has come. */
  onConnection(): void {
    this.#isAccepting = true;
  }

  /** @param answer called soon */
  add(address: string, answer: () => void): void {
    const own = this.#waiting.get(address);
    if (own === undefined) this.#waiting.set(address, [answer]);
    else own.push(answer);
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
    if (waits) this.#schedule();
    else void this.#work(beginMs + TURN_MS);
  }

  async #work(endMs: number): Promise<void> {
    for (const [address, own] of this.#waiting) {
      const answer = own.shift();
      this.#waiting.delete(address);
      // An entry that is set again comes last.
      if (own.length > 0) this.#waiting.set(address, own);
      answer?.();
      await continued();
      if (performance.now() >= endMs) break;
    }
    this.#turnEndMs = performance.now();
    if (this.#waiting.size > 0) this.#schedule();
  }
}

/** What an answer does behind its first `await` is part of its time; it runs before the next tick. */
function continued(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
