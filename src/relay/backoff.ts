/** The pauses between attempts to reach a relayd: doubled each time, and spread, so that many viewers do not come at once. */
export class Backoff {
  readonly #random: () => number;
  #next = FIRST_MS;

  /** @param random numbers in [0, 1) */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Milliseconds to wait now: between half and the whole of a pause that grows. */
  next(): number {
    const pause = this.#next;
    this.#next = Math.min(LAST_MS, 2 * pause);
    return pause * (0.5 + 0.5 * this.#random());
  }

  /** The peer is well again. */
  reset(): void {
    this.#next = FIRST_MS;
  }
}

const FIRST_MS = 200;
const LAST_MS = 10_000;
