/** Rows of recorded traces that are there before all is told of their containers: they wait, as far as memory goes. */

import type { Gate } from "../engine/gate.ts";
import type { ResultItem } from "../engine/query.ts";
import { bytesOf, copyBatch } from "../scan/column.ts";
import type { Delay } from "./naming-delay.ts";

/** With so many bytes of rows waiting, no more are scanned. */
const MAX_BYTES = 256 << 20;

export class HeldRows implements Delay {
  readonly #gate: Gate;
  readonly #emit: (item: ResultItem) => void;
  #waiting: ResultItem[] = [];
  #bytes = 0;
  #isTold = false;
  #onEnd: (() => void) | undefined;
  #release: (() => void) | undefined;

  /** @param gate of the rows' feed */
  constructor(gate: Gate, emit: (item: ResultItem) => void) {
    this.#gate = gate;
    this.#emit = emit;
  }

  push(item: ResultItem): void {
    if (this.#isTold) {
      this.#emit(item);
    } else if (item.kind === "batch") {
      const batch = { ...item.batch, ...copyBatch(item.batch) };
      this.#waiting.push({ kind: "batch", batch });
      this.#bytes += bytesOf(batch);
      if (this.#bytes > MAX_BYTES) this.#release ??= this.#gate.hold();
    } else {
      this.#waiting.push(item);
    }
  }

  end(done: () => void): void {
    if (this.#isTold) done();
    else this.#onEnd = done;
  }

  /** All is told: what waits goes out, and nothing waits any more. */
  told(): void {
    this.#isTold = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const item of waiting) this.#emit(item);
    this.#release?.();
    this.#onEnd?.();
  }

  close(): void {
    this.#waiting = [];
    this.#release?.();
  }
}
