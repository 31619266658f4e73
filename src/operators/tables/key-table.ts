/**
 * Numbers by keys that are whole doubles: open addressing over typed arrays. A `Map` hashes keys beyond 2^31 by the objects
 * that hold them.
 */

const FIRST_PLACES = 64;
const TWO_32 = 2 ** 32;

export class KeyTable {
  #keys = new Float64Array(FIRST_PLACES);
  /** Number plus one; 0 is free. */
  #numbers = new Int32Array(FIRST_PLACES);
  size = 0;

  /** The number of a key; -1 if it has none. */
  get(key: number): number {
    const place = this.#find(key);
    return this.#numbers[place]! - 1;
  }

  /** @param number not negative */
  set(key: number, number: number): void {
    let place = this.#find(key);
    if (this.#numbers[place] === 0) {
      this.size++;
      if (this.size * 2 > this.#keys.length) {
        this.#grow();
        place = this.#find(key);
      }
    }
    this.#keys[place] = key;
    this.#numbers[place] = number + 1;
  }

  delete(key: number): void {
    const mask = this.#keys.length - 1;
    let free = this.#find(key);
    if (this.#numbers[free] === 0) return;
    this.size--;
    // What was put behind a taken place moves to the front, so that no key is cut off from its own.
    for (let place = (free + 1) & mask; this.#numbers[place] !== 0; place = (place + 1) & mask) {
      const own = this.#place(this.#keys[place]!);
      if (((place - own) & mask) < ((place - free) & mask)) continue;
      this.#keys[free] = this.#keys[place]!;
      this.#numbers[free] = this.#numbers[place]!;
      free = place;
    }
    this.#numbers[free] = 0;
  }

  /** Where a key is, or would be. */
  #find(key: number): number {
    const mask = this.#keys.length - 1;
    let place = this.#place(key);
    while (this.#numbers[place] !== 0 && this.#keys[place] !== key) place = (place + 1) & mask;
    return place;
  }

  #place(key: number): number {
    const hash = Math.imul((key | 0) ^ Math.imul(key / TWO_32, 0x9e3779b1), 0x85ebca6b);
    return (hash ^ (hash >>> 15)) & (this.#keys.length - 1);
  }

  #grow(): void {
    const [keys, numbers] = [this.#keys, this.#numbers];
    this.#keys = new Float64Array(keys.length * 2);
    this.#numbers = new Int32Array(keys.length * 2);
    for (let i = 0; i < keys.length; i++) {
      if (numbers[i] === 0) continue;
      const place = this.#find(keys[i]!);
      this.#keys[place] = keys[i]!;
      this.#numbers[place] = numbers[i]!;
    }
  }
}
