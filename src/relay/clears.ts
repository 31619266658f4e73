/** The signs of one clear come within this time where nothing else distinguishes clears. */
const CLEAR_MS = 2000;

/**
 * The clears of one LTTng session, over all its tracing domains, which a relayd lists as sessions of their own. Each stream
 * shows a clear with its next packet, which may come long after those of the others: it is one clear all the same.
 */
export class Clears {
  /** How many clears are known. */
  #count = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** What a new stream has seen. */
  get count(): number {
    return this.#count;
  }

  /**
   * A stream shows that the session was cleared.
   * @param seen the count when it last did
   * @returns whether no other stream has shown this clear
   */
  notice(seen: number, nowMs: number, liveTimerUs: number): boolean {
    const isKnown = seen < this.#count;
    const isRecent = nowMs - this.#lastMs <= Math.max(CLEAR_MS, (2 * liveTimerUs) / 1000);
    if (!isKnown) this.#lastMs = nowMs;
    if (isKnown || isRecent) return false;
    this.#count++;
    return true;
  }
}
