/** What a query gives: columns, batches with the account of what is missing, losses and notes, in the order of the data. */

import type { ColumnBatch } from "../column/column.ts";
import type { Schema } from "../column/schema.ts";
import type { Loss } from "../feed/losses.ts";

/** Totals of a query so far. */
export interface Account {
  /** Nothing earlier will follow, except rows counted in `late`. */
  readonly watermarkNs: bigint | undefined;
  /** Rows older than the watermark when they came. */
  readonly late: number;
  readonly lostEvents: number;
  readonly lostPackets: number;
  /** Interruptions of unknown cost. */
  readonly gaps: number;
  readonly clears: number;
  readonly reconnects: number;
  /** Rows that a condition on containers may have missed: their instance got no name in time. */
  readonly unnamedRows: number;
  /** Begins without an end, and ends without a begin, of tables of intervals. */
  readonly unpaired: number;
  /** Begins of intervals whose end may be among lost events. */
  readonly interrupted: number;
  /** What each stream lost that lost anything: JSON, `{"HOST/SESSION/PATH/CHANNEL": [events, packets], …}`. */
  readonly lostByStream: string | undefined;
}

/** Of a query that has just begun. */
export const NOTHING_SO_FAR: Account = {
  watermarkNs: undefined,
  late: 0,
  lostEvents: 0,
  lostPackets: 0,
  gaps: 0,
  clears: 0,
  reconnects: 0,
  unnamedRows: 0,
  unpaired: 0,
  interrupted: 0,
  lostByStream: undefined,
};

export interface ResultBatch extends ColumnBatch, Account {
  readonly seq: number;
}

export type ResultItem =
  /**
   * Comes before the first batch; of live sessions again when a column has got a type that nothing declared before: the
   * batches behind it have this layout.
   */
  | { readonly kind: "columns"; readonly columns: Schema }
  | { readonly kind: "batch"; readonly batch: ResultBatch }
  | { readonly kind: "loss"; readonly loss: Loss }
  /** Everything before `ns` has been delivered, except late rows. */
  | { readonly kind: "watermark"; readonly ns: bigint }
  | { readonly kind: "note"; readonly text: string };

/** The totals that a batch carries. */
export function accountOf(batch: Account): Account {
  const { watermarkNs, late, lostEvents, lostPackets, gaps, clears, reconnects } = batch;
  const { unnamedRows, unpaired, interrupted, lostByStream } = batch;
  return {
    watermarkNs,
    late,
    lostEvents,
    lostPackets,
    gaps,
    clears,
    reconnects,
    unnamedRows,
    unpaired,
    interrupted,
    lostByStream,
  };
}

const COUNTS = [
  ["lost_events", "lostEvents"],
  ["lost_packets", "lostPackets"],
  ["gaps", "gaps"],
  ["clears", "clears"],
  ["reconnects", "reconnects"],
  ["late", "late"],
  ["unnamed_rows", "unnamedRows"],
] as const;
/** Only of tables of intervals, where there are any. */
const INTERVAL_COUNTS = [
  ["unpaired", "unpaired"],
  ["interrupted", "interrupted"],
] as const;

export type AccountCount = (typeof COUNTS | typeof INTERVAL_COUNTS)[number][1];

/** The counts of an account, each behind the fact by which it travels. */
export const COUNTED_FACTS: readonly (readonly [string, AccountCount])[] = [
  ...COUNTS,
  ...INTERVAL_COUNTS,
];

/**
 * What travels beside a batch's rows, in Arrow's metadata: totals since the query began.
 * @param dropped rows that a slow client did not get
 */
export function batchFacts(batch: ResultBatch, dropped: number): ReadonlyMap<string, string> {
  const facts = new Map([
    ["seq", String(batch.seq)],
    ["watermark_ns", String(batch.watermarkNs ?? "")],
  ]);
  for (const [fact, count] of COUNTS) facts.set(fact, String(batch[count]));
  facts.set("dropped", String(dropped));
  for (const [fact, count] of INTERVAL_COUNTS)
    if (batch[count] > 0) facts.set(fact, String(batch[count]));
  if (batch.snapshot !== undefined) facts.set("snapshot", String(batch.snapshot));
  if (batch.lostByStream !== undefined) facts.set("lost_by_stream", batch.lostByStream);
  return facts;
}
