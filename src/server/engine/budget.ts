/** Bytes that several may use together, in whichever thread they are, and no more. */
export class Budget {
  readonly #limit: number;
  readonly #used: BigInt64Array;

  /** @param used the count, of 8 bytes, that all of them share */
  constructor(limit: number, used: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.#limit = limit;
    this.#used = new BigInt64Array(used);
  }

  get used(): number {
    return Number(Atomics.load(this.#used, 0));
  }

  /** Whether there was room; it is used then. */
  take(bytes: number): boolean {
    const before = Number(Atomics.add(this.#used, 0, BigInt(bytes)));
    if (before + bytes <= this.#limit) return true;
    this.give(bytes);
    return false;
  }

  give(bytes: number): void {
    Atomics.sub(this.#used, 0, BigInt(bytes));
  }
}
