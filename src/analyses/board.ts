/** The windows of a view: rows that several queries fill, each its columns. */

import type { View, ViewColumn } from "./view.ts";

export type Cell = number | string | null;

/** One row: the values of its keys, and of its columns. */
export interface BoardRow {
  readonly keys: readonly Cell[];
  readonly cells: Cell[];
}

/** What is known of one window; without windows, of all the time, whose begin is 0. */
export interface BoardWindow {
  readonly startNs: bigint;
  readonly rows: ReadonlyMap<string, BoardRow>;
  /** Events lost in times that touch it. */
  readonly lostEvents: number;
}

interface GrowingWindow extends BoardWindow {
  readonly rows: Map<string, BoardRow>;
  lostEvents: number;
}

/** Rows of one window; those of further keys are left out, and counted. */
const MAX_ROWS = 20_000;
/** A query that is so many windows behind the others is not waited for: nothing comes that it reads. */
const MOST_WINDOWS_BEHIND = 2;

export class Board {
  readonly #columns: readonly ViewColumn[];
  readonly #maxWindows: number;
  readonly #windows = new Map<bigint, GrowingWindow>();
  /** The newest window of each part. */
  readonly #newest: (bigint | undefined)[];
  #everyNs = 1n;
  leftOut = 0;

  readonly #isLive: boolean;

  /**
   * @param maxWindows older ones are forgotten
   * @param isLive whether a query may have nothing to say for ever; of recorded traces each comes to an end
   */
  constructor({ columns, parts }: View, maxWindows: number, isLive: boolean) {
    this.#isLive = isLive;
    this.#columns = columns;
    this.#maxWindows = maxWindows;
    this.#newest = parts.map(() => undefined);
  }

  /** Windows that are complete as far as is known, by time. */
  get windows(): readonly BoardWindow[] {
    const until = this.#completeUntil();
    return [...this.#windows.values()]
      .filter(({ startNs }) => startNs <= until)
      .sort((a, b) => (a.startNs < b.startNs ? -1 : 1));
  }

  /** Forgets a part's rows of all the time so far: a later answer takes their place. */
  restart(part: number, columns: readonly string[]): void {
    this.#newest[part] = undefined;
    const places = this.#placesOf(columns);
    for (const { rows } of this.#windows.values())
      for (const row of rows.values()) for (const at of places) row.cells[at] = null;
  }

  /** Adds a part's row to a window. */
  add(
    part: number,
    startNs: bigint,
    keys: readonly Cell[],
    columns: readonly string[],
    values: readonly Cell[],
  ): void {
    this.#reach(part, startNs);
    const window = this.#windowAt(startNs);
    const id = JSON.stringify(keys);
    let row = window.rows.get(id);
    if (row === undefined) {
      if (window.rows.size >= MAX_ROWS) {
        this.leftOut++;
        return;
      }
      row = { keys, cells: this.#columns.map(() => null) };
      window.rows.set(id, row);
    }
    const { cells } = row;
    this.#placesOf(columns).forEach((at, i) => {
      cells[at] = joined(cells[at]!, values[i]!, this.#columns[at]!.join);
    });
  }

  addLost(startNs: bigint, events: number): void {
    const window = this.#windowAt(startNs);
    // Every part reports the same losses.
    window.lostEvents = Math.max(window.lostEvents, events);
  }

  /** A part has come to the end of what there is. */
  end(part: number): void {
    this.#newest[part] = END;
  }

  #placesOf(columns: readonly string[]): readonly number[] {
    return columns.map((name) => this.#columns.findIndex((column) => column.name === name));
  }

  #reach(part: number, startNs: bigint): void {
    const before = this.#newest[part];
    if (before !== undefined && before >= startNs) return;
    if (before !== undefined) {
      const step = startNs - before;
      if (this.#everyNs === 1n || step < this.#everyNs) this.#everyNs = step;
    }
    this.#newest[part] = startNs;
  }

  #completeUntil(): bigint {
    const reached = this.#newest.filter((ns) => ns !== undefined);
    const isWaiting = !this.#isLive && reached.length < this.#newest.length;
    if (reached.length === 0 || isWaiting) return -1n;
    if (!this.#isLive) return leastOf(reached);
    const last = reached.filter((ns) => ns !== END).reduce((a, b) => (a > b ? a : b), 0n);
    const least = last - BigInt(MOST_WINDOWS_BEHIND) * this.#everyNs;
    return leastOf(reached.filter((ns) => ns >= least));
  }

  #windowAt(startNs: bigint): GrowingWindow {
    let window = this.#windows.get(startNs);
    if (window === undefined) {
      window = { startNs, rows: new Map(), lostEvents: 0 };
      this.#windows.set(startNs, window);
      if (this.#windows.size > this.#maxWindows) this.#forgetOldest();
    }
    return window;
  }

  #forgetOldest(): void {
    let oldest: bigint | undefined;
    for (const startNs of this.#windows.keys())
      if (oldest === undefined || startNs < oldest) oldest = startNs;
    if (oldest !== undefined) this.#windows.delete(oldest);
  }
}

const END = (1n << 63n) - 1n;

function leastOf(times: readonly bigint[]): bigint {
  return times.reduce((a, b) => (a < b ? a : b));
}

function joined(before: Cell, value: Cell, how: ViewColumn["join"] = "sum"): Cell {
  if (before === null) return value;
  if (value === null) return before;
  if (typeof before === "string" || typeof value === "string") return before;
  return how === "sum" ? before + value : Math.max(before, value);
}
