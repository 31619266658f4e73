/** What several queries of one program share: the feed of their sources, and the names of its containers. */

import { valueAt } from "../column/row-reader.ts";
import { type Feed, LiveFeed, openFeed } from "../feed/feed.ts";
import { planQuery } from "../language/plan.ts";
import { runPlanned } from "../language/run-query.ts";
import { LiveNames } from "../operators/contain/live-names.ts";
import { type NameSource, namesOf } from "../operators/run-question.ts";
import type { Question } from "../query/question.ts";
import { isLiveSource } from "../source/live-source.ts";
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
  if (!sources.some(isLiveSource)) {
    const feed = openFeed(sources, options);
    const names = namesOf(feed);
    return { feed, names: () => names };
  }
  const feed = new LiveFeed(sources, options);
  const followed = new LiveNames();
  followed.follow(feed.observed, maxLagMs, onError);
  return { feed, names: () => ({ kind: "live", followed }) };
}

/** When something begins and ends, in nanoseconds since the Unix epoch. */
export interface TimeSpan {
  readonly firstNs: bigint;
  readonly lastNs: bigint;
}

/**
 * The time that numbers of a recorded trace are of: from its first kernel event to the last, or of all events where no kernel
 * was traced. The first packets may begin long before anything happens.
 * @returns `undefined` where there are no events
 * @throws SourceError where the trace cannot be opened
 */
export async function spanOf(
  feed: Feed,
  { begin, end }: Partial<Question>,
): Promise<TimeSpan | undefined> {
  const range = { begin, end };
  return (
    (await eventSpan(feed, range, '$event.domain == "kernel"')) ??
    (await eventSpan(feed, range, ""))
  );
}

function eventSpan(
  feed: Feed,
  { begin, end }: Partial<Question>,
  filter: string,
): Promise<TimeSpan | undefined> {
  const text = `${filter} |> first = min($event.timestamp), last = max($event.timestamp)`;
  const planned = planQuery(text.trim(), { begin, end });
  const share = feed.share({ begin, end, deferPacketReads: false });
  const execution = { isLive: false, borrowBatches: true };
  return new Promise((resolve, reject) => {
    let found: TimeSpan | undefined;
    runPlanned(planned, execution, share, () => namesOf(feed)).subscribe({
      next: (item) => {
        if (item.kind !== "batch" || item.batch.rows === 0) return;
        const [first, last] = item.batch.columns.map((column) => valueAt(column, 0));
        if (typeof first !== "bigint" || typeof last !== "bigint") return;
        found = { firstNs: first, lastNs: last };
      },
      error: reject,
      complete: () => resolve(found),
    });
  });
}

/** Its length; never 0. */
export function lengthOf(span: TimeSpan | undefined): number {
  return span === undefined ? 1 : Math.max(1, Number(span.lastNs - span.firstNs));
}
