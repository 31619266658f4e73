/** An estimate of how many different values there were: 2^14 registers, off by 0.8 % as a rule. */

const BITS = 14;
const REGISTERS = 1 << BITS;

/** @see Flajolet, Fusy, Gandouet, Meunier: "HyperLogLog: the analysis of a near-optimal cardinality estimation algorithm" */
export class HyperLogLog {
  readonly #registers = new Uint8Array(REGISTERS);

  /** Takes the value whose words are `words[at, at + count)`. */
  add(words: Int32Array, at: number, count: number): void {
    // Two hashes: one names the register, of the other the leading zeros are counted.
    let a = 0x9e3779b9 | 0;
    let b = 0x7f4a7c15 | 0;
    for (let i = 0; i < count; i++) {
      a = mixed(a ^ words[at + i]!);
      b = mixed(Math.imul(b, 31) ^ words[at + i]!);
    }
    a = mixed(a + b);
    b = mixed(b ^ Math.imul(a, 0x2545f491));
    const register = a >>> (32 - BITS);
    const rank = Math.clz32(b) + 1;
    if (rank > this.#registers[register]!) this.#registers[register] = rank;
  }

  merge(other: HyperLogLog): void {
    for (let i = 0; i < REGISTERS; i++)
      if (other.#registers[i]! > this.#registers[i]!) this.#registers[i] = other.#registers[i]!;
  }

  get count(): number {
    let sum = 0;
    let empty = 0;
    for (const rank of this.#registers) {
      sum += 2 ** -rank;
      if (rank === 0) empty++;
    }
    const alpha = 0.7213 / (1 + 1.079 / REGISTERS);
    const estimate = (alpha * REGISTERS * REGISTERS) / sum;
    const isSmall = estimate <= 2.5 * REGISTERS && empty > 0;
    return Math.round(isSmall ? REGISTERS * Math.log(REGISTERS / empty) : estimate);
  }
}

/** A bijection of int32 that spreads neighbours: MurmurHash3's finalizer. */
function mixed(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
