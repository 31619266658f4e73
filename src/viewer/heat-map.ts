/**
 * How long something took over time: a column a window, a row half an octave, darker for more. The rows' borders are
 * borders of the histograms that the query answers, so that a cell counts exactly what the query does.
 */

import { draw, make } from "./dom.ts";
import { lossMarks } from "./loss-marks.ts";
import { exact } from "./number.ts";
import { clock, duration, partOf, type Range } from "./time.ts";

const LEFT = 64;
const BOTTOM = 20;
const TOP = 12;
const ROW = 8;
/** One row of so many has a label. */
const LABELLED = 4;
const SHADES = 6;

/** A window: its begin, and how many values each row has. */
export interface HeatColumn {
  readonly begin: bigint;
  readonly counts: ReadonlyMap<number, number>;
  readonly hasLost: boolean;
}

export interface HeatCells {
  readonly columns: readonly HeatColumn[];
  readonly windowNs: number;
  readonly range: Range;
}

/** The row of a value: two an octave, from 1 on. */
export function heatRowOf(value: number): number {
  if (value < 1) return -1;
  const octave = Math.floor(Math.log2(value));
  // The logarithm of a whole number just below a power of two is rounded up.
  const exactOctave = 2 ** octave > value ? octave - 1 : octave;
  return 2 * exactOctave + (value >= 1.5 * 2 ** exactOctave ? 1 : 0);
}

/** The least value of a row. */
export function heatRowBegin(row: number): number {
  if (row < 0) return 0;
  return (row % 2 === 0 ? 1 : 1.5) * 2 ** Math.floor(row / 2);
}

/** `hist`'s list, a bucket's begin and its count in turn, as counts of rows. */
export function heatCounts(hist: unknown): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  if (!Array.isArray(hist)) return counts;
  for (let i = 0; i + 1 < hist.length; i += 2) {
    const row = heatRowOf(Number(hist[i]));
    counts.set(row, (counts.get(row) ?? 0) + Number(hist[i + 1]));
  }
  return counts;
}

/** What the user has chosen: windows and values. */
export interface HeatChoice {
  readonly range: Range;
  readonly from: number;
  readonly to: number;
}

interface Cursor {
  readonly column: number;
  readonly row: number;
}

export class HeatMap {
  readonly element = make("figure", { class: "heat", "data-chart": "latency" });
  readonly #readout = make("output", { "aria-live": "polite" });
  readonly #open: (choice: HeatChoice) => void;
  #cells: HeatCells | undefined;
  #rows: readonly [number, number] = [0, 0];
  #width = 0;
  #cursor: Cursor | undefined;
  #anchor: Cursor | undefined;
  #isDragging = false;

