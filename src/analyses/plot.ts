/** Bars and distributions as lines of text. */

import type { Distribution } from "./run-analysis.ts";

/** Parts of a character cell, by eighths. */
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

export interface PlotStyle {
  /** The longest bar, in columns. */
  readonly width: number;
  /** Whether bars are of `#` only. */
  readonly isAscii: boolean;
}

/** A bar for a share of the longest, from 0 to 1; what is not nothing is seen. */
export function bar(share: number, { width, isAscii }: PlotStyle): string {
  const length = Math.max(0, Math.min(1, share)) * width;
  if (isAscii) return "#".repeat(share > 0 ? Math.max(1, Math.round(length)) : 0);
  const eighths = share > 0 ? Math.max(1, Math.round(length * 8)) : 0;
  return "█".repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!;
}

/** One bin of a plot: from, to, how many. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** Steps within a decade: wide enough to be seen at once, the same for every order of magnitude. */
const STEPS = [1, 2, 5];

/**
 * A distribution in log-linear bins: 1, 2, 5, 10, 20 and so on. A bucket counts where its begin lies.
 */
export function logLinearBins({ buckets }: Distribution): readonly Bin[] {
  const counts = new Map<number, Bin>();
  for (const [from, count] of buckets) {
    const [low, high] = binOf(from);
    const before = counts.get(low)?.count ?? 0;
    counts.set(low, { from: low, to: high, count: before + count });
  }
  const used = [...counts.values()].sort((a, b) => a.from - b.from);
  const filled: Bin[] = [];
  for (const bin of used) {
    for (let last = filled.at(-1); last !== undefined && last.to < bin.from; last = filled.at(-1)) {
      const [low, high] = binOf(last.to);
      filled.push({ from: low, to: high, count: 0 });
    }
    filled.push(bin);
  }
  return filled;
}

function binOf(value: number): readonly [number, number] {
  if (!(value >= 1)) return [0, 1];
  const decade = 10 ** Math.floor(Math.log10(value) + 1e-12);
  const step = STEPS.findLastIndex((one) => one * decade <= value * (1 + 1e-12));
  const next = STEPS[step + 1];
  return [STEPS[step]! * decade, next === undefined ? decade * 10 : next * decade];
}

/** Lines of a plot: a bin's range, its bar, its count. */
export function plotLines(
  distribution: Distribution,
  text: (value: number) => string,
  style: PlotStyle,
): readonly string[] {
  const bins = logLinearBins(distribution);
  const most = Math.max(1, ...bins.map(({ count }) => count));
  const labels = bins.map(({ from, to }) => `${text(from).padStart(7)} … ${text(to).padStart(7)}`);
  return bins.map(
    ({ count }, i) => `${labels[i]}  ${bar(count / most, style).padEnd(style.width)}  ${count}`,
  );
}
