/** One dictionary for the merged batches of a column, whose rows come with codes of several. */

import type { DictionaryTexts } from "../../../column/column.ts";
import { Dictionary } from "../../../column/dictionary.ts";
import { GENERATION, MERGED_CODES, textOf } from "../memory/dictionary.ts";
import type { KernelMemory } from "../memory/memory.ts";

export class MergedDictionary {
  readonly #memory: KernelMemory;
  readonly #texts = new Dictionary(Number.MAX_SAFE_INTEGER);
  /** How many texts of each dictionary in the memory are known, and of which generation they are. */
  readonly #known = new Map<number, { generation: number; count: number }>();

  constructor(memory: KernelMemory) {
    this.#memory = memory;
  }

  get texts(): DictionaryTexts & { readonly size: number } {
    return this.#texts;
  }

  /** Gives merged codes to the texts that a dictionary has got since it was last looked at. */
  learn(address: number): void {
    const memory = this.#memory;
    const generation = memory.get(address + GENERATION);
    let known = this.#known.get(address);
    if (known === undefined || known.generation !== generation) {
      known = { generation, count: 0 };
      this.#known.set(address, known);
    }
    const count = memory.get(address);
    for (; known.count < count; known.count++) {
      const { from, to } = textOf(memory, address, known.count);
      const code = this.#texts.codeOf(memory.u8, from, to);
      memory.set(address + MERGED_CODES + 4 * known.count, code);
    }
  }
}
