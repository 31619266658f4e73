/** Groups by the words of their keys: an open-addressed hash table over one array. */

import { grownCopy } from "../../base/grow.ts";

export class GroupTable {
  readonly stride: number;
  /** The words of the groups' keys, one group behind the other. */
  words: Int32Array;
  size = 0;
  /** The group that keys beyond the bound share; -1 if there is none. */
  overflow = -1;
  /** How many keys are distinguished. */
  readonly bound: number;
  /** Whether further keys share `overflow`. */
  #isFull = false;
  readonly #others: Int32Array;
  /** Group number plus one; 0 is free. Its size is a power of two, at most half full. */
  #table = new Int32Array(64);
  #hashes = new Int32Array(32);

  /**
   * @param stride words of a key; 0 for one group of all
   * @param others the words of the group that keys beyond the bound share
   */
  constructor(stride: number, bound: number, others: Int32Array = new Int32Array(stride)) {
    this.stride = stride;
    this.bound = bound;
    this.#others = others;
    this.words = new Int32Array(32 * stride);
  }

  /** The groups of keys whose words lie one behind the other, new or known. */
  groupsOf(words: Int32Array, count: number): Int32Array {
    const groups = new Int32Array(count);
    for (let i = 0; i < count; i++) groups[i] = this.groupOf(words, i * this.stride);
    return groups;
  }

  /** The same for as many of the first as there is room for. */
  groupsWithRoom(words: Int32Array, count: number): Int32Array {
    const groups = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const group = this.#groupOf(words, i * this.stride);
      if (group === -1) return groups.subarray(0, i);
      groups[i] = group;
    }
    return groups;
  }

  /** The group of the key whose words begin at `at`. */
  groupOf(words: Int32Array, at: number): number {
    const group = this.#groupOf(words, at);
    return group === -1 ? this.makeOverflow() : group;
  }

  /** -1: the key is new, and there is no room for it. */
  #groupOf(words: Int32Array, at: number): number {
    const { stride } = this;
    let hash = 0x9e3779b9 | 0;
    for (let i = 0; i < stride; i++) {
      hash = Math.imul(hash ^ words[at + i]!, 0x85ebca6b);
      hash ^= hash >>> 15;
    }
    const table = this.#table;
    const mask = table.length - 1;
    let place = hash & mask;
    for (let entry = table[place]!; entry !== 0; entry = table[place]!) {
      if (this.#hashes[entry - 1] === hash && this.#equals(entry - 1, words, at)) return entry - 1;
      place = (place + 1) & mask;
    }
    if (this.#isFull || this.#distinguished === this.bound) return -1;
    table[place] = this.size + 1;
    const group = this.#add(words, at, hash);
    if (this.size * 2 > table.length) this.#rehash();
    return group;
  }

  get #distinguished(): number {
    return this.overflow === -1 ? this.size : this.size - 1;
  }

  /** The group of the keys beyond the bound, to which all further ones belong from here on. */
  makeOverflow(): number {
    this.#isFull = true;
    return this.sharedGroup();
  }

  /** The group of the keys beyond the bound: no key finds it. */
  sharedGroup(): number {
    if (this.overflow === -1) this.overflow = this.#add(this.#others, 0, 0);
    return this.overflow;
  }

  #equals(group: number, words: Int32Array, at: number): boolean {
    const { stride } = this;
    const own = this.words;
    const start = group * stride;
    for (let i = 0; i < stride; i++) if (own[start + i] !== words[at + i]) return false;
    return true;
  }

  #add(words: Int32Array, at: number, hash: number): number {
    const { stride } = this;
    const group = this.size++;
    if (this.size * stride > this.words.length)
      this.words = grownCopy(this.words, Int32Array, this.size * stride);
    for (let i = 0; i < stride; i++) this.words[group * stride + i] = words[at + i]!;
    if (this.size > this.#hashes.length)
      this.#hashes = grownCopy(this.#hashes, Int32Array, this.size);
    this.#hashes[group] = hash;
    return group;
  }

  #rehash(): void {
    const table = new Int32Array(this.#table.length * 2);
    for (let group = 0; group < this.size; group++) {
      if (group === this.overflow) continue;
      let place = this.#hashes[group]! & (table.length - 1);
      while (table[place] !== 0) place = (place + 1) & (table.length - 1);
      table[place] = group + 1;
    }
    this.#table = table;
  }
}
