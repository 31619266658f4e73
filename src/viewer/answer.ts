/**
 * What an aggregate has answered so far. Windows follow each other and stay, as many as a chart shows; a snapshot takes
 * the place of the one before; a total comes once.
 */

import type { Batch } from "./arrow.ts";
import { type Column, isNumber, type Row } from "./frames.ts";
import type { Range } from "./time.ts";

const KEPT_WINDOWS = 300;
const KEPT_ROWS = 5000;
/** Columns of every aggregate that measure nothing. */
const OWN_COLUMNS: ReadonlySet<string> = new Set(["window", "lost_events", "overflow"]);

export class Answer {
  readonly columns: readonly Column[];
  /** Columns that say of what a row is. */
  readonly groups: readonly string[];
  /** Columns with numbers to draw. */
  readonly measures: readonly string[];
  /** What the numbers of a column count, as far as rows have come. */
  units: ReadonlyMap<string, string> = new Map();
  readonly #keptWindows: number;
  readonly #windows = new Map<bigint, Row[]>();
  #rows: Row[] = [];
  #snapshot: string | undefined;
  #left = 0;

  constructor(columns: readonly Column[], query: string, keptWindows: number = KEPT_WINDOWS) {
    this.columns = columns;
    this.#keptWindows = keptWindows;
    const named = groupNames(query);
    const isMeasure = ({ name, type }: Column): boolean =>
      isNumber(type) && !named.has(name) && !OWN_COLUMNS.has(name);
    this.measures = columns.filter(isMeasure).map(({ name }) => name);
    this.groups = columns
      .filter((one) => !isMeasure(one) && !OWN_COLUMNS.has(one.name))
      .map(({ name }) => name);
  }

  /** Whether these columns, of this query, are an aggregate's or in an order of their own. */
  static isOf(columns: readonly Column[], query: string): boolean {
    const names = new Set(columns.map(({ name }) => name));
    return names.has("overflow") || names.has("window") || /\|>\s*(sort|top)\b/.test(query);
  }

  get isWindowed(): boolean {
    return this.#windows.size > 0;
  }

  /** Of each window, by its begin, its rows. */
  get windows(): ReadonlyMap<bigint, readonly Row[]> {
    return this.#windows;
  }

  /** The last window, the last snapshot, or the total. */
  get rows(): readonly Row[] {
    return [...this.#windows.values()].at(-1) ?? this.#rows;
  }

  /** The windows that begin in a range. */
  rowsOf({ begin, end }: Range): readonly (readonly Row[])[] {
    return [...this.#windows]
      .filter(([window]) => window >= begin && window < end)
      .map(([, rows]) => rows);
  }

  /** How many rows of them are not kept. */
  get left(): number {
    return this.#left;
  }

  /** The query begins again: its next snapshot is another, whatever its number. */
  restart(): void {
    this.#snapshot = undefined;
  }

  add(batch: Batch): void {
    const snapshot = batch.facts.get("snapshot");
    if (snapshot !== this.#snapshot) {
      this.#snapshot = snapshot;
      this.#rows = [];
      this.#left = 0;
    }
    this.units = batch.units;
    for (const row of batch.rowsFrom()) {
      const { window } = row;
      if (typeof window === "bigint") this.#addToWindow(window, row);
      else this.#push(this.#rows, row);
    }
  }

  #addToWindow(window: bigint, row: Row): void {
    let rows = this.#windows.get(window);
    if (rows === undefined) {
      rows = [];
      this.#windows.set(window, rows);
      this.#left = 0;
      const [oldest] = this.#windows.keys();
      if (this.#windows.size > this.#keptWindows) this.#windows.delete(oldest!);
    }
    this.#push(rows, row);
  }

  #push(rows: Row[], row: Row): void {
    if (rows.length < KEPT_ROWS) rows.push(row);
    else this.#left++;
  }

  /** `web / read`: of what a row is. */
  groupOf(row: Row): string {
    return this.groups.map((name) => String(row[name] ?? "–")).join(" / ") || "all";
  }
}

/** The names behind `by`: a number such as `cpu_id` may be a group too. */
function groupNames(query: string): ReadonlySet<string> {
  const lists = [...query.matchAll(/\)[^|]*\bby\s+([\w.$]+(?:\s*,\s*[\w.$]+)*)/g)];
  const names = lists.flatMap(([, list = ""]) => list.split(",").map((name) => name.trim()));
  return new Set(names.map((name) => name.replace(/^\$ctx\.|^\$(?=container)/, "")));
}
