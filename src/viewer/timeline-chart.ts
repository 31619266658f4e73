/** The picture of a timeline: one path for all spans of a colour in a lane's row, so that thousands are drawn at once. */

import { brief, draw } from "./dom.ts";
import { LOSS_HEIGHT, lossMarks } from "./loss-marks.ts";
import { colourOf } from "./palette.ts";
import { clock, partOf, type Range, timeAt } from "./time.ts";
import type { Lane, Span } from "./timeline-data.ts";
import { densityPaths } from "./timeline-density.ts";

export const LANE = 24;
export const TOP = 24;
const NAME_CHARACTERS = 30;

export interface TimelinePicture {
  readonly lanes: readonly Lane[];
  readonly range: Range;
  readonly width: number;
  readonly losses: readonly Range[];
  /** Where the keyboard is. */
  readonly chosen: Span | undefined;
  readonly chosenLane: number;
  /** What is being brushed. */
  readonly dragged: Range | undefined;
}

/** Of a lane's name, left of its spans. */
export function leftOf(width: number, lanes: readonly Lane[]): number {
  const longest = Math.max(0, ...lanes.map(({ name }) => Math.min(NAME_CHARACTERS, name.length)));
  return Math.min(width * 0.35, 16 + longest * 6.7);
}

export function timelineChart(picture: TimelinePicture): SVGElement {
  const { lanes, range, width, losses } = picture;
  const left = leftOf(width, lanes);
  const scale = width - left - 4;
  const x = (ns: bigint): number => left + Math.min(1, Math.max(0, partOf(range, ns))) * scale;
  const height = TOP + lanes.length * LANE + 4;
  const svg = draw("svg", {
    viewBox: `0 0 ${width} ${height}`,
    role: "img",
    "aria-label": `timeline of ${lanes.length} lanes`,
  });
  svg.append(...timeTexts(range, left, scale));
  svg.append(...lanePictures(lanes, left, width));
  svg.append(...densityPaths(lanes, range, x, (i) => TOP + i * LANE), ...spanPaths(picture, x));
  const lost = losses.map((loss) => [x(loss.begin), x(loss.end)] as const);
  const seen = lost.filter(([from, to]) => to > left && from < width - 4);
  svg.append(...lossMarks(seen, TOP - LOSS_HEIGHT + 2));
  const { dragged, chosen, chosenLane } = picture;
  if (dragged !== undefined)
    svg.append(
      draw("rect", {
        class: "chosen",
        x: x(dragged.begin),
        y: TOP,
        width: Math.max(1, x(dragged.end) - x(dragged.begin)),
        height: height - TOP,
      }),
    );
  if (chosen !== undefined) svg.append(cursor(chosen, chosenLane, x));
  return svg;
}

/** Where there is room, with the middle and more digits. */
function timeTexts(range: Range, left: number, scale: number): readonly SVGElement[] {
  const isWide = scale > 420;
  const places = [
    [0, "start"],
    [0.5, "middle"],
    [1, "end"],
  ] as const;
  return places
    .filter(([part]) => isWide || part !== 0.5)
    .map(([part, anchor]) => {
      const text = clock(timeAt(range, part), isWide ? 6 : 3);
      return draw("text", { x: left + part * scale, y: 12, "text-anchor": anchor }, text);
    });
}

function lanePictures(lanes: readonly Lane[], left: number, width: number): readonly SVGElement[] {
  return lanes.flatMap(({ name }, i) => {
    const y = TOP + i * LANE;
    const most = Math.max(4, Math.floor((left - 12) / 6.7));
    const short = brief(shortened(name, most));
    return [
      draw("line", { class: "grid", x1: 0, x2: width, y1: y + LANE - 0.5, y2: y + LANE - 0.5 }),
      draw(
        "text",
        { x: left - 8, y: y + 16, "text-anchor": "end" },
        short,
        draw("title", {}, brief(name)),
      ),
    ];
  });
}

/** The number of a thread stays. */
function shortened(name: string, most: number): string {
  if (name.length <= most) return name;
  const number = / \d{1,10}$/.exec(name)?.[0] ?? "";
  return `${name.slice(0, Math.max(1, most - 1 - number.length))}…${number}`;
}

function spanPaths(
  { lanes, range }: TimelinePicture,
  x: (ns: bigint) => number,
): readonly SVGElement[] {
  const paths = new Map<string, string>();
  for (const [i, { spans }] of lanes.entries())
    for (const span of spans) {
      const end = span.begin + BigInt(span.dt);
      if (end <= range.begin || span.begin >= range.end) continue;
      const [from, to] = [x(span.begin), Math.max(x(end), x(span.begin) + 0.6)];
      // A wait is a thin line under where its task runs.
      const [top, bottom] = span.isWait ? [15, 17] : [4, 20];
      const y = TOP + i * LANE;
      const kind = `${span.isWait ? "wait" : "bar"} ${colourOf(span.container)}`;
      const piece = `M${from.toFixed(1)} ${y + top}H${to.toFixed(1)}V${y + bottom}H${from.toFixed(1)}Z`;
      paths.set(kind, (paths.get(kind) ?? "") + piece);
    }
  return [...paths].map(([kind, d]) => draw("path", { class: kind, d }));
}

function cursor(span: Span, lane: number, x: (ns: bigint) => number): SVGElement {
  const from = x(span.begin);
  return draw("rect", {
    class: "cursor",
    x: from - 1,
    y: TOP + lane * LANE + 2,
    width: Math.max(3, x(span.begin + BigInt(span.dt)) - from + 2),
    height: LANE - 4,
  });
}
