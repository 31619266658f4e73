/**
 * Live rows wait for the records that name their containers: an application's first events are there before anybody has
 * told of its container, and the record, which comes a moment later, in another stream, may come with the next packet.
 */

import { copyBatch } from "../column/column.ts";
import type { ResultItem } from "../query/query.ts";

/** A record is expected within this time of a container's first event. */
const RECORD_NS = 1_000_000_000n;
/** The records of the same time have been read by then, ms. */
const LEAST_WAIT_MS = 200;
/** No later rows tell that the time of the record has passed: ms. */
const MOST_WAIT_MS = 3000;
const MAX_ROWS = 1 << 20;
const TICK_MS = 50;

interface Waiting {
  readonly item: ResultItem;
  readonly rows: number;
  readonly lastNs: bigint | undefined;
  readonly since: number;
}

export class NamingDelay {
  readonly #awaitsNames: () => boolean;
  readonly #emit: (item: ResultItem) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #waiting: Waiting[] = [];
  #rows = 0;
  #newestNs = 0n;

  /** @param awaitsNames whether anybody records containers, or tells of them otherwise */
  constructor(awaitsNames: () => boolean, emit: (item: ResultItem) => void) {
    this.#awaitsNames = awaitsNames;
    this.#emit = emit;
    this.#timer = setInterval(() => this.#release(performance.now()), TICK_MS);
  }

  push(item: ResultItem): void {
    if (item.kind === "columns" || (this.#waiting.length === 0 && !this.#awaitsNames())) {
      this.#emit(item);
      return;
    }
    const since = performance.now();
    if (item.kind !== "batch") {
      this.#waiting.push({ item, rows: 0, lastNs: undefined, since });
      return;
    }
    const { rows, timestamps } = item.batch;
    const lastNs = rows === 0 ? undefined : timestamps[rows - 1]!;
    if (lastNs !== undefined && lastNs > this.#newestNs) this.#newestNs = lastNs;
    const batch = { ...item.batch, ...copyBatch(item.batch) };
    this.#waiting.push({ item: { kind: "batch", batch }, rows, lastNs, since });
    this.#rows += rows;
    while (this.#rows > MAX_ROWS) this.#shift();
  }

  /** Lets everything go. */
  flush(): void {
    while (this.#waiting.length > 0) this.#shift();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #release(now: number): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const waited = now - first.since;
      const isPast = first.lastNs === undefined || first.lastNs + RECORD_NS <= this.#newestNs;
      if (waited < (isPast ? LEAST_WAIT_MS : MOST_WAIT_MS)) return;
      this.#shift();
    }
  }

  #shift(): void {
    const first = this.#waiting.shift();
    if (first === undefined) return;
    this.#rows -= first.rows;
    this.#emit(first.item);
  }
}
