/** What is known of a query's client, and what it has of an earlier run on recorded traces, which give the same batches. */

import type { Budget } from "./budget.ts";
import { sourceChanged } from "./range-gone.ts";

export interface ClientState {
  /** Of what is kept for a client that comes back; without it, what a client has missed is gone. */
  readonly budget?: Budget | undefined;
  readonly had?: Had | undefined;
}

/** The first batches, and how many rows these are. */
export interface Had {
  readonly batches: number;
  readonly rows: number;
}

export const NOTHING_HAD: Had = { batches: 0, rows: 0 };

/**
 * Compares what has been passed over, once that is all that the client has.
 * @throws FeedError 410 `SOURCE_CHANGED`
 */
export function checkHad(had: Had, passed: Had): void {
  if (passed.batches === had.batches && passed.rows !== had.rows) throw sourceChanged();
}
