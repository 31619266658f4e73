/** `tracewire analyze`: an analysis with a name, as text, as LAMI, or a table in a format for programs. */

import { existsSync } from "node:fs";
import { ANALYSIS_NAMES, analysisNamed } from "../analyses/analyses.ts";
import type { Analysis, Subject } from "../analyses/analysis.ts";
import { distributionText, spanLine, tableText } from "../analyses/analysis-text.ts";
import { lamiIncompatible, lamiMetadata, lamiResults, lamiText } from "../analyses/lami.ts";
import { MI_VERSION } from "../analyses/lami-version.ts";
import {
  type AnalysisResult,
  type AnalysisSpec,
  distributionsOf,
  runAnalysis,
} from "../analyses/run-analysis.ts";
import { coveredPart, lengthOf, sharedSource, spanOf, type TimeSpan } from "../analyses/source.ts";
import type { UnknownTime } from "../analyses/unknown-time.ts";
import { boundUsage } from "../analyses/usage-bound.ts";
import { checkedFilter } from "../analyses/user-filter.ts";
import { viewBatch, viewSchema } from "../analyses/view-batch.ts";
import { SourceError } from "../base/errors.ts";
import { quantity } from "../base/quantity.ts";
import { suggestion } from "../base/suggestion.ts";
import { namedBy } from "../filter/container-condition.ts";
import { formatNamed } from "../format/formats.ts";
import { colorsFor } from "./colors.ts";
import { note, report, reportIncomplete, warn } from "./report.ts";
import { rowWriter } from "./row-writer.ts";
import type { RowsOptions } from "./rows-options.ts";
import { percent, progressLine } from "./status.ts";
import { askedRange, type TimeOptions } from "./times.ts";
import { VERSION } from "./version.ts";

export interface AnalyzeOptions extends TimeOptions {
  readonly by?: Subject;
  readonly every?: number;
  readonly where?: string;
  readonly container: readonly string[];
  readonly limit?: number;
  readonly freq?: true;
  readonly ascii?: true;
  readonly format: string;
  readonly color: RowsOptions["color"];
  readonly quiet?: true;
  readonly miVersion?: true;
  readonly metadata?: true;
  readonly testCompatibility?: true;
}

const TEXT_ROWS = 10;

/** The analysis among the words, wherever it stands: readers of LAMI put the trace last. */
export function wordsOf(words: readonly string[]): {
  readonly sources: readonly string[];
  readonly analysis: Analysis;
} {
  const at = words.findLastIndex((word) => ANALYSIS_NAMES.includes(word));
  const analysis = analysisNamed(words[at] ?? "");
  if (analysis === undefined) {
    const last = words.at(-1) ?? "nothing";
    throw new SourceError(
      "ANALYSIS_UNKNOWN",
      `analyze: expected an analysis, one of ${ANALYSIS_NAMES.join(", ")}, got ${last}${suggestion(last, ANALYSIS_NAMES)}`,
    );
  }
  const sources = words.filter((_, i) => i !== at);
  const other = sources.find((word) => ANALYSIS_NAMES.includes(word) && !existsSync(word));
  if (other !== undefined)
    throw new SourceError(
      "ANALYSIS_UNKNOWN",
      `analyze: expected one analysis, got ${other} and ${analysis.name}`,
    );
  return { sources, analysis };
}

export async function analyze(words: readonly string[], options: AnalyzeOptions): Promise<void> {
  const { analysis, sources } = wordsOf(words);
  if (options.miVersion) return print(MI_VERSION);
  if (options.metadata) return print(lamiText(lamiMetadata(analysis, VERSION)));
  if (sources.length === 0)
    throw new SourceError("SOURCE_MISSING", `analyze: expected a trace beside ${analysis.name}`);
  const source = sharedSource(
    sources,
    { from: "beginning", clockOffsetNs: options.clockOffset },
    0,
    report,
  );
  if (source.feed.isLive)
    throw new SourceError(
      "ANALYSIS_LIVE",
      "analyze: expected a recorded trace; tracewire top follows live sessions",
    );
  const { begin, end } = askedRange(options, false);
  const base = { container: namedBy(options.container), begin, end };
  const progress = options.quiet ? undefined : progressLine(process.stderr);
  const spec: AnalysisSpec = {
    analysis,
    ...source,
    base,
    filter: checkedFilter(options.where),
    span: await spanOf(source, base),
    every: options.every === undefined ? undefined : `${options.every}ms`,
    onProgress: (share) => progress?.show(() => percent(share, 1)),
  };
  const result = await runAnalysis(spec, subjectsOf(analysis, options));
  const unknown = await boundUsage(spec, result, everyNsOf(options));
  progress?.end();
  if (options.testCompatibility) {
    // A reader asks whether this trace has what the analysis reads, and takes silence for yes.
    if (!isEmpty(result)) return;
    print(lamiText(lamiIncompatible(analysis)));
    process.exitCode = 1;
    return;
  }
  await write(spec, result, options);
  if (!options.quiet) for (const text of result.notes) note(text);
  reportLosses(result, options);
  if (unknown !== undefined && spec.span !== undefined) reportUnknown(unknown, spec.span);
}

