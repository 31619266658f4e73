/** A long step is a process that stood still, not a source that did. */
const MAX_STEP_MS = 1000;

/**
 * Time in which data could come: it stands still while the consumer holds the source back, so that a stream is not taken
 * for stalled because it was not asked.
 */
export class FlowClock {
  readonly #isHeld: () => boolean;
  readonly #now: () => number;
  #last: number;
  #ms = 0;

  constructor(isHeld: () => boolean, now: () => number = () => performance.now()) {
    this.#isHeld = isHeld;
    this.#now = now;
    this.#last = now();
  }

  /** Milliseconds; to be read often, as a hold between two readings goes unseen. */
  now(): number {
    const now = this.#now();
    if (!this.#isHeld()) this.#ms += Math.min(MAX_STEP_MS, now - this.#last);
    this.#last = now;
    return this.#ms;
  }
}
