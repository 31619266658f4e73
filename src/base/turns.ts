/** Work in one piece for longer than this keeps timers, sockets and signals waiting; ms. */
const MOST_MS = 20;

/** Divides long work, so that all else gets its turn. */
export class Turns {
  #since = performance.now();

  /** Lets others run, if this has run for long. */
  async pass(): Promise<void> {
    if (performance.now() - this.#since < MOST_MS) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#since = performance.now();
  }
}
