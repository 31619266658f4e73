/** A binary heap: the item that comes before all others is always at hand. */
export class Heap<T> {
  readonly #items: T[];
  readonly #comesFirst: (a: T, b: T) => boolean;

  constructor(items: Iterable<T>, comesFirst: (a: T, b: T) => boolean) {
    this.#items = [...items];
    this.#comesFirst = comesFirst;
    for (let i = (this.#items.length >> 1) - 1; i >= 0; i--) this.#sink(i);
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  add(item: T): void {
    const items = this.#items;
    let i = items.push(item) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#comesFirst(item, items[parent]!)) break;
      items[i] = items[parent]!;
      i = parent;
    }
    items[i] = item;
  }

  /** Finds the first one's place again: it has changed. */
  firstChanged(): void {
    if (this.#items.length > 0) this.#sink(0);
  }

  removeFirst(): void {
    const last = this.#items.pop();
    if (last === undefined || this.#items.length === 0) return;
    this.#items[0] = last;
    this.#sink(0);
  }

  #sink(from: number): void {
    const items = this.#items;
    const item = items[from]!;
    let i = from;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.#comesFirst(items[child + 1]!, items[child]!)) child++;
      if (!this.#comesFirst(items[child]!, item)) break;
      items[i] = items[child]!;
      i = child;
    }
    items[i] = item;
  }
}
