/** Smaller ones cost less than their keeping. */
const MIN_BYTES = 32 * 1024;

/** Bytes that may lie unused: about what is on its way at once. */
const MAX_FREE_BYTES = 16 * 1024 * 1024;

/** Where memory comes from and goes to. */
export interface Buffers {
  /** Memory of so many bytes, whatever is in it. */
  take(bytes: number): Uint8Array;
  /** Takes back memory that is not used any more. */
  give(bytes: Uint8Array): void;
}

/**
 * Memory for packets or batches that are made and done with one after the other: fresh memory for each has the garbage
 * collector run all the time (measured: a third of the time of a drain that fetches packets, a fifth of one that writes Arrow).
 */
export class BufferPool implements Buffers {
  /** Unused memory by its size, a power of two. */
  readonly #free = new Map<number, ArrayBuffer[]>();
  #freeBytes = 0;

  /** Memory of so many bytes, whatever is in it. */
  take(bytes: number): Uint8Array {
    if (bytes < MIN_BYTES) return Buffer.allocUnsafeSlow(bytes);
    const size = 2 ** Math.ceil(Math.log2(bytes));
    const buffer = this.#free.get(size)?.pop();
    if (buffer !== undefined) this.#freeBytes -= size;
    return new Uint8Array(buffer ?? Buffer.allocUnsafeSlow(size).buffer, 0, bytes);
  }

  /** Takes back memory that is not used any more. */
  give(bytes: Uint8Array): void {
    const { buffer } = bytes;
    const size = buffer.byteLength;
    if (!isPooled(buffer) || this.#freeBytes + size > MAX_FREE_BYTES) return;
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [buffer]);
    else free.push(buffer);
    this.#freeBytes += size;
  }
}

/** Whether memory is such as pools keep. */
export function isPooled(buffer: ArrayBufferLike): buffer is ArrayBuffer {
  const { byteLength: size } = buffer;
  return buffer instanceof ArrayBuffer && size >= MIN_BYTES && Number.isInteger(Math.log2(size));
}
