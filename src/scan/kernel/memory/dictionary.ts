/**
 * The dictionary of a text column in the kernel's memory: code looks texts up there, JavaScript reads them from there.
 *
 * Region: 0 i32 count · 4 i32 bytes used · 8 i32 last code · 12 i32 how often it was begun anew · 16 hash table, i32 code + 1 each · offsets, i32 each · codes of the
 * same texts in the merged batches, i32 each · texts, each padded with zeros to 8 bytes.
 */

import type { DictionaryTexts } from "../../../column/column.ts";
import type { KernelMemory } from "./memory.ts";

/** Texts, hash entries (twice as many, a power of two) and bytes that a dictionary holds. */
export const MAX_TEXTS = 4096;
export const TABLE_ENTRIES = 8192;
export const MAX_BYTES: number = MAX_TEXTS * 24;

export const COUNT = 0;
export const USED_BYTES = 4;
export const LAST_CODE = 8;
export const TABLE = 16;
/** For each text: where it begins, and how long it is. */
export const OFFSETS: number = TABLE + TABLE_ENTRIES * 4;
/** For each text: its code in the merged batches. */
export const MERGED_CODES: number = OFFSETS + MAX_TEXTS * 8;
export const TEXTS: number = MERGED_CODES + MAX_TEXTS * 4;
export const DICTIONARY_BYTES: number = TEXTS + MAX_BYTES + 128;
/** Grows whenever the same region becomes another dictionary. */
export const GENERATION = 12;

const decoder = new TextDecoder();

/** Makes a dictionary empty. */
export function clearDictionary(memory: KernelMemory, address: number): void {
  const generation = memory.get(address + GENERATION);
  memory.u8.fill(0, address, address + OFFSETS);
  memory.set(address + LAST_CODE, -1);
  memory.set(address + GENERATION, generation + 1);
}

/** Where a text of a dictionary lies in the memory. */
export function textOf(
  memory: KernelMemory,
  address: number,
  code: number,
): { readonly from: number; readonly to: number } {
  const entry = address + OFFSETS + code * 8;
  const from = address + TEXTS + memory.get(entry);
  return { from, to: from + memory.get(entry + 4) };
}

/** Texts that are read where they lie, and each only once. */
export class LiveTexts implements DictionaryTexts {
  readonly #memory: KernelMemory;
  readonly #address: number;
  readonly #strings: string[] = [];
  #isDetached = false;

  constructor(memory: KernelMemory, address: number) {
    this.#memory = memory;
    this.#address = address;
  }

  get size(): number {
    return this.#isDetached ? this.#strings.length : this.#memory.get(this.#address);
  }

  text(code: number): string {
    let text = this.#strings[code];
    if (text === undefined) {
      const { from, to } = textOf(this.#memory, this.#address, code);
      text = decoder.decode(this.#memory.u8.slice(from, to));
      this.#strings[code] = text;
    }
    return text;
  }

  /** Reads all texts: the region will be used for others. */
  detach(): void {
    for (let code = 0; code < this.size; code++) this.text(code);
    this.#isDetached = true;
  }
}
