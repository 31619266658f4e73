import type { ChunkQueue } from "./chunk-queue.ts";

/**
 * A message being read: yields how many bytes it wants next, is given exactly these, returns the message.
 * Nothing frames a reply on the wire, so the reading of a message is also what finds its end.
 */
export type Decoding<T> = Generator<number, T, Uint8Array>;

/** Drives one `Decoding` from a queue that may be cut anywhere. */
export class Decoder<T> {
  readonly #decoding: Decoding<T>;
  #step: IteratorResult<number, T>;
  #consumed = 0;

  constructor(decoding: Decoding<T>) {
    this.#decoding = decoding;
    this.#step = decoding.next();
  }

  /** Bytes that the message has taken so far. */
  get consumed(): number {
    return this.#consumed;
  }

  /**
   * Goes on with what the queue holds. `undefined` means more bytes, please.
   *
   * @throws ProtocolError as the decoding does; the place in the byte stream is lost then
   */
  take(queue: ChunkQueue): T | undefined {
    while (this.#step.done !== true) {
      const wanted = this.#step.value;
      if (queue.length < wanted) return undefined;
      this.#consumed += wanted;
      this.#step = this.#decoding.next(queue.take(wanted));
    }
    return this.#step.value;
  }
}
