/**
 * Events a second over the whole trace, as far as it is read, or over the last minutes of a live session. Ranges are
 * chosen on it, by dragging (with Shift, the range to compare with) or by its four handles.
 */

import type { Place } from "./address.ts";
import { byId, draw, show } from "./dom.ts";
import type { Row } from "./frames.ts";
import { lossRange } from "./loss.ts";
import { LOSS_HEIGHT, lossMarks } from "./loss-marks.ts";
import { short } from "./number.ts";
import { RangeHandle } from "./range-handle.ts";
import { RunningQuery } from "./running-query.ts";
import { clock, partOf, type Range, rangeText, timeAt, windowFor } from "./time.ts";
import type { Host } from "./view.ts";

const HEIGHT = 44;
const WINDOWS = 240;
const LIVE_WINDOWS = 300;
const LIVE_NS = 1_000_000_000n;
/** Windows that are looked at for hosts: groups of the last ten appear in each. */
const HOST_WINDOWS = 12;
/** A shorter drag is a click, which chooses everything again. */
const LEAST_PIXELS = 4;

export class Overview {
  readonly #host: Host;
  readonly #strip = byId("overview-strip");
  readonly #handles: readonly RangeHandle[];
  #query: RunningQuery | undefined;
  #place: Place | undefined;
  #isLive = false;
  #extent: Range | undefined;
  #drag: { readonly from: number; readonly isOther: boolean } | undefined;
  #dragged: Range | undefined;
  #isStale = false;
  #isPaused = false;

