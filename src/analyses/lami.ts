/**
 * Analyses as LAMI 1.0, the JSON that lttng-analyses prints and Trace Compass reads: static metadata, and results by table.
 *
 * @see lttng-analyses, LAMI specification 1.0; Trace Compass, LamiAnalysis.java
 */

import { type Analysis, type AnalysisColumn, keysOf, type Subject } from "./analysis.ts";
import type { BoardRow, BoardWindow, Cell } from "./board.ts";
import type { AnalysisResult, AnalysisTable, AnalysisView } from "./run-analysis.ts";
import { tableView } from "./run-analysis.ts";
import { sortedRows } from "./sorting.ts";
import { coveredPart, type TimeSpan } from "./source.ts";
import type { KeyName } from "./view.ts";

const KEY_TITLES: Readonly<Record<KeyName, string>> = {
  container: "Container",
  container_type: "Container type",
  pid: "Process",
  tid: "Thread",
  cpu_id: "CPU",
  syscall: "System call",
  filename: "File",
  dev: "Disk",
  op: "Operation",
  device: "Network interface",
  kind: "Interrupt",
  irq: "Number",
  name: "Name",
};

interface Described {
  readonly title: string;
  readonly class: string;
  readonly unit?: string;
}

/** What readers ask first: `--metadata`. */
export function lamiMetadata(analysis: Analysis, version: string): unknown {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  const classes = analysis.possible.map((subject) => {
    const { columns } = tableView(analysis, subject);
    const keys = lamiKeys(keysOf(subject, analysis));
    return [
      `per-${subject}`,
      {
        title: `${analysis.title} per ${subject}`,
        "column-descriptions": [...keys.map(describedKey), ...shownColumns(columns).map(described)],
      },
    ];
  });
  return {
    "mi-version": { major: 1, minor: 0 },
    version: { major, minor, patch, extra: "" },
    title: analysis.title,
    description: analysis.help,
    authors: ["tracewire"],
    tags: ["linux-kernel", "containers", "tracewire", analysis.name],
    "table-classes": Object.fromEntries(classes),
  };
}

/** What an interrupt is, its number and its name are one key to LAMI. */
function lamiKeys(keys: readonly KeyName[]): readonly KeyName[] {
  return keys.includes("kind") ? keys.filter((key) => key !== "irq" && key !== "name") : keys;
}

function describedKey(key: KeyName): Described {
  const title = KEY_TITLES[key];
  switch (key) {
    case "pid":
    case "tid":
      return { title, class: "process" };
    case "cpu_id":
      return { title, class: "cpu" };
    case "syscall":
      return { title, class: "syscall" };
    case "dev":
      return { title, class: "disk" };
    case "kind":
      return { title, class: "irq" };
    case "device":
      return { title, class: "netif" };
    case "filename":
      return { title, class: "path" };
    default:
      return { title, class: "string" };
  }
}

/** A process has its name in itself. */
function shownColumns(columns: readonly AnalysisColumn[]): readonly AnalysisColumn[] {
  return columns.filter(({ name }) => name !== "command");
}

function described({ title, lami, counts }: AnalysisColumn): Described {
  const shown = title[0]!.toUpperCase() + title.slice(1);
  return counts === undefined || lami !== "number"
    ? { title: shown, class: lami }
    : { title: shown, class: lami, unit: counts };
}

/** What is printed of a trace that an analysis reads nothing of: readers see by it that the two do not fit. */
export function lamiIncompatible({ name }: Analysis): unknown {
  return { "error-message": `the trace has no events that ${name} reads` };
}

/** A table for each subject and window. */
export function lamiResults(
  { tables }: AnalysisResult,
  span: TimeSpan | undefined,
  everyNs: bigint | undefined,
  limit: number | undefined,
): unknown {
  const results = tables.flatMap((table) =>
    table.windows.map((window) => ({
      "time-range": timeRange(window, span, everyNs),
      class: `per-${table.subject}` satisfies `per-${Subject}`,
      data: sortedRows(table.view, window.rows.values(), { by: table.view.sort, isReversed: false })
        .slice(0, limit)
        .map((row) => rowOf(table, row)),
    })),
  );
  return { results };
}

function timeRange(
  { startNs }: BoardWindow,
  span: TimeSpan | undefined,
  everyNs: bigint | undefined,
): unknown {
  const all = span ?? { firstNs: 0n, lastNs: 0n };
  const { firstNs: begin, lastNs: end } =
    everyNs === undefined ? all : coveredPart(startNs, everyNs, all);
  const stamp = (ns: bigint): unknown => ({ class: "timestamp", value: new Integer(ns) });
  return { class: "time-range", begin: stamp(begin), end: stamp(end) };
}

function rowOf({ view }: AnalysisTable, row: BoardRow): readonly unknown[] {
  const keys = lamiKeys(view.keys);
  return [
    ...keys.map((key) => keyData(view, key, row)),
    ...view.columns.flatMap((column, i) =>
      column.name === "command" ? [] : [cellData(row.cells[i] ?? null, column)],
    ),
  ];
}

const UNKNOWN = { class: "unknown" };

function keyData(view: AnalysisView, key: KeyName, row: BoardRow): unknown {
  const value = row.keys[view.keys.indexOf(key)] ?? null;
  if (value === null) return UNKNOWN;
  switch (key) {
    case "pid":
    case "tid":
      return { class: "process", name: commandOf(view, row), [key]: value };
    case "cpu_id":
      return { class: "cpu", id: value };
    case "syscall":
      return { class: "syscall", name: value };
    case "dev":
      return { class: "disk", name: diskName(Number(value)) };
    case "kind": {
      const of = (one: KeyName): unknown => row.keys[view.keys.indexOf(one)] ?? undefined;
      return {
        class: "irq",
        hard: value === "irq",
        nr: Number(of("irq") ?? 0),
        name: `${of("name") ?? ""}`,
      };
    }
    case "device":
      return { class: "netif", name: value };
    case "filename":
      return { class: "path", path: value };
    default:
      return { class: "string", value: String(value) };
  }
}

function commandOf({ columns }: AnalysisView, { cells }: BoardRow): string {
  const at = columns.findIndex(({ name }) => name === "command");
  return String(cells[at] ?? "");
}

/** Major and minor number. @see linux/kdev_t.h, MINORBITS */
export function diskName(dev: number): string {
  return `${Math.floor(dev / 2 ** 20)}:${dev % 2 ** 20}`;
}

function cellData(cell: Cell, { lami }: AnalysisColumn): unknown {
  if (cell === null) return UNKNOWN;
  if (typeof cell === "string" || lami === "string") return { class: "string", value: `${cell}` };
  if (lami === "ratio") return { class: "ratio", value: cell / 100 };
  return { class: lami, value: lami === "number" ? cell : Math.round(cell) };
}

/** An integer that JSON's numbers hold exactly, and JavaScript's do not. */
class Integer {
  readonly text: string;

  constructor(value: bigint) {
    this.text = String(value);
  }

  toJSON(): string {
    return `\u0000${this.text}`;
  }
}

/** JSON with 64-bit integers as numbers. */
export function lamiText(value: unknown): string {
  return JSON.stringify(value).replaceAll(/"\\u0000(-?\d+)"/g, "$1");
}
