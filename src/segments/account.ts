/** The account of several files: each has the totals of the query that wrote it, which goes on or begins anew from file to file. */

import { type Account, type AccountCount, COUNTED_FACTS, NOTHING_SO_FAR } from "../query/result.ts";
import type { Facts } from "./segment.ts";

export class SegmentAccount {
  readonly #last = new Map<AccountCount, number>();
  readonly #sums = new Map<AccountCount, number>();
  #lastSeq = -1;
  #lostByStream: string | undefined;
  /** Rows that came behind later ones. */
  late = 0;

  /** Adds what has been counted since the facts before; a query that begins anew counts from 0. */
  take(facts: Facts): void {
    const seq = countOf(facts.get("seq"));
    const isAnew = seq < this.#lastSeq;
    this.#lastSeq = seq;
    for (const [key, name] of COUNTED_FACTS) {
      const value = countOf(facts.get(key));
      const last = this.#last.get(name) ?? 0;
      const more = isAnew || value < last ? value : value - last;
      this.#sums.set(name, (this.#sums.get(name) ?? 0) + more);
      this.#last.set(name, value);
    }
    this.#lostByStream = facts.get("lost_by_stream") ?? this.#lostByStream;
  }

  totals(watermarkNs: bigint | undefined): Account {
    const sums = Object.fromEntries(this.#sums) as Partial<Record<AccountCount, number>>;
    const late = (sums.late ?? 0) + this.late;
    return { ...NOTHING_SO_FAR, ...sums, late, watermarkNs, lostByStream: this.#lostByStream };
  }
}

/** What is no count of anything counts as nothing: others may have written the file. */
function countOf(text: string | undefined): number {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : 0;
}
