/** How busy each lane was, window by window: what a timeline shows where there are too many slices to draw each. */

import type { Answer } from "./answer.ts";
import { draw } from "./dom.ts";
import { duration, type Range, type Window, windowFor } from "./time.ts";
import type { Lane } from "./timeline-data.ts";

const WINDOWS = 240;
const MAX_LANES = 60;
const SHADES = 6;

/** A window of a lane; `share` of its time that the lane ran, 0 to 1. */
export interface DensityCell {
  readonly begin: bigint;
  readonly end: bigint;
  readonly share: number;
}

export interface DensityLane extends Lane {
  readonly cells: readonly DensityCell[];
}

/** The stages that answer it for a range. */
export function densityStages(range: Range, lanes: "cpu" | "thread"): string {
  const by = lanes === "cpu" ? "cpu_id" : "container, tid";
  return `|> slices |> busy = usage(dt), comm = last(comm) by ${by} every ${densityWindow(range).text}`;
}

function densityWindow(range: Range): Window {
  return windowFor(range, WINDOWS);
}

export function densityLanes(
  answer: Answer,
  range: Range,
  lanes: "cpu" | "thread",
): readonly DensityLane[] {
  const all = new Map<
    string,
    { name: string; tid: number | undefined; cells: DensityCell[]; time: number }
  >();
  const ns = densityWindow(range).ns;
  for (const [begin, rows] of answer.windows)
    for (const { cpu_id, container, tid, comm, busy } of rows) {
      const share = Number(busy ?? 0) / 100;
      if (share <= 0) continue;
      const key = lanes === "cpu" ? `cpu ${cpu_id}` : `${container ?? "–"} ${tid}`;
      const name = lanes === "cpu" ? key : `${container ?? "–"} / ${comm ?? ""} ${tid}`;
      const own = lanes === "cpu" ? undefined : Number(tid);
      const lane = all.get(key) ?? { name, tid: own, cells: [], time: 0 };
      all.set(key, lane);
      // A window may not know it, and a task that executes another program goes on under its name.
      if (comm !== undefined) lane.name = name;
      lane.cells.push({ begin, end: begin + BigInt(ns), share: Math.min(1, share) });
      lane.time += share * ns;
    }
  const found = [...all.values()].map((lane) => ({ ...lane, spans: [] }));
  if (lanes === "cpu")
    return found.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  return found.sort((a, b) => b.time - a.time).slice(0, MAX_LANES);
}

/** How the picture is read. */
export function densityText(range: Range): string {
  return `darker is busier, in windows of ${duration(densityWindow(range).ns)}`;
}

/**
 * One path for all cells of a shade.
 * @param x of a time in the picture
 */
export function densityPaths(
  lanes: readonly Lane[],
  range: Range,
  x: (ns: bigint) => number,
  topOf: (lane: number) => number,
): readonly SVGElement[] {
  const paths: string[] = Array(SHADES).fill("");
  for (const [i, lane] of lanes.entries())
    for (const { begin, end, share } of (lane as Partial<DensityLane>).cells ?? []) {
      if (end <= range.begin || begin >= range.end) continue;
      const shade = Math.min(SHADES - 1, Math.floor(share * SHADES));
      const top = topOf(i);
      paths[shade] +=
        `M${x(begin).toFixed(1)} ${top + 4}H${x(end).toFixed(1)}V${top + 20}H${x(begin).toFixed(1)}Z`;
    }
  return paths.map((d, i) => draw("path", { class: `heat-${i}`, d }));
}
