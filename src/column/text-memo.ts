/** What is made of a dictionary's texts, once for each text. */

import type { DictionaryTexts } from "./column.ts";

export class TextMemo<T extends object | number | null> {
  readonly #make: (text: string) => T;
  #known = new WeakMap<DictionaryTexts, T[]>();

  constructor(make: (text: string) => T) {
    this.#make = make;
  }

  of(dictionary: DictionaryTexts, code: number): T {
    let known = this.#known.get(dictionary);
    if (known === undefined) {
      known = [];
      this.#known.set(dictionary, known);
    }
    let made = known[code];
    if (made === undefined) {
      made = this.#make(dictionary.text(code));
      known[code] = made;
    }
    return made;
  }

  /** Forgets everything: what is made of a text is another from here on. */
  clear(): void {
    this.#known = new WeakMap();
  }
}
