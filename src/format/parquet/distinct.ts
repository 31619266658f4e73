/** The distinct ones among values, while they are few: a hash table whose places are given out in the order of first sight. */

const SLOTS = 1 << 13;
/** More are no dictionary. */
export const MOST_DISTINCT: number = SLOTS >> 2;

/** Values of one hash, which a trace may have on purpose, cost no more than this. */
const MOST_STEPS = 64;

export class Distinct {
  /** Places by slot, 1 and up. */
  readonly #slots = new Int32Array(SLOTS);
  readonly #lows: Int32Array = new Int32Array(MOST_DISTINCT);
  readonly #highs: Int32Array = new Int32Array(MOST_DISTINCT);
  count = 0;

  clear(): void {
    this.#slots.fill(0);
    this.count = 0;
  }

  /** The place of a 64-bit value, in halves; -1 where there are too many. */
  place(low: number, high: number): number {
    const slots = this.#slots;
    let slot = (Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1) >>> 19) & (SLOTS - 1);
    for (let steps = 0; ; steps++) {
      const known = slots[slot]!;
      if (known === 0) break;
      if (this.#lows[known - 1] === low && this.#highs[known - 1] === high) return known - 1;
      if (steps === MOST_STEPS) return -1;
      slot = (slot + 1) & (SLOTS - 1);
    }
    if (this.count === MOST_DISTINCT) return -1;
    this.#lows[this.count] = low;
    this.#highs[this.count] = high;
    slots[slot] = ++this.count;
    return this.count - 1;
  }

  /** The values, so many bytes each, the lowest first. */
  plain(bytes: 4 | 8): Uint8Array {
    const words = new Int32Array((this.count * bytes) / 4);
    for (let i = 0; i < this.count; i++) {
      if (bytes === 4) words[i] = this.#lows[i]!;
      else {
        words[2 * i] = this.#lows[i]!;
        words[2 * i + 1] = this.#highs[i]!;
      }
    }
    return new Uint8Array(words.buffer);
  }
}
