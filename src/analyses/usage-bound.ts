/** Usages of processors: of the time that was recorded, and the most they can have been where events were lost. */

import type { AnalysisResult, AnalysisSpec, AnalysisTable } from "./run-analysis.ts";
import { coveredPart, lengthOf, type TimeSpan } from "./source.ts";
import { type UnknownTime, unknownTimeOf } from "./unknown-time.ts";

/**
 * Fills the column `usage_most` of every row, in per cent of one processor: its usage, and all time that is unknown; of a
 * processor its own unknown time. Equal to the usage where nothing was lost. Usages of windows that the trace covers only
 * in part become those of that part.
 */
export async function boundUsage(
  { feed, names, base, span }: AnalysisSpec,
  result: AnalysisResult,
  everyNs: bigint | undefined,
): Promise<UnknownTime | undefined> {
  const isBounded = result.tables.some(({ view }) => mostAt(view) !== -1);
  if (!isBounded || span === undefined) return undefined;
  const unknown = result.losses.isIncomplete
    ? await unknownTimeOf(feed, names, base, span)
    : undefined;
  for (const table of result.tables)
    for (const window of table.windows) {
      const part = everyNs === undefined ? span : coveredPart(window.startNs, everyNs, span);
      fill(table, window, unknown, part, Number(everyNs ?? lengthOf(span)) / lengthOf(part));
    }
  return unknown;
}

function mostAt({ columns }: AnalysisTable["view"]): number {
  return columns.findIndex(({ name }) => name === "usage_most");
}

function fill(
  { view, subject }: AnalysisTable,
  { rows }: AnalysisTable["windows"][number],
  unknown: UnknownTime | undefined,
  part: TimeSpan,
  scale: number,
): void {
  const usageAt = view.columns.findIndex(({ name }) => name === "usage");
  const isOfOne = subject === "thread" || subject === "cpu";
  const { firstNs, lastNs } = part;
  const share = (cpu?: number): number =>
    unknown === undefined ? 0 : (unknown.between(firstNs, lastNs, cpu) / lengthOf(part)) * 100;
  const ofAll = share();
  for (const { keys, cells } of rows.values()) {
    const ofWindow = cells[usageAt];
    if (typeof ofWindow !== "number") continue;
    const usage = ofWindow * scale;
    cells[usageAt] = usage;
    const more = subject === "cpu" ? share(Number(keys[view.keys.indexOf("cpu_id")])) : ofAll;
    const cap = isOfOne ? 100 : 100 * (unknown?.cpus ?? Number.POSITIVE_INFINITY);
    cells[mostAt(view)] = more === 0 ? usage : Math.max(usage, Math.min(cap, usage + more));
  }
}
