/** When a view paints: when something has changed, and not while it is paused. */
export class Painting {
  #isStale = false;
  #isPaused = false;

  /** Something has changed. */
  readonly news = (): void => {
    this.#isStale = true;
  };

  /** What is shown stays while paused; a size may have changed meanwhile. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#isStale = true;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Whether to paint now; what is painted then is news no more. */
  take(): boolean {
    if (!this.#isStale || this.#isPaused) return false;
    this.#isStale = false;
    return true;
  }
}
