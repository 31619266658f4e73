/** What commands that write rows have in common: their options, and the feed and execution that follow from them. */

import { type Feed, openFeed } from "../feed/feed.ts";
import type { Execution } from "../query/execution.ts";
import { hasSpareProcessors } from "../query/threads.ts";
import type { TimeOptions } from "./times.ts";

/** Options of commands that follow sources. */
export interface FollowOptions extends Omit<TimeOptions, "date"> {
  readonly container: readonly string[];
  readonly duration?: number;
  readonly from?: "beginning" | "now";
  readonly wait?: true;
  readonly reconnect: boolean;
  readonly maxLag: number;
  readonly quiet?: true;
}

/** Options of `tail` and `query`. */
export interface RowsOptions extends FollowOptions, TimeOptions {
  readonly event: readonly string[];
  /** Processes, as `1119` or `8@web`. */
  readonly pid?: readonly string[];
  readonly format: string;
  readonly delta?: true;
  readonly dict?: "plain" | "delta";
  readonly settle: number;
  readonly nameWait?: number;
  readonly color: "auto" | "always" | "never";
  readonly engine: "kernel" | "interpreter";
  readonly workers?: number;
}

/**
 * A feed of one query.
 * @throws SourceError where a source cannot be opened
 */
export function feedOf(
  sources: readonly string[],
  { from, wait, reconnect, clockOffset }: RowsOptions,
): Feed {
  const inThread = hasSpareProcessors(sources);
  return openFeed(sources, {
    from,
    wait,
    reconnect,
    inThread,
    clockOffsetNs: clockOffset,
    deferPacketReads: true,
  });
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