  constructor(host: Host) {
    this.#host = host;
    const handles = (["begin", "end"] as const).flatMap((side) =>
      (["range", "other"] as const).map((which) => new RangeHandle(which, side, this.#moved)),
    );
    this.#handles = handles;
    this.#strip.append(...handles.map(({ element }) => element));
    this.#strip.addEventListener("pointerdown", (event) => this.#begin(event));
    this.#strip.addEventListener("pointermove", (event) => this.#move(event));
    this.#strip.addEventListener("pointerup", (event) => this.#end(event));
    this.#strip.addEventListener("pointercancel", () => this.#cancel());
    byId("range-all").addEventListener("click", () =>
      host.go({ range: undefined, other: undefined }),
    );
    byId("range-compare").addEventListener("click", () => this.#compare());
  }

  /** All that there is; undefined while it is not known. */
  get extent(): Range | undefined {
    return this.#extent;
  }

  /** The machines that it has seen events of. */
  get hosts(): ReadonlySet<string> {
    const last = [...(this.#query?.answer?.windows.values() ?? [])].slice(-HOST_WINDOWS);
    const names = last.flat().map((row) => row["host"]);
    return new Set(names.filter((name) => typeof name === "string"));
  }

  /** The query whose losses are those of the sources. */
  get account(): RunningQuery | undefined {
    return this.#query;
  }

  /** Whether nothing more comes of the query that it shows. */
  get isOver(): boolean {
    return this.#query?.isOver === true;
  }

  /** @param extent of a recorded trace */
  run(source: string, isLive: boolean, extent: Range | undefined): void {
    this.stop();
    this.#isLive = isLive;
    this.#extent = extent;
    if (!isLive && extent === undefined) return;
    const every = isLive || extent === undefined ? "1s" : windowFor(extent, WINDOWS).text;
    const news = (): void => {
      this.#isStale = true;
    };
    this.#query = new RunningQuery(
      { query: `|> events = count() by host every ${every}`, source, isLive },
      this.#host.token,
      news,
      { keptWindows: isLive ? LIVE_WINDOWS : WINDOWS * 4 },
    );
    this.#isStale = true;
  }

  stop(): void {
    this.#query?.close();
    this.#query = undefined;
  }

  show(place: Place): void {
    this.#place = place;
    this.#isStale = true;
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#isStale = true;
  }

  update(): void {
    if (!this.#isStale || this.#place === undefined) return;
    this.#isStale = false;
    if (this.#isLive && !this.#isPaused) this.#followLive();
    const extent = this.#extent;
    byId("overview").hidden = extent === undefined;
    if (extent === undefined) return;
    const { range, other } = this.#place;
    byId("overview-chart").replaceChildren(this.#picture(extent));
    for (const handle of this.#handles)
      handle.show(handle.which === "range" ? range : other, extent);
    show("range-text", range === undefined ? "all" : rangeText(range));
    show("other-text", other === undefined ? "" : `beside ${rangeText(other)}`);
    byId("range-all").hidden = range === undefined && other === undefined;
    show("overview-progress", this.#progress(extent));
  }

  /** `reading, 43 %`; empty where all is read. */
  #progress(extent: Range): string {
    if (this.#isLive || this.#query === undefined || this.#query.isOver) return "";
    const last = [...(this.#query.answer?.windows.keys() ?? [])].at(-1);
    const part = last === undefined ? 0 : partOf(extent, last);
    return `reading, ${Math.round(Math.min(1, Math.max(0, part)) * 100)} %`;
  }

  /** The last minutes. */
  #followLive(): void {
    const windows = [...(this.#query?.answer?.windows.keys() ?? [])];
    const last = windows.at(-1);
    if (last === undefined) return;
    const end = last + LIVE_NS;
    this.#extent = { begin: end - BigInt(LIVE_WINDOWS) * LIVE_NS, end };
  }

  #picture(extent: Range): SVGElement {
    const width = Math.max(200, this.#strip.clientWidth);
    const windows = [...(this.#query?.answer?.windows ?? [])].map(
      ([begin, rows]) => [begin, sumOf(rows)] as const,
    );
    const step = widthOf(windows, extent);
    const most = Math.max(1, ...windows.map(([, count]) => count));
    const x = (ns: bigint): number => partOf(extent, ns) * width;
    const bars = windows.map(([begin, count]) => {
      const left = x(begin);
      const top = HEIGHT - (count / most) * (HEIGHT - 12);
      return `M${left.toFixed(1)} ${HEIGHT}V${top.toFixed(1)}H${(left + step * width).toFixed(1)}V${HEIGHT}Z`;
    });
    const seconds = (step * Number(extent.end - extent.begin)) / 1e9;
    const rate = `up to ${short(Math.round(most / Math.max(seconds, 1e-9)))} events/s`;
    const svg = draw("svg", {
      viewBox: `0 0 ${width} ${HEIGHT}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": `events over time, ${rate}`,
    });
    svg.append(
      draw("path", { class: "bar s0", d: bars.join("") }),
      ...lossMarks(this.#lossSpans(x), HEIGHT - LOSS_HEIGHT),
      draw("text", { x: 8, y: 10 }, `${clock(extent.begin, 0)}, ${rate}`),
      draw("text", { x: width - 8, y: 10, "text-anchor": "end" }, clock(extent.end, 0)),
    );
    for (const [range, name] of [
      [this.#place!.range, "chosen"],
      [this.#place!.other, "chosen other"],
      [this.#dragged, this.#drag?.isOther === true ? "chosen other" : "chosen"],
    ] as const)
      if (range !== undefined)
        svg.append(
          draw("rect", {
            class: name,
            x: x(range.begin),
            y: 0,
            width: Math.max(1, x(range.end) - x(range.begin)),
            height: HEIGHT,
          }),
        );
    return svg;
  }

  #lossSpans(x: (ns: bigint) => number): readonly [number, number][] {
    return (this.account?.losses ?? []).flatMap((loss) => {
      const range = lossRange(loss);
      return range === undefined ? [] : [[x(range.begin), x(range.end)] as [number, number]];
    });
  }

  #partOf({ clientX }: PointerEvent): number {
    const { left, width } = this.#strip.getBoundingClientRect();
    return Math.min(1, Math.max(0, (clientX - left) / width));
  }

  #begin(event: PointerEvent): void {
    if (event.button !== 0 || (event.target as Element).closest("[role=slider]") !== null) return;
    this.#drag = { from: this.#partOf(event), isOther: event.shiftKey };
    this.#strip.setPointerCapture(event.pointerId);
    event.preventDefault();
  }

  #move(event: PointerEvent): void {
    if (this.#drag === undefined) return;
    this.#dragged = this.#between(this.#drag.from, this.#partOf(event));
    this.#isStale = true;
    this.update();
  }

  #end(event: PointerEvent): void {
    const drag = this.#drag;
    if (drag === undefined) return;
    const to = this.#partOf(event);
    this.#cancel();
    const isClick = Math.abs(to - drag.from) * this.#strip.clientWidth < LEAST_PIXELS;
    const range = isClick ? undefined : this.#between(drag.from, to);
    this.#host.go(drag.isOther ? { other: range } : { range });
  }

  #cancel(): void {
    this.#drag = undefined;
    this.#dragged = undefined;
    this.#isStale = true;
  }

  #between(a: number, b: number): Range | undefined {
    if (this.#extent === undefined || a === b) return undefined;
    const begin = timeAt(this.#extent, Math.min(a, b));
    const end = timeAt(this.#extent, Math.max(a, b));
    return end > begin ? { begin, end } : undefined;
  }

  readonly #moved = (which: "range" | "other", range: Range): void => {
    this.#host.replace({ [which]: range });
  };

  /** Beside what stands before it, of the same length; without a range, halves of a recorded trace. */
  #compare(): void {
    const extent = this.#extent;
    if (extent === undefined || this.#place === undefined) return;
    // Live, what is compared is yet to come.
    if (this.#isLive && this.#place.range === undefined) {
      this.#host.go({ view: "compare" });
      return;
    }
    const half = timeAt(extent, 0.5);
    const range = this.#place.range ?? { begin: half, end: extent.end };
    const length = range.end - range.begin;
    const isFirst = range.begin - length < extent.begin;
    const before = isFirst
      ? { begin: range.end, end: range.end + length }
      : { begin: range.begin - length, end: range.begin };
    this.#host.go({ view: "compare", range, other: this.#place.other ?? before });
  }
}

/** Of all hosts. */
function sumOf(rows: readonly Row[]): number {
  return rows.reduce((sum, row) => sum + Number(row["events"] ?? 0), 0);
}

/** Of a window, as a part of the extent. */
function widthOf(windows: readonly (readonly [bigint, number])[], extent: Range): number {
  const [first, second] = windows;
  if (first === undefined || second === undefined) return 0.01;
  return Number(second[0] - first[0]) / Number(extent.end - extent.begin);
}
