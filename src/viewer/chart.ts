/** A chart of an answer as SVG: lines over windows by group, or bars of a total. */

import type { Answer } from "./answer.ts";
import { brief, draw, make } from "./dom.ts";
import type { Row } from "./frames.ts";
import { LOSS_HEIGHT, lossMarks } from "./loss-marks.ts";
import { short } from "./number.ts";
import { clock } from "./time.ts";

const LINES = 8;
const BARS = 12;
const HEIGHT = 180;
const LEFT = 64;
const RIGHT = 8;
const BOTTOM = 20;
const TOP = 8;
const BAR = 20;

/** The chart and its legend; undefined where there is nothing to draw. */
export function chartOf(answer: Answer, measure: string, width: number): HTMLElement | undefined {
  if (answer.isWindowed && answer.windows.size > 1) return lines(answer, measure, width);
  const rows = answer.rows.filter((row) => typeof row[measure] === "number");
  return rows.length === 0 ? undefined : bars(answer, rows, measure, width);
}

interface Series {
  readonly name: string;
  readonly values: (number | undefined)[];
  sum: number;
}

function seriesOf(answer: Answer, measure: string): Series[] {
  const byName = new Map<string, Series>();
  const windows = [...answer.windows.values()];
  for (const [place, rows] of windows.entries())
    for (const row of rows) {
      const value = row[measure];
      if (typeof value !== "number") continue;
      const name = answer.groupOf(row);
      let series = byName.get(name);
      if (series === undefined) {
        series = { name, values: Array(windows.length).fill(undefined), sum: 0 };
        byName.set(name, series);
      }
      series.values[place] = value;
      series.sum += Math.abs(value);
    }
  return [...byName.values()].sort((a, b) => b.sum - a.sum);
}

function lines(answer: Answer, measure: string, width: number): HTMLElement {
  const all = seriesOf(answer, measure);
  const shown = all.slice(0, LINES);
  const times = [...answer.windows.keys()];
  const most = Math.max(1e-9, ...shown.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const x = (i: number): number => LEFT + (i / (times.length - 1)) * (width - LEFT - RIGHT);
  const y = (value: number): number => TOP + (1 - value / most) * (HEIGHT - TOP - BOTTOM);
  const svg = picture(width, HEIGHT, `${measure} by window, ${all.length} groups`);
  for (const part of [0, 0.5, 1]) {
    const level = y(most * part);
    svg.append(
      draw("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: level, y2: level }),
      draw(
        "text",
        { x: LEFT - 6, y: level + 4, "text-anchor": "end" },
        short(most * part, answer.units.get(measure)),
      ),
    );
  }
  svg.append(...lossMarks(lostWindows(answer, x), HEIGHT - BOTTOM - LOSS_HEIGHT));
  for (const [i, { name, values }] of shown.entries())
    svg.append(
      draw("path", { class: `line s${i}`, d: path(values, x, y) }, draw("title", {}, brief(name))),
    );
  for (const [time, place, anchor] of [
    [times[0]!, LEFT, "start"],
    [times.at(-1)!, width - RIGHT, "end"],
  ] as const)
    svg.append(draw("text", { x: place, y: HEIGHT - 4, "text-anchor": anchor }, clock(time, 0)));
  const names = shown.map(({ name }, i) =>
    make("li", {}, make("i", { class: `s${i}` }), brief(name)),
  );
  const rest = all.length - shown.length;
  if (rest > 0) names.push(make("li", {}, `and ${rest} smaller groups, not drawn`));
  return make("figure", {}, svg, make("ul", { class: "legend" }, ...names));
}

/** A line that is broken where a window has no value. */
function path(
  values: readonly (number | undefined)[],
  x: (i: number) => number,
  y: (value: number) => number,
): string {
  let isDown = false;
  return values
    .map((value, i) => {
      if (value === undefined) {
        isDown = false;
        return "";
      }
      const step = `${isDown ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`;
      isDown = true;
      return step;
    })
    .join("");
}

function bars(answer: Answer, rows: readonly Row[], measure: string, width: number): HTMLElement {
  const sorted = [...rows].sort((a, b) => Number(b[measure]) - Number(a[measure]));
  const shown = sorted.slice(0, BARS);
  // Names on the left, values on the right of the longest bar.
  const left = Math.min(200, width * 0.4);
  const right = width - 70;
  const most = Math.max(1e-9, ...shown.map((row) => Number(row[measure])));
  const svg = picture(width, shown.length * BAR + TOP, `${measure} of ${rows.length} groups`);
  for (const [i, row] of shown.entries()) {
    const value = Number(row[measure]);
    const length = (Math.max(0, value) / most) * (right - left);
    const middle = TOP + i * BAR + BAR / 2;
    svg.append(
      draw(
        "text",
        { x: left - 10, y: middle + 4, "text-anchor": "end" },
        label(answer.groupOf(row), left),
      ),
      draw("rect", {
        class: "bar s0",
        x: left,
        y: TOP + i * BAR + 3,
        width: length,
        height: BAR - 6,
      }),
      draw(
        "text",
        { x: left + 6 + length, y: middle + 4 },
        short(value, answer.units.get(measure)),
      ),
    );
  }
  const rest = rows.length - shown.length;
  const caption = rest > 0 ? [make("figcaption", {}, `and ${rest} smaller, not drawn`)] : [];
  return make("figure", {}, svg, ...caption);
}

function picture(width: number, height: number, label: string): SVGElement {
  return draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
}

function label(name: string, width: number): string {
  const text = brief(name);
  const most = Math.floor(width / 7.2);
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** From where to where windows stand that lost events. */
function lostWindows(answer: Answer, x: (i: number) => number): readonly [number, number][] {
  const half = (x(1) - x(0)) / 2;
  return [...answer.windows.values()].flatMap((rows, i) => {
    const hasLost = rows.some(({ lost_events }) => Number(lost_events ?? 0) > 0);
    return hasLost ? [[x(i) - half, x(i) + half] as [number, number]] : [];
  });
}
