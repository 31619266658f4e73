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

interface GrowingRow extends BoardRow {
  /** The part that each text is of. */
  readonly partOf: number[];
}

interface GrowingWindow extends BoardWindow {
  readonly rows: Map<string, GrowingRow>;
  lostEvents: number;
}

/** Rows of one window; those of further keys are left out, and counted. */
const MAX_ROWS = 20_000;

export class Board {
  readonly #columns: readonly ViewColumn[];
  readonly #maxWindows: number;
  readonly #windows = new Map<bigint, GrowingWindow>();
  /** The last window of each part that is whole. */
  readonly #whole: (bigint | undefined)[];
  readonly #everyNs: bigint;
  leftOut = 0;

  /**
   * @param maxWindows older ones are forgotten
   * @param everyNs how long windows are; 0 of all the time
   */
  constructor({ columns, parts }: View, maxWindows: number, everyNs: bigint) {
    this.#columns = columns;
    this.#maxWindows = maxWindows;
    this.#everyNs = everyNs;
    this.#whole = parts.map(() => undefined);
  }

  /** Windows to which no part adds anything more, by time. */
  get windows(): readonly BoardWindow[] {
    const until = this.#completeUntil();
    return [...this.#windows.values()]
      .filter(({ startNs }) => startNs <= until)
      .sort((a, b) => (a.startNs < b.startNs ? -1 : 1));
  }

  /** Forgets a part's rows of all the time so far: a later answer takes their place. */
  restart(part: number, columns: readonly string[]): void {
    this.#whole[part] = undefined;
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
      row = { keys, cells: this.#columns.map(() => null), partOf: [] };
      window.rows.set(id, row);
    }
    const { cells, partOf } = row;
    this.#placesOf(columns).forEach((at, i) => {
      const [before, value] = [cells[at]!, values[i]!];
      // Of several texts that of the first part stays, whichever came first.
      const isText = typeof value === "string" && (before === null || part < partOf[at]!);
      cells[at] = isText ? value : joined(before, value, this.#columns[at]!.join);
      if (isText) partOf[at] = part;
    });
  }

  addLost(startNs: bigint, events: number): void {
    const window = this.#windowAt(startNs);
    // Every part reports the same losses.
    window.lostEvents = Math.max(window.lostEvents, events);
  }

  /** A part has given all its rows of windows that end before this: it may have had none. */
  pass(part: number, ns: bigint): void {
    this.#reach(part, ns - this.#everyNs);
  }

  /** A part has come to the end of what there is. */
  end(part: number): void {
    this.#whole[part] = END;
  }

  /** Forgets a window, and those before it. */
  forget(untilNs: bigint): void {
    for (const startNs of this.#windows.keys())
      if (startNs <= untilNs) this.#windows.delete(startNs);
  }

  #placesOf(columns: readonly string[]): readonly number[] {
    return columns.map((name) => this.#columns.findIndex((column) => column.name === name));
  }

  #reach(part: number, startNs: bigint): void {
    const before = this.#whole[part];
    if (before === undefined || before < startNs) this.#whole[part] = startNs;
  }

  #completeUntil(): bigint {
    return this.#whole.reduce<bigint>((least, ns = -1n) => (ns < least ? ns : least), END);
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

function joined(before: Cell, value: Cell, how: ViewColumn["join"] = "sum"): Cell {
  if (before === null) return value;
  if (value === null) return before;
  if (typeof before === "string" || typeof value === "string") return before;
  return how === "sum" ? before + value : Math.max(before, value);
}
