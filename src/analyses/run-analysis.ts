/** Runs an analysis: each table's queries over one feed, and the distributions of its values. */

import { valueAt } from "../column/row-reader.ts";
import type { Feed } from "../feed/feed.ts";
import { LossAccount } from "../feed/losses.ts";
import { planQuery } from "../language/plan.ts";
import { runPlanned } from "../language/run-query.ts";
import type { NameSource } from "../operators/run-question.ts";
import type { Question } from "../query/question.ts";
import { type Analysis, type AnalysisColumn, keysOf, type Subject } from "./analysis.ts";
import type { BoardWindow } from "./board.ts";
import { printWindows } from "./printed.ts";
import type { Sampler } from "./sampler.ts";
import { lengthOf, type TimeSpan } from "./source.ts";
import type { View } from "./view.ts";

export interface AnalysisSpec {
  readonly analysis: Analysis;
  readonly feed: Feed;
  readonly names: () => NameSource;
  readonly base: Partial<Question>;
  readonly filter: string;
  readonly span: TimeSpan | undefined;
  /** Windows such as `1s`; all the time without. */
  readonly every: string | undefined;
  readonly onProgress: (share: number) => void;
}

export interface AnalysisView extends View {
  readonly columns: readonly AnalysisColumn[];
}

/** The rows of one subject. */
export interface AnalysisTable {
  readonly subject: Subject;
  readonly view: AnalysisView;
  readonly windows: readonly BoardWindow[];
}

export interface AnalysisResult {
  readonly tables: readonly AnalysisTable[];
  readonly losses: LossAccount;
  readonly notes: readonly string[];
  /** Rows that stand for intervals whose begin or end is missing. */
  readonly unpaired: number;
  readonly interrupted: number;
}

/** A dying task has 0, so that this is no key. A name to LAMI, whose numbers are doubles, in charts and rounded. */
const PID_NS: AnalysisColumn = {
  name: "pid_ns",
  title: "pid_ns",
  unit: "count",
  width: 10,
  join: "max",
  lami: "string",
  help: "the pid namespace; of several, that with the largest number",
};

/** What a table's rows are, as a view. */
export function tableView(analysis: Analysis, subject: Subject): AnalysisView {
  const keys = keysOf(subject, analysis);
  const isOfTasks = subject === "process" || subject === "thread";
  const columns = [
    // A row of many tasks has no name of one.
    ...analysis.columns.filter(({ name }) => name !== "command" || isOfTasks),
    ...(subject === "container" ? [PID_NS] : []),
  ];
  const parts = analysis.parts.map((part) => ({
    ...part,
    measures: { ...part.measures, pid_ns: "max($ctx.pid_ns)" },
    // Contexts of slices are of the task that leaves, its own column is the task.
    ...((part.table === "blocked" || part.table === "slices") && { keys: { tid: "tid" } }),
  }));
  return { name: `per-${subject}`, help: analysis.help, keys, columns, parts, sort: analysis.sort };
}

export async function runAnalysis(
  spec: AnalysisSpec,
  subjects: readonly Subject[],
): Promise<AnalysisResult> {
  const tables: AnalysisTable[] = [];
  const notes = new Set<string>();
  let losses = new LossAccount();
  let [unpaired, interrupted] = [0, 0];
  for (const [i, subject] of subjects.entries()) {
    const view = tableView(spec.analysis, subject);
    const sampler = await sampled(spec, view, (share) =>
      spec.onProgress((i + share) / subjects.length),
    );
    for (const note of sampler.notes) notes.add(note);
    losses = sampler.losses;
    unpaired = Math.max(unpaired, sampler.unpaired);
    interrupted = Math.max(interrupted, sampler.interrupted);
    tables.push({ subject, view, windows: sampler.board.windows });
  }
  return { tables, losses, notes: [...notes], unpaired, interrupted };
}

function sampled(
  { feed, names, base, filter, span, every, onProgress: _ }: AnalysisSpec,
  view: View,
  onProgress: (share: number) => void,
): Promise<Sampler> {
  return printWindows(
    {
      view,
      scope: { filter },
      time: every ?? lengthOf(span),
      base,
      maxWindows: MAX_WINDOWS,
      most: Number.POSITIVE_INFINITY,
      forgets: false,
    },
    { feed, names, maxLagMs: 0, onTraceClass: () => {} },
    () => {},
    onProgress,
  ).ended;
}

const MAX_WINDOWS = 100_000;

/** A distribution: begins of buckets, counts, begins of the next. */
export interface Distribution {
  readonly name: string;
  readonly buckets: readonly (readonly [from: number, count: number, to: number])[];
}

/** The distributions of an analysis by container, those with most values first. */
export function distributionsOf({
  analysis,
  feed,
  names,
  base,
  filter,
}: AnalysisSpec): Promise<readonly Distribution[]> {
  const { distribution } = analysis;
  if (distribution === undefined) return Promise.resolve([]);
  const { table, value, where } = distribution;
  const condition = [where, filter === "" ? undefined : `(${filter})`].filter(
    (one) => one !== undefined,
  );
  const key = analysis.possible[0] === "cpu" ? "name" : "container";
  const text = `${condition.join(" && ")} |> ${table} |> count(${value}), hist(${value}) by ${key}`;
  const planned = planQuery(text.trim(), base);
  const share = feed.share({ begin: base.begin, end: base.end, deferPacketReads: false });
  return new Promise((resolve, reject) => {
    const found: { readonly count: number; readonly one: Distribution }[] = [];
    runPlanned(planned, { isLive: false, borrowBatches: true }, share, names).subscribe({
      next: (item) => {
        if (item.kind !== "batch") return;
        const { rows, columns } = item.batch;
        for (let row = 0; row < rows; row++) {
          const [name, count, hist] = [0, 1, 2].map((i) => valueAt(columns[i]!, row));
          if (!Array.isArray(hist) || hist.length === 0) continue;
          found.push({
            count: Number(count),
            one: { name: String(name ?? "-"), buckets: bucketsOf(hist.map(Number)) },
          });
        }
      },
      error: reject,
      complete: () => resolve(found.sort((a, b) => b.count - a.count).map(({ one }) => one)),
    });
  });
}

/** `hist` is a bucket's begin, its count, the next bucket's begin, and so on. */
function bucketsOf(hist: readonly number[]): Distribution["buckets"] {
  const buckets: (readonly [number, number, number])[] = [];
  for (let i = 0; i + 1 < hist.length; i += 2)
    buckets.push([hist[i]!, hist[i + 1]!, hist[i + 2] ?? hist[i]! * 1.02]);
  return buckets;
}
