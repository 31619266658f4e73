/** A relayd's metadata go on together where it sends them in many pieces: each piece costs its readers as much as all before it. */

/** Less than this part of what came before waits for more, */
const LEAST_PART = 1 / 8;
/** but not for longer, in ms. */
const MAX_WAIT_MS = 100;

export class MetadataPieces {
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #sinceMs = 0;

  /** @param piece borrowed until this returns */
  add(piece: Uint8Array, now: number): void {
    if (piece.length === 0) return;
    if (this.#pieces.length === 0) this.#sinceMs = now;
    this.#pieces.push(piece.slice());
    this.#bytes += piece.length;
  }

  /** @param received bytes of the trace in all */
  mayWait(received: number, now: number): boolean {
    const isLittle = this.#bytes < (received - this.#bytes) * LEAST_PART;
    return isLittle && now - this.#sinceMs < MAX_WAIT_MS;
  }

  /** What has come, if anything. */
  take(): Uint8Array | undefined {
    const [only, ...others] = this.#pieces;
    const all = others.length === 0 ? only : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#bytes = 0;
    return all;
  }
}
