/** Numbers in the order of texts, for any number of them: most that are added change no other's number. */

interface Ranked {
  readonly owner: number;
  readonly text: string;
  number: number;
}

/** Numbers are i32: so far apart that others fit between them. */
const LEAST = -0x4000_0000;
const MOST = 0x4000_0000;

export class Ranks {
  readonly #ranked: Ranked[] = [];
  readonly #byOwner = new Map<number, Ranked>();
  readonly #set: (owner: number, number: number) => void;

  /** @param set called with each owner's number, whenever it changes */
  constructor(set: (owner: number, number: number) => void) {
    this.#set = set;
  }

  /** The text by which an owner ranks; equal texts rank in the order in which they came. */
  add(owner: number, text: string): void {
    this.remove(owner);
    const at = this.#placeBehind(text);
    const before = at === 0 ? LEAST : this.#ranked[at - 1]!.number;
    const after = at === this.#ranked.length ? MOST : this.#ranked[at]!.number;
    const one: Ranked = { owner, text, number: Math.floor((before + after) / 2) };
    this.#ranked.splice(at, 0, one);
    this.#byOwner.set(owner, one);
    if (one.number === before) this.#spread();
    else this.#set(owner, one.number);
  }

  textOf(owner: number): string {
    return this.#byOwner.get(owner)?.text ?? "";
  }

  remove(owner: number): void {
    const one = this.#byOwner.get(owner);
    if (one === undefined) return;
    this.#byOwner.delete(owner);
    let at = this.#placeBehind(one.text) - 1;
    while (this.#ranked[at] !== one) at--;
    this.#ranked.splice(at, 1);
  }

  /** How many rank with a text or before it. */
  #placeBehind(text: string): number {
    let low = 0;
    let high = this.#ranked.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ranked[middle]!.text <= text) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Gives all of them numbers at equal distances. */
  #spread(): void {
    const distance = (MOST - LEAST) / (this.#ranked.length + 1);
    this.#ranked.forEach((one, i) => {
      one.number = Math.floor(LEAST + distance * (i + 1));
      this.#set(one.owner, one.number);
    });
  }
}
