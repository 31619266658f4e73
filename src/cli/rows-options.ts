/** What commands that write rows have in common: their options, and the feed and execution that follow from them. */

import { type Feed, openFeed } from "../feed/feed.ts";
import type { Execution } from "../query/execution.ts";
import { hasSpareProcessors } from "../query/threads.ts";
import type { TimeOptions } from "./times.ts";

/** Options of `tail` and `query`. */
export interface RowsOptions extends TimeOptions {
  readonly event: readonly string[];
  readonly container: readonly string[];
  /** Processes, as `1119` or `8@web`. */
  readonly pid?: readonly string[];
  readonly duration?: number;
  readonly from: "beginning" | "now";
  readonly wait?: true;
  readonly reconnect: boolean;
  readonly format: string;
  readonly delta?: true;
  readonly dict?: "plain" | "delta";
  readonly maxLag: number;
  readonly settle: number;
  readonly nameWait?: number;
  readonly color: "auto" | "always" | "never";
  readonly quiet?: true;
  readonly engine: "kernel" | "interpreter";
  readonly workers?: number;
}

/** @throws SourceError where a source cannot be opened */
export function feedOf(
  sources: readonly string[],
  { from, wait, reconnect, clockOffset }: RowsOptions,
): Feed {
  const inThread = hasSpareProcessors(sources);
  return openFeed(sources, { from, wait, reconnect, inThread, clockOffsetNs: clockOffset });
}

/** How rows are made, but for what depends on their writer. */
export function executionOf(
  feed: Feed,
  options: RowsOptions,
  more: Pick<Execution, "threads" | "lines">,
): Execution {
  const { maxLag: maxLagMs, nameWait: nameWaitMs, engine } = options;
  return { isLive: feed.isLive, maxLagMs, nameWaitMs, engine, borrowBatches: true, ...more };
}