  /** @param open called with the cells that the user wants to see as rows */
  constructor(open: (choice: HeatChoice) => void) {
    this.#open = open;
    const { element } = this;
    element.tabIndex = 0;
    element.setAttribute("role", "group");
    element.setAttribute(
      "aria-label",
      "latency over time: arrows move, Shift extends, Enter opens the rows",
    );
    element.addEventListener("keydown", (event) => this.#key(event));
    element.addEventListener("pointerdown", (event) => this.#point(event, true));
    element.addEventListener("pointermove", (event) => this.#point(event, false));
    element.addEventListener("pointerup", () => this.#released());
  }

  /** How many values all cells have. */
  get total(): number {
    const columns = this.#cells?.columns ?? [];
    return columns.reduce(
      (sum, { counts }) => sum + [...counts.values()].reduce((a, b) => a + b, 0),
      0,
    );
  }

  show(cells: HeatCells, width: number): void {
    this.#cells = cells;
    this.#width = width;
    this.#draw();
  }

  #draw(): void {
    const cells = this.#cells!;
    const rows = cells.columns.flatMap(({ counts }) => [...counts.keys()]);
    const [low, high] = rows.length === 0 ? [20, 50] : [Math.min(...rows), Math.max(...rows)];
    this.#rows = [low, high];
    const height = TOP + (high - low + 1) * ROW + BOTTOM;
    const svg = draw("svg", {
      viewBox: `0 0 ${this.#width} ${height}`,
      role: "img",
      "aria-label": `latency over time, ${exact(this.total)} values`,
    });
    svg.append(...this.#shades(), ...lossMarks(this.#lostSpans(), 2));
    for (let row = low; row <= high; row++)
      if (row % LABELLED === 0)
        svg.append(
          draw(
            "text",
            { x: LEFT - 6, y: this.#y(row) + ROW + 1, "text-anchor": "end" },
            duration(heatRowBegin(row)),
          ),
        );
    for (const [ns, x, anchor] of [
      [cells.range.begin, LEFT, "start"],
      [cells.range.end, this.#width - 4, "end"],
    ] as const)
      svg.append(draw("text", { x, y: height - 5, "text-anchor": anchor }, clock(ns, 3)));
    const choice = this.#chosen();
    if (choice !== undefined) svg.append(this.#frame());
    this.element.replaceChildren(svg, this.#readout);
    const text =
      choice === undefined
        ? `${exact(this.total)} values; a stronger colour is more`
        : this.#describe(choice);
    if (this.#readout.textContent !== text) this.#readout.textContent = text;
  }

  /** One path for all cells of a shade. */
  #shades(): readonly SVGElement[] {
    const { columns } = this.#cells!;
    const most = Math.max(1, ...columns.flatMap(({ counts }) => [...counts.values()]));
    const paths: string[] = Array(SHADES).fill("");
    for (const { begin, counts } of columns)
      for (const [row, count] of counts) {
        const shade = Math.min(
          SHADES - 1,
          Math.floor((Math.log(count) / Math.log(most + 1)) * SHADES),
        );
        const [left, right] = this.#span(begin);
        const y = this.#y(row);
        paths[shade] +=
          `M${left.toFixed(1)} ${y}H${right.toFixed(1)}V${y + ROW - 1}H${left.toFixed(1)}Z`;
      }
    return paths.map((d, i) => draw("path", { class: `heat-${i}`, d }));
  }

  #lostSpans(): readonly [number, number][] {
    return this.#cells!.columns.flatMap(({ begin, hasLost }) =>
      hasLost ? [this.#span(begin) as [number, number]] : [],
    );
  }

  #frame(): SVGElement {
    const [a, b] = [this.#anchor ?? this.#cursor!, this.#cursor!];
    const columns = this.#cells!.columns;
    const [left] = this.#span(columns[Math.min(a.column, b.column)]!.begin);
    const [, right] = this.#span(columns[Math.max(a.column, b.column)]!.begin);
    const top = this.#y(Math.max(a.row, b.row));
    const bottom = this.#y(Math.min(a.row, b.row)) + ROW;
    return draw("rect", {
      class: "cursor",
      x: left,
      y: top,
      width: Math.max(2, right - left),
      height: bottom - top,
    });
  }

  #span(begin: bigint): readonly [number, number] {
    const { range, windowNs } = this.#cells!;
    const scale = this.#width - LEFT - 4;
    const left = LEFT + Math.max(0, partOf(range, begin)) * scale;
    const right = LEFT + Math.min(1, partOf(range, begin + BigInt(windowNs))) * scale;
    return [left, Math.max(right - 0.5, left + 1)];
  }

  #y(row: number): number {
    return TOP + (this.#rows[1] - row) * ROW;
  }

  #chosen(): HeatChoice | undefined {
    const columns = this.#cells?.columns ?? [];
    const end = this.#cursor;
    if (end === undefined || columns[end.column] === undefined) return undefined;
    const begin = this.#anchor ?? end;
    const first = columns[Math.min(begin.column, end.column)];
    const last = columns[Math.max(begin.column, end.column)];
    if (first === undefined || last === undefined) return undefined;
    return {
      range: { begin: first.begin, end: last.begin + BigInt(this.#cells!.windowNs) },
      from: heatRowBegin(Math.min(begin.row, end.row)),
      to: heatRowBegin(Math.max(begin.row, end.row) + 1),
    };
  }

  #describe({ range, from, to }: HeatChoice): string {
    const inside = this.#cells!.columns.filter(
      ({ begin }) => begin >= range.begin && begin < range.end,
    );
    let count = 0;
    for (const { counts } of inside)
      for (const [row, one] of counts) {
        const value = heatRowBegin(row);
        if (value >= from && value < to) count += one;
      }
    return `${clock(range.begin, 3)}, ${duration(from)} to ${duration(to)}: ${exact(count)}; Enter opens them`;
  }

  #key(event: KeyboardEvent): void {
    const steps: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, 1],
      ArrowDown: [0, -1],
    };
    const step = steps[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (step !== undefined) this.#step(step, event.shiftKey);
    else if (event.key === "Enter") this.#openChosen();
    else if (event.key === "Escape") this.#choose(undefined, undefined);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #step([right, up]: readonly [number, number], extends_: boolean): void {
    const most = (this.#cells?.columns.length ?? 0) - 1;
    const [low, high] = this.#rows;
    const from = this.#cursor;
    const to =
      from === undefined
        ? { column: most, row: high }
        : {
            column: Math.min(most, Math.max(0, from.column + right)),
            row: Math.min(high, Math.max(low, from.row + up)),
          };
    this.#choose(to, extends_ ? (this.#anchor ?? from) : undefined);
  }

  #choose(cursor: Cursor | undefined, anchor: Cursor | undefined): void {
    this.#cursor = cursor;
    this.#anchor = anchor;
    if (this.#cells !== undefined) this.#draw();
  }

  #point(event: PointerEvent, isDown: boolean): void {
    const svg = this.element.querySelector("svg");
    const cells = this.#cells;
    if (svg === null || cells === undefined || (!isDown && !this.#isDragging)) return;
    const { left, top, width } = svg.getBoundingClientRect();
    const scale = this.#width / width;
    const x = (event.clientX - left) * scale;
    const y = (event.clientY - top) * scale;
    const [low, high] = this.#rows;
    const row = Math.min(high, Math.max(low, high - Math.floor((y - TOP) / ROW)));
    const column = cells.columns.findLastIndex(({ begin }) => this.#span(begin)[0] <= x);
    const place = { column: Math.max(0, column), row };
    if (isDown) this.element.setPointerCapture(event.pointerId);
    this.#isDragging = true;
    this.#choose(place, isDown ? place : this.#anchor);
  }

  #released(): void {
    if (!this.#isDragging) return;
    this.#isDragging = false;
    const [a, b] = [this.#anchor, this.#cursor];
    // A click chooses; a brush opens at once.
    if (a !== undefined && b !== undefined && (a.column !== b.column || a.row !== b.row))
      this.#openChosen();
  }

  #openChosen(): void {
    const choice = this.#chosen();
    if (choice !== undefined) this.#open(choice);
  }
}
