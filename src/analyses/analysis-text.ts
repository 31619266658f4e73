/** Analyses for people: bars as lttng-analyses draws them, tables of statistics, totals, distributions. */

import { printable } from "../base/printable.ts";
import { quantity } from "../base/quantity.ts";
import { isoText } from "../base/time.ts";
import type { Analysis, AnalysisColumn } from "./analysis.ts";
import type { BoardRow, BoardWindow, Cell } from "./board.ts";
import { diskName } from "./lami.ts";
import { bar, type PlotStyle, plotLines } from "./plot.ts";
import type { AnalysisTable, AnalysisView, Distribution } from "./run-analysis.ts";
import { sortedRows } from "./sorting.ts";
import type { TimeSpan } from "./source.ts";
import type { KeyName } from "./view.ts";

export interface TextStyle extends PlotStyle {
  /** Rows of a table. */
  readonly limit: number;
  readonly emphasize: (text: string) => string;
}

const UNITS = { "%": "%", ns: "ns", bytes: "bytes" } as const;
const MAX_KEY = 48;
/** Columns that say who a row is. */
const IN_SUBJECT = ["command", "pid_ns"];

/** `1234 pages`, `50.72 %`, `12.3 ms` */
function cellOf(cell: Cell, { unit }: AnalysisColumn): string {
  if (cell === null) return "-";
  if (typeof cell === "string") return printable(cell, MAX_KEY);
  const text = quantity(unit === "count" ? Math.round(cell) : cell, UNITS[unit as "%"]);
  return unit === "%" ? `${text} %` : text;
}

/** Who a row is: `[HOST]`, `web (4026532411)  docker`, `redis-server (1119)`. */
function subjectOf({ keys, columns }: AnalysisView, row: BoardRow): readonly string[] {
  const value = (name: string): Cell => row.keys[keys.indexOf(name as KeyName)] ?? null;
  const ns = columns.findIndex(({ name }) => name === "pid_ns");
  const command = row.cells[columns.findIndex(({ name }) => name === "command")];
  const parts: string[] = [];
  for (const key of keys) {
    const cell = value(key);
    const text = cell === null ? "-" : printable(String(cell), MAX_KEY);
    if (key === "container" && ns >= 0) {
      const inode = row.cells[ns];
      parts.push(inode ? `${text} (${inode})` : text);
    } else if (key === "pid" || key === "tid")
      parts.push(`${printable(String(command ?? "?"))} (${text})`);
    else if (key === "cpu_id") parts.push(`CPU ${text}`);
    else if (key === "dev") parts.push(typeof cell === "number" ? diskName(cell) : text);
    else if (key === "container_type") parts.push(cell === null ? "host" : text);
    else parts.push(text);
  }
  return parts;
}

/** A span of time, as lttng-analyses says it. */
export function spanLine(span: TimeSpan | undefined): string {
  if (span === undefined) return "Timerange: nothing was recorded";
  const text = (ns: bigint): string => isoText(ns).replace("T", " ");
  return `Timerange: [${text(span.firstNs)}, ${text(span.lastNs)}]`;
}

/** One table's window. */
export function tableText(
  analysis: Analysis,
  { subject, view }: AnalysisTable,
  window: BoardWindow,
  style: TextStyle,
  heading: string,
): string {
  const all = sortedRows(view, window.rows.values(), { by: view.sort, isReversed: false });
  const rows = all.slice(0, style.limit);
  const title = `${analysis.title} per ${subject}${heading}`;
  const head = style.emphasize(title);
  if (rows.length === 0) return `${head}\n  nothing\n`;
  const isBars = analysis.bars !== undefined;
  const body = isBars ? barLines(analysis, view, rows, style) : statLines(view, rows, style);
  const rest = all.length - rows.length;
  const more = rest > 0 ? [`… and ${rest} more: --limit ${all.length}`] : [];
  return `${[head, ...body, ...more, ...totalLines(analysis, subject, view, all)].join("\n")}\n`;
}

