/**
 * The dictionaries of a query's text columns. A full one is retired and another takes its place; it is used again when no
 * chunk refers to it any more.
 */

import type { DictionaryTexts } from "../../../column/column.ts";
import { clearDictionary, DICTIONARY_BYTES, LiveTexts } from "./dictionary.ts";
import type { KernelMemory } from "./memory.ts";

interface Region {
  readonly address: number;
  texts: LiveTexts;
  /** Chunks whose codes mean its texts. */
  users: number;
}

export class KernelDictionaries {
  readonly #memory: KernelMemory;
  /** By column number: the region that scans fill, then those that chunks still refer to. */
  readonly #regions = new Map<number, Region[]>();
  readonly #free: number[] = [];

  constructor(memory: KernelMemory) {
    this.#memory = memory;
  }

  /** Address of a column's current dictionary, for one more chunk. */
  use(column: number): number {
    const regions = this.#of(column);
    const current = regions[0] ?? this.#begin(regions);
    current.users++;
    return current.address;
  }

  isCurrent(column: number, address: number): boolean {
    return this.#of(column)[0]?.address === address;
  }

  /** A chunk with codes of that dictionary is gone. */
  release(column: number, address: number): void {
    const regions = this.#of(column);
    const at = regions.findIndex((region) => region.address === address);
    const region = regions[at];
    if (region === undefined) return;
    region.users--;
    if (at === 0 || region.users > 0) return;
    regions.splice(at, 1);
    region.texts.detach();
    this.#free.push(address);
  }

  /** Begins every dictionary anew: one of them has refused a text. */
  renew(): void {
    for (const regions of this.#regions.values()) {
      const [current] = regions;
      if (current === undefined) continue;
      if (current.users > 0) {
        this.#begin(regions);
        continue;
      }
      current.texts.detach();
      current.texts = new LiveTexts(this.#memory, current.address);
      clearDictionary(this.#memory, current.address);
    }
  }

  /** The texts of a dictionary as they are now, if another thread fills it. */
  texts(column: number, address: number): DictionaryTexts {
    const region = this.#of(column).find((one) => one.address === address);
    if (region !== undefined) return region.texts;
    const texts = new LiveTexts(this.#memory, address);
    texts.detach();
    return texts;
  }

  #of(column: number): Region[] {
    let regions = this.#regions.get(column);
    if (regions === undefined) {
      regions = [];
      this.#regions.set(column, regions);
    }
    return regions;
  }

  #begin(regions: Region[]): Region {
    const address = this.#free.pop() ?? this.#memory.allocate(DICTIONARY_BYTES);
    clearDictionary(this.#memory, address);
    const region = { address, texts: new LiveTexts(this.#memory, address), users: 0 };
    regions.unshift(region);
    return region;
  }
}
