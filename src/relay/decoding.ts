import type { ChunkQueue } from "./chunk-queue.ts";

/**
 * A message being read: yields how many bytes it wants next, is given exactly these, returns the message.
 * Nothing frames a reply on the wire, so the reading of a message is also what finds its end.
 */
export type Decoding<T> = Generator<number, T, Uint8Array>;

/** Gives memory of so many bytes, whatever is in it: all of it is written over. */
export type Allocate = (bytes: number) => Uint8Array;

/** Drives one `Decoding` from a queue that may be cut anywhere. What it takes from the queue it copies at once. */
export class Decoder<T> {
  readonly #decoding: Decoding<T>;
  readonly #allocate: Allocate;
  #step: IteratorResult<number, T>;
  /** What the decoding wants, and how much of it is there. */
  #piece: Uint8Array | undefined;
  #filled = 0;
  #consumed = 0;

  /** @param allocate memory for the pieces that the decoding wants, which may keep them */
  constructor(decoding: Decoding<T>, allocate: Allocate = Buffer.allocUnsafeSlow) {
    this.#decoding = decoding;
    this.#allocate = allocate;
    this.#step = decoding.next();
  }

  /** Bytes that the message has taken so far. */
  get consumed(): number {
    return this.#consumed;
  }

  /**
   * Goes on with what the queue holds. `undefined` means more bytes, please: then the queue is empty.
   *
   * @throws ProtocolError as the decoding does; the place in the byte stream is lost then
   */
  take(queue: ChunkQueue): T | undefined {
    while (this.#step.done !== true) {
      this.#piece ??= this.#allocate(this.#step.value);
      const moved = queue.moveTo(this.#piece, this.#filled);
      this.#filled += moved;
      this.#consumed += moved;
      if (this.#filled < this.#piece.length) return undefined;
      const piece = this.#piece;
      this.#piece = undefined;
      this.#filled = 0;
      this.#step = this.#decoding.next(piece);
    }
    return this.#step.value;
  }
}
