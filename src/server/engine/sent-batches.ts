import { bytesOf } from "../../column/column.ts";
import type { ResultBatch } from "../../query/result.ts";
import type { Budget } from "./budget.ts";

/** Batches that are gone, of which the number of rows is still known: what a client missed is counted to the row. */
const MAX_EVICTED = 4096;

/** Batches that were sent and may not have arrived, as far as the budget goes. */
export class SentBatches {
  readonly #budget: Budget;
  #kept: ResultBatch[] = [];
  #evicted: { readonly seq: number; readonly rows: number }[] = [];
  /** Nothing is known of batches up to this one. */
  #forgotten = -1;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  keep(batch: ResultBatch): void {
    const bytes = bytesOf(batch);
    while (!this.#budget.take(bytes)) {
      if (this.evict()) continue;
      this.#remember(batch);
      return;
    }
    this.#kept.push(batch);
  }

  /** Gives up the oldest; whether there was one. */
  evict(): boolean {
    const oldest = this.#kept.shift();
    if (oldest === undefined) return false;
    this.#budget.give(bytesOf(oldest));
    this.#remember(oldest);
    return true;
  }

  /** The client has everything up to `seq`. */
  acknowledge(seq: number): void {
    while (this.#kept.length > 0 && this.#kept[0]!.seq <= seq) {
      this.#budget.give(bytesOf(this.#kept.shift()!));
    }
    this.#evicted = this.#evicted.filter((batch) => batch.seq > seq);
    this.#forgotten = Math.max(this.#forgotten, seq);
  }

  /**
   * Removes and gives what came behind `seq`, to be sent again, and the rows that came behind it and are gone;
   * `undefined` if it is not known any more.
   */
  after(
    seq: number,
  ): { batches: ResultBatch[]; lostRows: number; lostBatches: number } | undefined {
    if (seq < this.#forgotten) return undefined;
    this.acknowledge(seq);
    const batches = this.#kept;
    const lost = this.#evicted;
    this.clear();
    return {
      batches,
      lostRows: lost.reduce((sum, { rows }) => sum + rows, 0),
      lostBatches: lost.length,
    };
  }

  clear(): void {
    for (const batch of this.#kept) this.#budget.give(bytesOf(batch));
    this.#kept = [];
    this.#evicted = [];
  }

  #remember({ seq, rows }: ResultBatch): void {
    this.#evicted.push({ seq, rows });
    if (this.#evicted.length <= MAX_EVICTED) return;
    this.#forgotten = this.#evicted.shift()!.seq;
  }
}
