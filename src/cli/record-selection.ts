/** Which records `cut` and `record --format ctf` copy. */

import { SourceError } from "../base/errors.ts";
import { planColumns } from "../column/layout.ts";
import { firstEventNs } from "../ctf/events-begin.ts";
import { spanOf } from "../ctf/recorded.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { OpenedTraces } from "../ctf/trace-directory.ts";
import type { CutSpec } from "../cut/cut-spec.ts";
import { openFeed } from "../feed/feed.ts";
import { namedBy } from "../filter/container-condition.ts";
import { LiveNames } from "../operators/contain/live-names.ts";
import { RecordedNames } from "../operators/contain/recorded-names.ts";
import { selectLiveRecords, selectRecords } from "../operators/select-records.ts";
import type { Execution } from "../query/execution.ts";
import { QueryPlan } from "../query/plan.ts";
import type { Question } from "../query/question.ts";
import type { ScanSpec } from "../scan/scanner.ts";
import { areFromBegin, resolveTime } from "../source/time-bound.ts";
import { note } from "./report.ts";
import { compiledFilter, type TailOptions } from "./tail.ts";
import { askedTimes } from "./times.ts";

export interface RecordSelection extends Pick<CutSpec, "choice"> {
  readonly scan: ScanSpec;
}

/** @throws SourceError `RECORD_LAST` */
async function recordQuestion(options: TailOptions, isLive: boolean): Promise<Question> {
  const { begin, end, lastRows } = askedTimes(options, isLive);
  if (lastRows !== undefined)
    throw new SourceError(
      "RECORD_LAST",
      "--last: expected a time such as 5m, got a number of events",
    );
  return {
    filter: await compiledFilter(options),
    container: namedBy(options.container),
    events: options.event,
    select: [],
    begin,
    end,
    order: "none",
    limit: undefined,
  };
}

/** What the scan is asked, and what decides among the records that pass it. */
export async function recordedSelection(
  sources: readonly string[],
  options: TailOptions,
  opened: OpenedTraces,
): Promise<RecordSelection> {
  const question = await recordQuestion(options, false);
  const { filter, rows, notes } = await selectRecords(question, () => {
    const feed = openFeed(sources, { clockOffsetNs: options.clockOffset });
    const traces = () => Promise.resolve(opened);
    return new RecordedNames({
      share: (wanted) => feed.share({ ...wanted, opened: traces }),
      traces,
    });
  });
  for (const text of notes) note(text);
  const decided: Question = { ...question, filter, container: undefined };
  const execution: Execution = { isLive: false, hiddenColumns: rows?.needs ?? [] };
  const plan = new QueryPlan(decided, execution, (item) => {
    if (item.kind === "note") note(item.text);
  });
  const traceClasses = opened.opened.map(({ traceClass }) => traceClass);
  const { begin, end } = question;
  const firstNs = areFromBegin(begin, end) ? await firstEventNs(opened) : undefined;
  const span = spanOf(opened);
  const scan = plan.settle(traceClasses, { ...span, firstNs: firstNs ?? span.firstNs });
  for (const traceClass of traceClasses) plan.noteTimeless(traceClass);
  return { scan, choice: rows };
}

export interface LiveSelection {
  readonly specOf: (traceClass: TraceClass) => RecordSelection;
  /** They must take every item first; `undefined` where nothing is asked of containers. */
  readonly names: LiveNames | undefined;
}

/** As `recordedSelection`, of traces that grow. */
export async function liveSelection(options: TailOptions): Promise<LiveSelection> {
  const question = await recordQuestion(options, true);
  const names = new LiveNames();
  const { filter, rows } = selectLiveRecords(question, names.registry);
  const frame = { firstNs: undefined, lastNs: undefined };
  const spec = {
    filter,
    events: options.event,
    begin: resolveTime(question.begin, frame, "begin", true),
    end: resolveTime(question.end, frame, "end", true),
  };
  const specOf = (traceClass: TraceClass): RecordSelection => {
    const columns = rows === undefined ? [] : planColumns(rows.needs, [traceClass]);
    return { scan: { ...spec, columns }, choice: rows };
  };
  return { specOf, names: rows && names };
}
