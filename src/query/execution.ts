/** How a query is executed: nothing here changes its rows. */

import type { Worker } from "node:worker_threads";
import type { ColumnRequest } from "../column/request.ts";
import type { PlannedColumn } from "../column/schema.ts";
import type { LineFormat } from "../scan/line-format.ts";
import type { Fold } from "../scan/scanner.ts";

/** Compiled code, or the reference interpreter. */
export type Engine = "kernel" | "interpreter";

export interface Execution {
  /** Whether metadata and streams may still come: unknown names are then a note, not an error. */
  readonly isLive: boolean;
  /** How long a silent stream may hold the others up, in ms. Default 5000. */
  readonly maxLagMs?: number | undefined;
  /** How long live rows of an instance without a name wait for it, in ms. */
  readonly nameWaitMs?: number | undefined;
  /** Default: the kernel. */
  readonly engine?: Engine | undefined;
  /** Threads that scan stored packets, for a feed that defers their reading. The query ends them, unless it keeps them. */
  readonly threads?: readonly Worker[] | undefined;
  readonly keepThreads?: boolean | undefined;
  /**
   * Whether batches are views of memory that is reused: valid until the listener returns. Otherwise they are the
   * listener's.
   */
  readonly borrowBatches?: boolean | undefined;
  /** Whether rows leave as soon as their time has come, instead of in full batches: for few rows. */
  readonly flushOnWatermark?: boolean | undefined;
  /** Whether results say, as `watermark` items, until when all rows have come. */
  readonly reportWatermark?: boolean | undefined;
  /** Whether losses are followed by marks of where they may have ended (`isLossEnd`): for who pairs events. */
  readonly reportLossEnds?: boolean | undefined;
  /** Whether live columns may also get wider types: for a listener that takes values of any type. */
  readonly widenColumns?: boolean | undefined;
  /** Columns behind the user's, which an operator reads. */
  readonly hiddenColumns?: readonly ColumnRequest[] | undefined;
  /** What rows that are folded may differ in, and at which times they stay apart: see `Fold`. By the hidden columns' numbers. */
  readonly folds?: Pick<Fold, "cuts" | "ignored"> | undefined;
  /** Rows as lines of text, in batches' `lines`, wherever the kernel can write them; other batches have columns. */
  readonly lines?: ((columns: readonly PlannedColumn[]) => LineFormat | undefined) | undefined;
}

export const DEFAULT_MAX_LAG_MS = 5000;

/** Recorded traces, compiled, in full batches. */
export const RECORDED: Execution = { isLive: false };