function everyNsOf({ every }: AnalyzeOptions): bigint | undefined {
  return every === undefined ? undefined : BigInt(Math.round(every * 1e6));
}

function reportUnknown(unknown: UnknownTime, span: TimeSpan): void {
  const ns = unknown.between(span.firstNs, span.lastNs);
  const share = ns / Math.max(1, unknown.cpus * lengthOf(span));
  warn(
    `what ran is unknown for ${quantity(ns, "ns")}, ${percent(share, 1)} of the time on ${unknown.cpus} processors: see "at most"`,
  );
}

function subjectsOf(analysis: Analysis, { by, format }: AnalyzeOptions): readonly Subject[] {
  if (by !== undefined && !analysis.possible.includes(by))
    throw new SourceError(
      "ANALYSIS_BY",
      `--by: ${analysis.name} is by ${analysis.possible.join(", ")}, got ${by}`,
    );
  if (by !== undefined) return [by];
  // Formats of one table have one.
  return format === "text" || format === "lami" ? analysis.subjects : analysis.subjects.slice(0, 1);
}

function isEmpty({ tables }: AnalysisResult): boolean {
  return tables.every(({ windows }) => windows.every(({ rows }) => rows.size === 0));
}

async function write(
  spec: AnalysisSpec,
  result: AnalysisResult,
  options: AnalyzeOptions,
): Promise<void> {
  const { span } = spec;
  const everyNs = everyNsOf(options);
  if (options.format === "lami") {
    print(lamiText(lamiResults(result, span, everyNs, options.limit)));
    return;
  }
  if (options.format === "text") {
    await writeText(spec, result, options, everyNs);
    return;
  }
  const { view, windows } = result.tables[0]!;
  const how = {
    ...options,
    event: [],
    settle: 0,
    engine: "kernel",
    from: "beginning",
    reconnect: false,
    maxLag: 0,
  } as const;
  const writer = await rowWriter(formatNamed(options.format), how, {});
  const isWindowed = everyNs !== undefined;
  process.stdout.write(await writer.begin(viewSchema(view, isWindowed)));
  for (const window of windows) {
    const order = { by: view.sort, isReversed: false };
    const batch = viewBatch(view, window, order, isWindowed, options.limit);
    if (batch.rows > 0) process.stdout.write(await writer.batch(batch));
  }
  process.stdout.write(await writer.end());
}

async function writeText(
  spec: AnalysisSpec,
  result: AnalysisResult,
  options: AnalyzeOptions,
  everyNs: bigint | undefined,
): Promise<void> {
  const { analysis, span } = spec;
  const colors = colorsFor(process.stdout);
  const columns = process.stdout.isTTY ? process.stdout.columns || 80 : 120;
  const style = {
    width: Math.max(10, Math.min(40, columns - 90)),
    isAscii: options.ascii === true,
    limit: options.limit ?? TEXT_ROWS,
    emphasize: (text: string) => colors.bold(text),
  };
  print(spanLine(span));
  for (const table of result.tables) {
    for (const window of table.windows) {
      const heading =
        everyNs === undefined || span === undefined
          ? ""
          : `, ${timesText(coveredPart(window.startNs, everyNs, span))}`;
      print(`\n${tableText(analysis, table, window, style, heading)}`.trimEnd());
    }
    if (table.windows.length === 0)
      print(
        `\n${colors.bold(`${analysis.title} per ${table.subject}`)}\n  nothing: the trace has no events that this reads${isNarrowed(options) ? ", or none of those asked for" : ""}`,
      );
  }
  if (options.freq)
    print(`\n${distributionText(analysis, await distributionsOf(spec), style)}`.trimEnd());
}

function isNarrowed({ where, container, since, until, last }: AnalyzeOptions): boolean {
  const isInTime = [since, until, last].some((time) => time !== undefined);
  return isInTime || where !== undefined || container.length > 0;
}

function timesText(span: TimeSpan): string {
  return spanLine(span).replace("Timerange: ", "");
}

/** What the numbers do not know. */
function reportLosses(
  { losses, unpaired, interrupted }: AnalysisResult,
  { format }: AnalyzeOptions,
): void {
  if (!losses.isEmpty) warn(`lost: ${losses}; the numbers are of what was recorded, and too small`);
  if (losses.isIncomplete && unpaired + interrupted > 0)
    warn(
      `${unpaired} intervals without a begin or an end, ${interrupted} cut short by a loss: their time is in no number`,
    );
  // Trace Compass shows nothing of what a command printed that ends with another status than 0.
  if (losses.isIncomplete && format !== "lami") reportIncomplete();
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
