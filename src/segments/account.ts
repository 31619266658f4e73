/** The account of several files: each has the totals of the query that wrote it, which goes on or begins anew from file to file. */

import { type Account, type AccountCount, COUNTED_FACTS, NOTHING_SO_FAR } from "../query/result.ts";
import type { Facts } from "./segment.ts";

export class SegmentAccount {
  readonly #last = new Map<AccountCount, number>();
  readonly #sums = new Map<AccountCount, number>();
  #lastSeq = -1;
  #lastWatermark: string | undefined;
  /** Of the query that wrote what was read last, and of all before it. */
  #lostByStream: LostByStream = new Map();
  readonly #lostBefore: Map<string, readonly [number, number]> = new Map();
  /** Rows that came behind later ones. */
  late = 0;

  /** Adds what has been counted since the facts before; a query that begins anew counts from 0. */
  take(facts: Facts): void {
    const seq = countOf(facts.get("seq"));
    const watermark = facts.get("watermark_ns");
    // A batch may be divided between files; another query's first batch has another watermark.
    const isAnother = seq === this.#lastSeq && watermark !== this.#lastWatermark;
    const isAnew = seq < this.#lastSeq || isAnother;
    this.#lastSeq = seq;
    this.#lastWatermark = watermark;
    if (isAnew) {
      addTo(this.#lostBefore, this.#lostByStream);
      this.#lostByStream = new Map();
    }
    for (const [key, name] of COUNTED_FACTS) {
      const value = countOf(facts.get(key));
      const last = this.#last.get(name) ?? 0;
      const more = isAnew || value < last ? value : value - last;
      this.#sums.set(name, (this.#sums.get(name) ?? 0) + more);
      this.#last.set(name, value);
    }
    const lost = facts.get("lost_by_stream");
    if (lost !== undefined) this.#lostByStream = lostByStream(lost) ?? this.#lostByStream;
  }

  totals(watermarkNs: bigint | undefined): Account {
    const sums = Object.fromEntries(this.#sums) as Partial<Record<AccountCount, number>>;
    const late = (sums.late ?? 0) + this.late;
    const lost = new Map(this.#lostBefore);
    addTo(lost, this.#lostByStream);
    const text = lost.size === 0 ? undefined : JSON.stringify(Object.fromEntries(lost));
    return { ...NOTHING_SO_FAR, ...sums, late, watermarkNs, lostByStream: text };
  }
}

/** Events and packets by stream. */
type LostByStream = ReadonlyMap<string, readonly [number, number]>;

/** As many as a query names, and some more of other runs. */
const MAX_STREAMS = 4096;
const MAX_FACT_LENGTH = 1 << 20;

function addTo(sums: Map<string, readonly [number, number]>, more: LostByStream): void {
  for (const [name, [events, packets]] of more) {
    const known = sums.get(name);
    if (known === undefined && sums.size === MAX_STREAMS) return;
    sums.set(name, [events + (known?.[0] ?? 0), packets + (known?.[1] ?? 0)]);
  }
}

/** Others may have written the file: what is no account is left out. */
function lostByStream(text: string): LostByStream | undefined {
  if (text.length > MAX_FACT_LENGTH) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const lost = new Map<string, readonly [number, number]>();
  for (const [name, counts] of Object.entries(value)) {
    const [events, packets] = Array.isArray(counts) ? (counts as unknown[]) : [];
    if (isCount(events) && isCount(packets)) lost.set(name, [events, packets]);
  }
  return lost;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** What is no count of anything counts as nothing: others may have written the file. */
function countOf(text: string | undefined): number {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : 0;
}
