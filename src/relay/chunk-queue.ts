/** Head slots that may lie unused before the array is moved down. */
const COMPACT_AT = 1024;

/** Bytes in the pieces in which a socket gave them, taken from the front. Each byte is copied at most once. */
export class ChunkQueue {
  #chunks: Uint8Array[] = [];
  #head = 0;
  /** Bytes of the first chunk that were taken already. */
  #taken = 0;
  #length = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.#length;
  }

  /** Appends a chunk, which is borrowed until its bytes are taken, and longer where `take` gives out views of it. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /**
   * Removes and returns the first `n` bytes: a view when they lie in one chunk, else a copy.
   *
   * @throws RangeError when fewer than `n` bytes wait
   */
  take(n: number): Uint8Array {
    if (n > this.#length) throw new RangeError(`cannot take ${n} of ${this.#length} bytes`);
    if (n === 0) return new Uint8Array(0);
    this.#length -= n;
    const first = this.#chunks[this.#head]!;
    if (first.length - this.#taken >= n) {
      const view = first.subarray(this.#taken, this.#taken + n);
      this.#advance(first, n);
      return view;
    }
    // Not zeroed first: every byte is written below.
    const copy = Buffer.allocUnsafeSlow(n);
    for (let p = 0; p < n; ) {
      const chunk = this.#chunks[this.#head]!;
      const part = Math.min(chunk.length - this.#taken, n - p);
      copy.set(chunk.subarray(this.#taken, this.#taken + part), p);
      this.#advance(chunk, part);
      p += part;
    }
    return copy;
  }

  #advance(chunk: Uint8Array, n: number): void {
    this.#taken += n;
    if (this.#taken < chunk.length) return;
    this.#taken = 0;
    this.#head++;
    if (this.#head === this.#chunks.length) {
      this.#chunks.length = 0;
      this.#head = 0;
    } else if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#chunks.length) {
      this.#chunks.splice(0, this.#head);
      this.#head = 0;
    }
  }
}
