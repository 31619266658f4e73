/** What several queries of one program share: the feed of their sources, and the names of its containers. */

import { defer, mergeMap, type Observable, tap } from "rxjs";
import { valueAt } from "../column/row-reader.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import { type Feed, LiveFeed, openFeed } from "../feed/feed.ts";
import { planQuery } from "../language/plan.ts";
import { runPlanned } from "../language/run-query.ts";
import { LiveNames } from "../operators/contain/live-names.ts";
import { type NameSource, namesOf } from "../operators/run-question.ts";
import type { Question } from "../query/question.ts";
import type { ResultItem } from "../query/result.ts";
import { type SegmentPath, segmentPaths } from "../segments/find.ts";
import { Gate } from "../source/gate.ts";
import { isLiveSource } from "../source/live-source.ts";
import type { SourceOptions } from "../source/source.ts";

export interface SharedSource {
  readonly feed: Feed;
  readonly names: () => NameSource;
  /** Files of rows, which are asked instead of the feed; there are no events then, and no tables of them. */
  readonly files?: readonly SegmentPath[] | undefined;
}

/** How a query of several runs. */
export interface AskOptions {
  readonly base: Partial<Question>;
  readonly maxLagMs: number;
  readonly onProgress: (share: number) => void;
  readonly onTraceClass?: (traceClass: TraceClass) => void;
}

/**
 * Runs a text of the query language over the sources.
 * @throws FilterError; what its sources are wrong with comes when it runs
 */
export function ask(
  { feed, names, files }: SharedSource,
  text: string,
  { base, maxLagMs, onProgress, onTraceClass = () => {} }: AskOptions,
): Observable<ResultItem> {
  const { begin, end } = base;
  if (files !== undefined) {
    const { events = [], container, limit } = base;
    const asked = { text, events, container, begin, end, limit };
    // What reads files of rows takes longer to load than a screen to open.
    return defer(() => import("../segments/row-query.ts")).pipe(
      mergeMap(({ runRowFiles }) => runRowFiles(files, asked, new Gate())),
    );
  }
  const planned = planQuery(text, base);
  const share = feed.share({
    begin,
    end,
    deferPacketReads: false,
    onProgress: (done, total) => onProgress(total === 0 ? 1 : done / total),
  });
  const items = share.items.pipe(
    tap((item) => {
      if (item.kind === "trace-class") onTraceClass(item.traceClass);
    }),
  );
  const execution = { isLive: feed.isLive, maxLagMs, borrowBatches: true };
  return runPlanned(planned, execution, { ...share, items }, names);
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
    return { feed, names: () => names, files: segmentPaths(sources) };
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
  source: SharedSource,
  { begin, end }: Partial<Question>,
): Promise<TimeSpan | undefined> {
  const range = { begin, end };
  const ofKernel =
    source.files === undefined
      ? await eventSpan(source, range, '$event.domain == "kernel"')
      : undefined;
  return ofKernel ?? (await eventSpan(source, range, ""));
}

function eventSpan(
  source: SharedSource,
  base: Partial<Question>,
  filter: string,
): Promise<TimeSpan | undefined> {
  const text = `${filter} |> first = min($event.timestamp), last = max($event.timestamp)`;
  const asked = { base, maxLagMs: 0, onProgress: () => {} };
  return new Promise((resolve, reject) => {
    let found: TimeSpan | undefined;
    ask(source, text.trim(), asked).subscribe({
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

/** The part of a window in which something was recorded: the first and the last may reach beyond. */
export function coveredPart(
  startNs: bigint,
  lengthNs: bigint,
  { firstNs, lastNs }: TimeSpan,
): TimeSpan {
  const endNs = startNs + lengthNs;
  const from = startNs > firstNs ? startNs : firstNs;
  const until = endNs < lastNs ? endNs : lastNs;
  return from < until ? { firstNs: from, lastNs: until } : { firstNs: startNs, lastNs: endNs };
}

/** Its length; never 0. */
export function lengthOf(span: TimeSpan | undefined): number {
  return span === undefined ? 1 : Math.max(1, Number(span.lastNs - span.firstNs));
}
