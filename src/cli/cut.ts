/** `tracewire cut`: a trace of the records that pass. */

import { SourceError } from "../base/errors.ts";
import { openRecorded, spanOf } from "../ctf/recorded.ts";
import type { OpenedTraces } from "../ctf/trace-directory.ts";
import { cutTraces } from "../cut/cut.ts";
import { openFeed } from "../feed/feed.ts";
import { namedBy } from "../filter/container-condition.ts";
import { RecordedNames } from "../operators/contain/recorded-names.ts";
import { STATE_EVENTS } from "../operators/contain/state-events.ts";
import { asksForContainers, exactFilter } from "../operators/run-question.ts";
import type { Question } from "../query/question.ts";
import { isLiveSource } from "../source/live-source.ts";
import { resolveTime } from "../source/time-bound.ts";
import { untilInterrupted } from "./interrupt.ts";
import { note, reportIncomplete, warn } from "./report.ts";
import { percent, progressLine } from "./status.ts";
import { compiledFilter, type TailOptions } from "./tail.ts";
import { askedTimes } from "./times.ts";

export interface CutOptions extends TailOptions {
  readonly to: string;
  readonly bare?: true;
}

export async function cut(sources: readonly string[], options: CutOptions): Promise<void> {
  const live = sources.find(isLiveSource);
  if (live !== undefined)
    throw new SourceError("CUT_LIVE", `cut: expected recorded traces, got ${live}`);
  const { begin, end, lastRows } = askedTimes(options, false);
  if (lastRows !== undefined)
    throw new SourceError("CUT_LAST", "--last: expected a time such as 5m, got a number of events");
  const opened = await openRecorded(sources, options.clockOffset);
  reportDamage(opened);
  const frame = spanOf(opened);
  const filter = await scanFilter(sources, options, opened);
  let isStopped = false;
  void untilInterrupted().then(() => {
    isStopped = true;
  });
  const progress = progressLine(process.stderr);
  const losses = new Map<string, string>();
  try {
    const totals = await cutTraces({
      opened,
      sources,
      to: options.to,
      scan: {
        filter,
        events: options.event,
        columns: [],
        countsOnly: true,
        begin: resolveTime(begin, frame, "begin"),
        end: resolveTime(end, frame, "end"),
      },
      alwaysKept: options.bare === true ? [] : STATE_EVENTS,
      isStopped: () => isStopped,
      onProgress: (done, total) => progress?.show(() => `cutting, ${percent(done, total)}`),
      onLoss: (path, { message }) => losses.set(path, message),
    });
    progress?.end();
    if (totals === undefined) {
      warn("stopped: nothing is left of what was written");
      reportIncomplete();
    } else if (options.quiet !== true) note(summary(totals, options.to));
  } finally {
    progress?.end();
  }
  for (const [path, message] of losses) warn(`${path}: ${message}`);
  if (losses.size > 0) reportIncomplete();
}

function summary({ records, kept }: { records: number; kept: number }, to: string): string {
  const names = kept === 0 ? "" : `, ${kept} of them for the names of containers`;
  return `${to}: ${records} records${names}`;
}

function reportDamage({ opened, failures }: OpenedTraces): void {
  const damage = [...failures, ...opened.flatMap((one) => one.damage)];
  for (const { error } of damage) warn(error.message);
  if (damage.length > 0) reportIncomplete();
  for (const text of opened.flatMap(({ notes }) => notes)) note(text);
}

/** The filter that decides for each record; a condition on containers becomes one on their namespaces and tasks. */
async function scanFilter(
  sources: readonly string[],
  options: CutOptions,
  opened: OpenedTraces,
): Promise<Question["filter"]> {
  const question: Question = {
    filter: await compiledFilter(options),
    container: namedBy(options.container),
    events: options.event,
    select: [],
    begin: undefined,
    end: undefined,
    order: "none",
    limit: undefined,
  };
  if (!asksForContainers(question)) return question.filter;
  const feed = openFeed(sources, { clockOffsetNs: options.clockOffset });
  const names = new RecordedNames((wanted) =>
    feed.share({ ...wanted, opened: () => Promise.resolve(opened) }),
  );
  await new Promise<void>((resolve, reject) => {
    names.follow({ ready: resolve, failed: reject });
  });
  const exact = exactFilter(question, names);
  if (exact !== undefined) return exact.filter;
  throw new SourceError(
    "CUT_CONTAINER",
    "cut: expected containers whose records their namespaces and tasks select, got some that are unknown or whose namespaces others had before or after; ask by $ctx.pid_ns and times",
  );
}
