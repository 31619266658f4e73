/** Where something is missing, in a chart: a strip with lines across, so that it is seen without colours. */

import { draw } from "./dom.ts";

/** High enough to be seen, and low enough to leave what was not lost. */
export const LOSS_HEIGHT = 8;
const STEP = 4;
const LEAST_WIDTH = 3;

/** @param spans from where to where, in pixels, each at least a few pixels wide */
export function lossMarks(
  spans: readonly (readonly [number, number])[],
  top: number,
): readonly SVGElement[] {
  if (spans.length === 0) return [];
  const bottom = top + LOSS_HEIGHT;
  const bands: string[] = [];
  const lines: string[] = [];
  for (const [from, to] of spans) {
    const right = Math.max(to, from + LEAST_WIDTH);
    bands.push(`M${fixed(from)} ${top}H${fixed(right)}V${bottom}H${fixed(from)}Z`);
    for (let y = top + STEP; y <= bottom; y += STEP)
      lines.push(`M${fixed(from)} ${y}L${fixed(right)} ${y - STEP}`);
  }
  const title = draw("title", {}, "events were lost here");
  return [
    draw("path", { class: "lost-band", d: bands.join("") }, title),
    draw("path", { class: "lost-lines", d: lines.join("") }),
  ];
}

function fixed(value: number): string {
  return value.toFixed(1);
}
