/** Records on their way to a reader that may be slow: what waits is bounded, and no end of a container is lost. */

import type { Writable } from "node:stream";
import type { LocalContainer } from "./record.ts";

/** While more than this waits to be read, records of running containers are left out: the next round repeats them. */
const MAX_BACKLOG_BYTES = 4 * 2 ** 20;
/** Ends are written once, so that they wait; of more than this, the oldest are left out. */
const MAX_WAITING_ENDS = 10_000;

export class RecordWriter {
  readonly #stream: Writable;
  readonly #textOf: (containers: readonly LocalContainer[]) => string;
  readonly #onBehind: (isBehind: boolean) => void;
  #waitingEnds: readonly LocalContainer[] = [];
  #isBehind = false;

  /** @param onBehind called when the reader is too slow, and when it reads again */
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
