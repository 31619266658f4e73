import { grownCopy } from "../base/grow.ts";

/**
 * Distinct texts of a column, numbered as they come. Looks texts up by their bytes, so that no string is made for an
 * event: an open-addressed hash table over one byte buffer.
 *
 * A full dictionary refuses new texts; its column then goes on with a fresh one.
 */
export class Dictionary {
  readonly capacity: number;
  #bytes = new Uint8Array(1024);
  #offsets = new Int32Array(64);
  #count = 0;
  /** Entry number plus one; 0 is free. Size is a power of two, at most half full. */
  #table = new Int32Array(128);
  #hashes = new Int32Array(64);
  readonly #strings: string[] = [];
  readonly #byString = new Map<string, number>();

  constructor(capacity: number = DICTIONARY_CAPACITY) {
    this.capacity = capacity;
  }

  /** How many texts there are. */
  get size(): number {
    return this.#count;
  }

  /** Number of the text `bytes[from, to)`, new or known; -1 if it is new and the dictionary is full. */
  codeOf(bytes: Uint8Array, from: number, to: number): number {
    const hash = hashBytes(bytes, from, to);
    let at = hash & (this.#table.length - 1);
    for (let entry = this.#table[at]!; entry !== 0; entry = this.#table[at]!) {
      if (this.#hashes[entry - 1] === hash && this.#equals(entry - 1, bytes, from, to))
        return entry - 1;
      at = (at + 1) & (this.#table.length - 1);
    }
    if (this.#count === this.capacity) return -1;
    this.#table[at] = this.#count + 1;
    return this.#add(bytes, from, to, hash);
  }

  /** Number of a string, for texts that are few: event names, hosts. */
  codeOfString(text: string): number {
    let code = this.#byString.get(text);
    if (code !== undefined) return code;
    const bytes = encoder.encode(text);
    code = this.codeOf(bytes, 0, bytes.length);
    if (code !== -1) {
      this.#byString.set(text, code);
      // ASCII: what has no UTF-8 would be decoded as U+FFFD.
      if (bytes.length === text.length) this.#strings[code] ??= text;
    }
    return code;
  }

  /** Text number `code`, as a string made once. Bytes that are no UTF-8 become U+FFFD. */
  text(code: number): string {
    let text = this.#strings[code];
    if (text === undefined) {
      text = decoder.decode(this.#bytes.subarray(this.#offsets[code]!, this.#offsets[code + 1]!));
      this.#strings[code] = text;
    }
    return text;
  }

  #equals(entry: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.#offsets[entry]!;
    if (this.#offsets[entry + 1]! - start !== to - from) return false;
    for (let i = from; i < to; i++) if (this.#bytes[start + i - from] !== bytes[i]) return false;
    return true;
  }

  #add(bytes: Uint8Array, from: number, to: number, hash: number): number {
    const code = this.#count++;
    const start = this.#offsets[code]!;
    const end = start + to - from;
    if (end > this.#bytes.length) this.#bytes = grownCopy(this.#bytes, Uint8Array, end);
    for (let i = from; i < to; i++) this.#bytes[start + i - from] = bytes[i]!;
    if (code + 2 > this.#offsets.length) {
      this.#offsets = grownCopy(this.#offsets, Int32Array, code + 2);
      this.#hashes = grownCopy(this.#hashes, Int32Array, code + 2);
    }
    this.#offsets[code + 1] = end;
    this.#hashes[code] = hash;
    if (this.#count * 2 > this.#table.length) this.#rehash();
    return code;
  }

  #rehash(): void {
    const table = new Int32Array(this.#table.length * 2);
    for (let entry = 0; entry < this.#count; entry++) {
      let at = this.#hashes[entry]! & (table.length - 1);
      while (table[at] !== 0) at = (at + 1) & (table.length - 1);
      table[at] = entry + 1;
    }
    this.#table = table;
  }
}

/** Texts a column's dictionary holds before a fresh one begins: bounds the memory of a hostile or endless stream. */
export const DICTIONARY_CAPACITY: number = 1 << 16;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** FNV-1a. */
function hashBytes(bytes: Uint8Array, from: number, to: number): number {
  // As int32 from the first: hashes are kept as such.
  let hash = 0x811c9dc5 | 0;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash;
}
