/** A small line without axes: how a value went. The numbers beside it say how much. */

import { draw } from "./dom.ts";

const WIDTH = 120;
const HEIGHT = 18;

/** @param values in the order of time; undefined where there is none */
export function sparkLine(values: readonly (number | undefined)[], most: number): SVGElement {
  const step = WIDTH / Math.max(1, values.length - 1);
  let path = "";
  let isDown = false;
  for (const [i, value] of values.entries()) {
    if (value === undefined) {
      isDown = false;
      continue;
    }
    const y = HEIGHT - 1 - (Math.max(0, value) / Math.max(most, 1e-9)) * (HEIGHT - 2);
    path += `${isDown ? "L" : "M"}${(i * step).toFixed(1)} ${y.toFixed(1)}`;
    isDown = true;
  }
  return draw(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "spark", "aria-hidden": "true" },
    draw("path", { class: "line s0", d: path }),
  );
}
