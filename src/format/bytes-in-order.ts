/** Bytes of writers that may promise them, in the order in which they were made. */

export type Bytes = Uint8Array | Promise<Uint8Array>;

export class BytesInOrder {
  #last: Promise<void> | undefined;
  readonly #onError: (error: unknown) => void;

  /** @param onError takes what a promise or its listener throws */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Whether promised bytes are still awaited. */
  get isWaiting(): boolean {
    return this.#last !== undefined;
  }

  /** Settles when nothing is awaited. */
  async idle(): Promise<void> {
    while (this.#last !== undefined) await this.#last;
  }

  /** Passes bytes to a listener behind all that came before: at once where nothing is awaited. */
  pass(bytes: Bytes, to: (bytes: Uint8Array) => void): void {
    if (this.#last === undefined && bytes instanceof Uint8Array) {
      to(bytes);
      return;
    }
    const before = this.#last ?? Promise.resolve();
    const own: Promise<void> = before
      .then(() => bytes)
      .then((ready) => {
        if (this.#last === own) this.#last = undefined;
        to(ready);
      })
      .catch((error: unknown) => {
        if (this.#last === own) this.#last = undefined;
        this.#onError(error);
      });
    this.#last = own;
  }
}
