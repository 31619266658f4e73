/** `tracewire cut`: a trace of the records that pass. */

import { SourceError } from "../base/errors.ts";
import { openRecorded, spanOf } from "../ctf/recorded.ts";
import type { OpenedTraces } from "../ctf/trace-directory.ts";
import { cutTraces } from "../cut/cut.ts";
import type { CutSpec } from "../cut/cut-spec.ts";
import { openFeed } from "../feed/feed.ts";
import { namedBy } from "../filter/container-condition.ts";
import { RecordedNames } from "../operators/contain/recorded-names.ts";
import { STATE_EVENTS } from "../operators/contain/state-events.ts";
import { selectRecords } from "../operators/select-records.ts";
import type { Execution } from "../query/execution.ts";
import { QueryPlan } from "../query/plan.ts";
import type { Question } from "../query/question.ts";
import { isLiveSource } from "../source/live-source.ts";
import { reportDamage } from "./damage.ts";
import { untilInterrupted } from "./interrupt.ts";
import { note, reportIncomplete, warn } from "./report.ts";
import { percent, progressLine } from "./status.ts";
import { compiledFilter, type TailOptions } from "./tail.ts";
import { askedTimes } from "./times.ts";

export interface CutOptions extends TailOptions {
  readonly to: string;
  readonly bare?: true;
  readonly classes: "occurring" | "all";
  readonly uuid: "keep" | "new";
}

export async function cut(sources: readonly string[], options: CutOptions): Promise<void> {
  const live = sources.find(isLiveSource);
  if (live !== undefined)
    throw new SourceError("CUT_LIVE", `cut: expected recorded traces, got ${live}`);
  const opened = await openRecorded(sources, options.clockOffset);
  reportDamage(opened);
  const { scan, choice } = await selection(sources, options, opened);
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
      scan,
      choice,
      classes: options.classes,
      uuid: options.uuid === "new" ? newUuid : undefined,
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

/** What the cut's scan is asked, and what decides among the records that pass it. */
async function selection(
  sources: readonly string[],
  options: CutOptions,
  opened: OpenedTraces,
): Promise<Pick<CutSpec, "scan" | "choice">> {
  const { begin, end, lastRows } = askedTimes(options, false);
  if (lastRows !== undefined)
    throw new SourceError("CUT_LAST", "--last: expected a time such as 5m, got a number of events");
  const question: Question = {
    filter: await compiledFilter(options),
    container: namedBy(options.container),
    events: options.event,
    select: [],
    begin,
    end,
    order: "none",
    limit: undefined,
  };
  const { filter, rows, notes } = await selectRecords(question, () => {
    const feed = openFeed(sources, { clockOffsetNs: options.clockOffset });
    return new RecordedNames((wanted) =>
      feed.share({ ...wanted, opened: () => Promise.resolve(opened) }),
    );
  });
  for (const text of notes) note(text);
  const decided: Question = { ...question, filter, container: undefined };
  const execution: Execution = { isLive: false, hiddenColumns: rows?.needs ?? [] };
  const plan = new QueryPlan(decided, execution, (item) => {
    if (item.kind === "note") note(item.text);
  });
  const traceClasses = opened.opened.map(({ traceClass }) => traceClass);
  const scan = plan.settle(traceClasses, spanOf(opened));
  for (const traceClass of traceClasses) plan.noteTimeless(traceClass);
  return { scan, choice: rows };
}

/** A random UUID, version 4. */
function newUuid(): Uint8Array {
  return Uint8Array.from(Buffer.from(crypto.randomUUID().replaceAll("-", ""), "hex"));
}
