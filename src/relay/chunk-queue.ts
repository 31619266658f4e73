/** Head slots that may lie unused before the array is moved down. */
const COMPACT_AT = 1024;

/** Bytes in the pieces in which a socket gave them, moved out from the front. Each byte is copied once. */
export class ChunkQueue {
  #chunks: Uint8Array[] = [];
  #head = 0;
  /** Bytes of the first chunk that were moved already. */
  #moved = 0;
  #length = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.#length;
  }

  /** Appends a chunk, which is borrowed until its bytes have been moved. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** Moves bytes from the front into `target`, from `at` on: as many as wait and as there is room for. Returns how many. */
  moveTo(target: Uint8Array, at: number): number {
    const count = Math.min(this.#length, target.length - at);
    this.#length -= count;
    for (let moved = 0; moved < count; ) {
      const chunk = this.#chunks[this.#head]!;
      const part = Math.min(chunk.length - this.#moved, count - moved);
      target.set(chunk.subarray(this.#moved, this.#moved + part), at + moved);
      this.#advance(chunk, part);
      moved += part;
    }
    return count;
  }

  #advance(chunk: Uint8Array, n: number): void {
    this.#moved += n;
    if (this.#moved < chunk.length) return;
    this.#moved = 0;
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
