/** The distinct texts of a row group, while they are few. */

import { grownCopy } from "../../base/grow.ts";
import { PageBytes } from "./page-bytes.ts";

const FIRST_SLOTS = 1 << 10;
/** More texts, or bytes of them, are no dictionary. */
const MOST_TEXTS = 1 << 16;
const MOST_BYTES = 1 << 20;
/** Texts of one hash, which a trace may have on purpose, cost no more than this. */
const MOST_STEPS = 64;

export class TextTable {
  #slots = new Int32Array(FIRST_SLOTS);
  #hashes = new Int32Array(FIRST_SLOTS);
  /** Where each begins in `bytes`, and where the last ends. */
  offsets: Int32Array = new Int32Array(FIRST_SLOTS + 1);
  bytes: Uint8Array = new Uint8Array(1 << 14);
  count = 0;

  get byteLength(): number {
    return this.offsets[this.count]!;
  }

  clear(): void {
    this.#slots.fill(0);
    this.count = 0;
  }

  /** The place of a text; -1 where there are too many, or too many of one hash. */
  place(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashOf(bytes, start, end);
    let mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let steps = 0; ; steps++) {
      const known = this.#slots[slot]!;
      if (known === 0) break;
      if (steps === MOST_STEPS) return -1;
      if (this.#hashes[known - 1] === hash && this.#isEqual(known - 1, bytes, start, end))
        return known - 1;
      slot = (slot + 1) & mask;
    }
    const at = this.byteLength;
    if (this.count === MOST_TEXTS || at + end - start > MOST_BYTES) return -1;
    if (this.count * 2 >= this.#slots.length) {
      this.#grow();
      mask = this.#slots.length - 1;
      slot = hash & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    }
    if (at + end - start > this.bytes.length)
      this.bytes = grownCopy(this.bytes, Uint8Array, at + end - start);
    this.bytes.set(bytes.subarray(start, end), at);
    this.#hashes[this.count] = hash;
    this.#slots[slot] = ++this.count;
    this.offsets[this.count] = at + end - start;
    return this.count - 1;
  }

  /** The texts as Parquet has byte arrays: a length, then the bytes. */
  plain(): Uint8Array {
    const out = new PageBytes(this.byteLength + this.count * 4 + 16);
    for (let i = 0; i < this.count; i++) {
      const text = this.#text(i);
      out.u32(text.length);
      out.raw(text);
    }
    return out.written;
  }

  bounds(): { readonly least: Uint8Array | undefined; readonly most: Uint8Array | undefined } {
    let [least, most] = [-1, -1];
    for (let i = 0; i < this.count; i++) {
      if (least === -1 || Buffer.compare(this.#text(i), this.#text(least)) < 0) least = i;
      if (most === -1 || Buffer.compare(this.#text(i), this.#text(most)) > 0) most = i;
    }
    if (least === -1) return { least: undefined, most: undefined };
    return { least: this.#text(least).slice(), most: this.#text(most).slice() };
  }

  #text(place: number): Uint8Array {
    return this.bytes.subarray(this.offsets[place], this.offsets[place + 1]);
  }

  #isEqual(place: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.offsets[place]!;
    if (this.offsets[place + 1]! - from !== end - start) return false;
    const own = this.bytes;
    for (let i = start, j = from; i < end; i++, j++) if (bytes[i] !== own[j]) return false;
    return true;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let i = 0; i < this.count; i++) {
      let slot = this.#hashes[i]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = i + 1;
    }
    this.#slots = slots;
    this.#hashes = grownCopy(this.#hashes, Int32Array, slots.length);
    this.offsets = grownCopy(this.offsets, Int32Array, slots.length + 1);
  }
}

/** FNV-1a, of long texts over some bytes of their begin and end. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 ^ (end - start);
  const length = end - start;
  const head = length > 48 ? start + 24 : end;
  for (let i = start; i < head; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  if (length > 48)
    for (let i = end - 24; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash ^ (hash >>> 15);
}
