/** One end of a range, as a slider that the arrow keys move: by a hundredth of all, with Shift by a tenth. */

import { make } from "./dom.ts";
import { clock, partOf, type Range, timeAt } from "./time.ts";

const STEPS = 1000;

export class RangeHandle {
  readonly which: "range" | "other";
  readonly element: HTMLElement;
  readonly #side: "begin" | "end";
  readonly #moved: (which: "range" | "other", range: Range) => void;
  #range: Range | undefined;
  #extent: Range | undefined;

  /** @param moved called with the range that the user wants */
  constructor(
    which: "range" | "other",
    side: "begin" | "end",
    moved: (which: "range" | "other", range: Range) => void,
  ) {
    this.which = which;
    this.#side = side;
    this.#moved = moved;
    const name = which === "range" ? "range" : "compared range";
    this.element = make("div", {
      role: "slider",
      class: `handle ${which}`,
      tabindex: 0,
      "aria-label": `${side} of the ${name}`,
      "aria-valuemin": 0,
      "aria-valuemax": STEPS,
      "aria-valuenow": 0,
    });
    this.element.addEventListener("keydown", (event) => this.#key(event));
  }

  show(range: Range | undefined, extent: Range): void {
    this.#range = range;
    this.#extent = extent;
    // Of a second range there is nothing to move until it is chosen.
    this.element.hidden = range === undefined && this.which === "other";
    const time = this.#time(extent);
    const part = Math.min(1, Math.max(0, partOf(extent, time)));
    this.element.style.left = `${part * 100}%`;
    this.element.setAttribute("aria-valuenow", String(Math.round(part * STEPS)));
    this.element.setAttribute("aria-valuetext", clock(time, 3));
  }

  #time(extent: Range): bigint {
    return (this.#range ?? extent)[this.#side];
  }

  #key(event: KeyboardEvent): void {
    const directions: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1 };
    const extent = this.#extent;
    const direction = directions[event.key];
    if (extent === undefined || direction === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const share = partOf(extent, this.#time(extent)) + direction * (event.shiftKey ? 0.1 : 0.01);
    const time = timeAt(extent, Math.min(1, Math.max(0, share)));
    const range = { ...(this.#range ?? extent), [this.#side]: time };
    if (range.begin < range.end) this.#moved(this.which, range);
  }
}
