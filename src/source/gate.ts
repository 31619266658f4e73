/**
 * Where backpressure reaches a source: while anyone holds the gate, nothing more is pulled.
 * Holders are counted, so that several slow consumers do not release each other.
 */
export class Gate {
  #holders = 0;
  #waiting: (() => void)[] = [];
  readonly #onChange: () => void;
  readonly #watchers = new Set<() => void>();

  /** @param onChange called whenever the gate closes or opens */
  constructor(onChange: () => void = () => {}) {
    this.#onChange = onChange;
  }

  /** Closes the gate until the returned function is called; calling it twice does nothing more. */
  hold(): () => void {
    if (this.#holders++ === 0) this.#onChange();
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      if (--this.#holders === 0) {
        const waiting = this.#waiting;
        this.#waiting = [];
        for (const wake of waiting) wake();
        this.#onChange();
      }
      for (const watcher of [...this.#watchers]) watcher();
    };
  }

  /** How many hold it. */
  get holders(): number {
    return this.#holders;
  }

  /** Calls a listener at each release, until the returned function is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  get isOpen(): boolean {
    return this.#holders === 0;
  }

  /** Settles at once while the gate is open, else when the last holder lets go. */
  async opened(): Promise<void> {
    while (!this.isOpen) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