function barLines(
  { bars }: Analysis,
  view: AnalysisView,
  rows: readonly BoardRow[],
  style: TextStyle,
): readonly string[] {
  const at = view.columns.findIndex(({ name }) => name === bars);
  const most = Math.max(...rows.map(({ cells }) => Number(cells[at] ?? 0)), 0);
  const others = view.columns.filter(({ name }) => !IN_SUBJECT.includes(name));
  const cells = rows.map((row) => [
    bar(most === 0 ? 0 : Number(row.cells[at] ?? 0) / most, style),
    ...others.map((column) => cellOf(row.cells[view.columns.indexOf(column)] ?? null, column)),
    ...subjectOf(view, row),
  ]);
  const titles = ["", ...others.map(({ title }) => title), ...subjectTitles(view)];
  return aligned([titles, ...cells], (i) => i > 0 && i <= others.length, style.width);
}

function statLines(
  view: AnalysisView,
  rows: readonly BoardRow[],
  _style: TextStyle,
): readonly string[] {
  const columns = view.columns.filter(({ name }) => !IN_SUBJECT.includes(name));
  const titles = [...subjectTitles(view), ...columns.map(({ title }) => title)];
  const cells = rows.map((row) => [
    ...subjectOf(view, row),
    ...columns.map((column) => cellOf(row.cells[view.columns.indexOf(column)] ?? null, column)),
  ]);
  const first = titles.length - columns.length;
  return aligned([titles, ...cells], (i) => i >= first, 0);
}

function subjectTitles({ keys, columns }: AnalysisView): readonly string[] {
  const titles: Readonly<Record<string, string>> = {
    container: columns.some(({ name }) => name === "pid_ns") ? "container (pid_ns)" : "container",
    container_type: "type",
    pid: "process (pid)",
    tid: "thread (tid)",
    cpu_id: "processor",
    dev: "device",
  };
  return keys.map((key) => titles[key] ?? key);
}

function aligned(
  lines: readonly (readonly string[])[],
  isRight: (column: number) => boolean,
  firstWidth: number,
): readonly string[] {
  const widths = lines[0]!.map((_, i) =>
    Math.max(i === 0 ? firstWidth : 0, ...lines.map((line) => line[i]?.length ?? 0)),
  );
  return lines.map((line) =>
    line
      .map((cell, i) => (isRight(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join("  ")
      .trimEnd(),
  );
}

/** The mean of processors is the usage of the machine; other sums are of all rows, shown or not. */
function totalLines(
  analysis: Analysis,
  subject: string,
  view: AnalysisView,
  rows: readonly BoardRow[],
): readonly string[] {
  const parts = view.columns.flatMap((column, at) => {
    if (column.isSummed !== true) return [];
    const sum = rows.reduce((total, { cells }) => total + Number(cells[at] ?? 0), 0);
    return [`${cellOf(sum, column)} ${column.title === column.counts ? "" : column.title}`.trim()];
  });
  const total = `Total: ${parts.join(", ")}`;
  if (analysis.name !== "cputop" || subject !== "cpu") return [total];
  const usage = view.columns.findIndex(({ name }) => name === "usage");
  const sum = rows.reduce((all, { cells }) => all + Number(cells[usage] ?? 0), 0);
  return [`Total CPU usage: ${(sum / rows.length).toFixed(2)} %`];
}

/** Distributions, one below another. */
export function distributionText(
  analysis: Analysis,
  distributions: readonly Distribution[],
  style: TextStyle,
): string {
  return distributions
    .slice(0, style.limit)
    .map((one) => {
      const lines = plotLines(one, rounded, { ...style, width: Math.min(50, style.width) });
      return `${style.emphasize(`${analysis.title}, distribution: ${printable(one.name)}`)}\n${lines.join("\n")}\n`;
    })
    .join("\n");
}

/** Borders of bins are whole numbers of a unit. */
function rounded(ns: number): string {
  if (ns >= 1e9) return `${ns / 1e9} s`;
  if (ns >= 1e6) return `${ns / 1e6} ms`;
  return ns >= 1e3 ? `${ns / 1e3} us` : `${ns} ns`;
}
