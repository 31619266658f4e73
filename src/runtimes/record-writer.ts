/** Writes records to a reader that may be slow: the backlog is bounded, and ends of containers are not lost. */

import type { Writable } from "node:stream";
import type { LocalContainer } from "./record.ts";

/** While the backlog exceeds this, records of running containers are dropped; the next round repeats them. */
const MAX_BACKLOG_BYTES = 4 * 2 ** 20;
/** Ends are not repeated: this many are kept until they can be written. */
const MAX_WAITING_ENDS = 10_000;

export class RecordWriter {
  readonly #stream: Writable;
  readonly #textOf: (containers: readonly LocalContainer[]) => string;
  readonly #onBehind: (isBehind: boolean) => void;
  #waitingEnds: readonly LocalContainer[] = [];
  #isBehind = false;

  /** @param onBehind called when the backlog exceeds the limit, and when it no longer does */
  constructor(
    stream: Writable,
    textOf: (containers: readonly LocalContainer[]) => string,
    onBehind: (isBehind: boolean) => void,
  ) {
    this.#stream = stream;
    this.#textOf = textOf;
    this.#onBehind = onBehind;
  }

  write(containers: readonly LocalContainer[]): void {
    if (!this.#stream.writable) return;
    const isBehind = this.#stream.writableLength > MAX_BACKLOG_BYTES;
    if (isBehind !== this.#isBehind) this.#onBehind(isBehind);
    this.#isBehind = isBehind;
    if (isBehind) {
      const ends = containers.filter(({ endNs }) => endNs !== 0n);
      this.#waitingEnds = [...this.#waitingEnds, ...ends].slice(-MAX_WAITING_ENDS);
      return;
    }
    const text = this.#textOf([...this.#waitingEnds, ...containers]);
    this.#waitingEnds = [];
    this.#stream.write(text);
  }
}
