/** When results so far are due: once a second, if anything has come since the last. */

/** Between two snapshots, in ms. */
const PERIOD_MS = 1000;

export class Snapshots {
  #next = 0;
  #dueMs = 0;
  #hasNews = false;

  /** Rows have come. */
  noteRows(): void {
    this.#hasNews = true;
  }

  /** The number of the snapshot that is due; `undefined` if none is. */
  take(nowMs: number): number | undefined {
    if (!this.#hasNews || nowMs < this.#dueMs) return undefined;
    this.#dueMs = nowMs + PERIOD_MS;
    this.#hasNews = false;
    return this.#next++;
  }
}
