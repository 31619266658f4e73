/** Ranges of time that cannot be read any more: an answer without what they had would look like a whole one. */

import { FeedError } from "../../base/errors.ts";
import { instant } from "../../ctf/clock.ts";
import type { OpenedTraces } from "../../ctf/trace-directory.ts";
import type { LiveFeed } from "../../feed/feed.ts";
import type { ReadOptions } from "../../source/source.ts";
import type { TimeBound } from "../../source/time-bound.ts";

type TimeRange = Pick<ReadOptions, "begin" | "end">;

/**
 * Packets that begin in a range, as `/v1/plan` counts them.
 * @throws FeedError 410 `RANGE_GONE` where there are fewer than there were
 */
export function checkPackets({ opened }: OpenedTraces, range: TimeRange, packets: number): void {
  const [begin, end] = [absolute(range.begin), absolute(range.end)];
  let there = 0;
  for (const { streams } of opened)
    for (const { streamClass, packets: stored } of streams)
      for (const packet of stored) {
        const ns = instant(streamClass.clock, packet.begin) ?? 0n;
        if ((begin === undefined || ns >= begin) && (end === undefined || ns <= end)) there++;
      }
  if (there >= packets) return;
  const times = `${begin ?? "the beginning"} to ${end ?? "the end"}`;
  const message = `packets: expected ${packets} packets from ${times}, got ${there}: the others were deleted`;
  throw new FeedError("RANGE_GONE", message, 410);
}

/**
 * A live source gives what comes. Of a range with an end, all must be to come.
 * @throws FeedError 410 `RANGE_GONE`; 400 `NOT_RECORDED` for a range that was planned
 */
export function checkLiveRange(
  feeds: readonly LiveFeed[],
  range: TimeRange,
  packets: number | undefined,
): void {
  if (packets !== undefined) {
    const message = `packets: expected a recorded source, whose ranges can be read again, got ${feeds[0]!.sources}`;
    throw new FeedError("NOT_RECORDED", message, 400);
  }
  const end = absolute(range.end);
  if (end === undefined) return;
  const begin = absolute(range.begin) ?? end;
  for (const { startNs, sources } of feeds) {
    if (startNs === undefined || begin >= startNs) continue;
    const message = `${sources}: expected a range from ${startNs} on, where what it still gives begins, got one from ${begin} to ${end}`;
    throw new FeedError("RANGE_GONE", message, 410);
  }
}

/** Times of day and times before an end are those of what is there. */
function absolute(bound: TimeBound | undefined): bigint | undefined {
  return bound?.kind === "absolute" ? bound.ns : undefined;
}

/** The rows that a client has already are not the ones that it would have now. */
export function sourceChanged(): FeedError {
  const message =
    "query: expected the same rows when it was run again for its client, got others: its sources have changed; ask anew";
  return new FeedError("SOURCE_CHANGED", message, 410);
}
