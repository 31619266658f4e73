/** What several queries of one program share: the feed of their sources, and the names of its containers. */

import { valueAt } from "../column/row-reader.ts";
import { type Feed, LiveFeed, openFeed } from "../feed/feed.ts";
import { planQuery } from "../language/plan.ts";
import { runPlanned } from "../language/run-query.ts";
import { LiveNames } from "../operators/contain/live-names.ts";
import { type NameSource, namesOf } from "../operators/run-question.ts";
import type { Question } from "../query/question.ts";
import { isLiveUrl } from "../relay/url.ts";
import type { SourceOptions } from "../source/source.ts";

export interface SharedSource {
  readonly feed: Feed;
  readonly names: () => NameSource;
}

/**
 * Queries that join a live session later know containers that were reported before.
 * @param onError called when container metadata cannot be followed any more
 */
export function sharedSource(
  sources: readonly string[],
  options: SourceOptions,
  maxLagMs: number,
  onError: (error: unknown) => void,
): SharedSource {
  if (!sources.some(isLiveUrl)) {
    const feed = openFeed(sources, options);
    const names = namesOf(feed);
    return { feed, names: () => names };
  }
  const feed = new LiveFeed(sources, options);
  const followed = new LiveNames();
  followed.follow(feed.observed, maxLagMs, onError);
  return { feed, names: () => ({ kind: "live", followed }) };
}

/**
 * How much time a question is of: from the first event to the last, in nanoseconds. A recording's first packets may begin
 * long before anything happens.
 * @throws SourceError where the trace cannot be opened
 */
export function spanOf(feed: Feed, { begin, end }: Partial<Question>): Promise<number> {
  const planned = planQuery("|> first = min($event.timestamp), last = max($event.timestamp)", {
    begin,
    end,
  });
  const share = feed.share({ begin, end, deferPacketReads: false });
  const execution = { isLive: false, borrowBatches: true };
  return new Promise((resolve, reject) => {
    let spanNs = 1;
    runPlanned(planned, execution, share, () => namesOf(feed)).subscribe({
      next: (item) => {
        if (item.kind !== "batch" || item.batch.rows === 0) return;
        const [first, last] = item.batch.columns.map((column) => valueAt(column, 0));
        if (first === null || last === null) return;
        spanNs = Math.max(1, Number(BigInt(last as bigint) - BigInt(first as bigint)));
      },
      error: reject,
      complete: () => resolve(spanNs),
    });
  });
}
