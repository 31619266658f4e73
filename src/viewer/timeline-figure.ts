/**
 * The picture of a timeline and what is done on it. Arrow keys walk from span to span, W and S zoom, A and D move, a brush
 * chooses a range, Enter opens what is chosen.
 */

import { make, visible } from "./dom.ts";
import { clock, duration, lengthOf, type Range, shared, timeAt } from "./time.ts";
import { LANE, leftOf, TOP, timelineChart } from "./timeline-chart.ts";
import { type Lane, nameOf, type Span } from "./timeline-data.ts";

const LEAST_NS = 1000;
const HINT = "Click on a slice or a wait: how long, why, and what ended it. Drag for a range.";

export interface TimelineActions {
  /** Another range is looked at; more of it may be asked for. */
  look(range: Range): void;
  /** A range is chosen. */
  brush(range: Range): void;
  open(span: Span): void;
  /** A span is chosen, or none. */
  choose(span: Span | undefined): void;
}

export interface TimelineContent {
  readonly lanes: readonly Lane[];
  readonly range: Range;
  readonly losses: readonly Range[];
  /** All that can be looked at; undefined where it is not known. */
  readonly extent: Range | undefined;
  /** A live session moves by itself. */
  readonly canMove: boolean;
  readonly width: number;
  /** The name of the span that is chosen, as an address has it. */
  readonly chosen: string;
}

export class TimelineFigure {
  readonly element = make("figure", { class: "timeline", "data-chart": "timeline" });
  readonly readout = make("output", { "aria-live": "polite" });
  readonly #actions: TimelineActions;
  #content: TimelineContent | undefined;
  #lane = 0;
  #chosen: Span | undefined;
  #drag: { readonly from: number; to: number } | undefined;

  constructor(actions: TimelineActions) {
    this.#actions = actions;
    const { element } = this;
    element.tabIndex = 0;
    element.setAttribute("role", "group");
    element.setAttribute("aria-label", "timeline: arrows walk, W S zoom, A D move, Enter opens");
    element.addEventListener("keydown", (event) => this.#key(event));
    element.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    element.addEventListener("pointerdown", (event) => this.#down(event));
    element.addEventListener("pointermove", (event) => this.#move(event));
    element.addEventListener("pointerup", () => this.#up());
  }

  show(content: TimelineContent): void {
    this.#content = content;
    const { chosen, lanes } = content;
    if (chosen === "") this.#chosen = undefined;
    else if (this.#chosen === undefined || nameOf(this.#chosen) !== chosen) {
      this.#lane = Math.max(
        0,
        lanes.findIndex(({ spans }) => spans.some(isOf(chosen))),
      );
      this.#chosen = lanes[this.#lane]?.spans.find(isOf(chosen));
    }
    this.#draw();
  }

  #draw(): void {
    const content = this.#content;
    if (content === undefined) return;
    this.element.replaceChildren(
      timelineChart({
        ...content,
        chosen: this.#chosen,
        chosenLane: this.#lane,
        dragged: this.#dragged,
      }),
    );
    const hint = this.#lanes.some(({ spans }) => spans.length > 0) ? HINT : "";
    const text = this.#chosen === undefined ? hint : describe(this.#chosen);
    if (this.readout.textContent !== text) this.readout.textContent = text;
  }

  get #range(): Range | undefined {
    return this.#content?.range;
  }

  get #lanes(): readonly Lane[] {
    return this.#content?.lanes ?? [];
  }

  get #dragged(): Range | undefined {
    const drag = this.#drag;
    const range = this.#range;
    if (drag === undefined || range === undefined || drag.from === drag.to) return undefined;
    const begin = timeAt(range, Math.min(drag.from, drag.to));
    const end = timeAt(range, Math.max(drag.from, drag.to));
    return end > begin ? { begin, end } : undefined;
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const actions: Readonly<Record<string, () => unknown>> = {
      ArrowRight: () => this.#walk(1),
      ArrowLeft: () => this.#walk(-1),
      ArrowDown: () => this.#changeLane(1),
      ArrowUp: () => this.#changeLane(-1),
      w: () => this.#zoom(0.5, 0.5),
      s: () => this.#zoom(2, 0.5),
      a: () => this.#shift(-0.25),
      d: () => this.#shift(0.25),
      Enter: () => this.#chosen !== undefined && this.#actions.open(this.#chosen),
    };
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }

  #walk(by: number): void {
    const spans = this.#lanes[this.#lane]?.spans ?? [];
    const place = spans.findIndex((span) => isSame(span, this.#chosen));
    const seen = spans.findIndex(({ begin }) => begin >= (this.#range?.begin ?? 0n));
    const next = place < 0 ? seen : place + by;
    this.#choose(this.#lane, spans[next] ?? this.#chosen);
  }

  #changeLane(by: number): void {
    const lane = Math.min(this.#lanes.length - 1, Math.max(0, this.#lane + by));
    const at = this.#chosen?.begin ?? this.#range?.begin ?? 0n;
    const spans = this.#lanes[lane]?.spans ?? [];
    this.#choose(lane, spans.find(({ begin }) => begin >= at) ?? spans.at(-1));
  }

  #choose(lane: number, span: Span | undefined): void {
    this.#lane = lane;
    this.#chosen = span;
    if (this.#content !== undefined)
      this.#content = { ...this.#content, chosen: span === undefined ? "" : nameOf(span) };
    this.#actions.choose(span);
    this.#draw();
  }

  #wheel(event: WheelEvent): void {
    // A page that scrolls must still scroll over the picture.
    if (!event.ctrlKey && !event.shiftKey && document.activeElement !== this.element) return;
    event.preventDefault();
    this.#zoom(event.deltaY > 0 ? 1.25 : 0.8, this.#partOf(event.clientX));
  }

  /** @param at what stays where it is, as a part of the range */
  #zoom(factor: number, at: number): void {
    const range = this.#range;
    if (range === undefined || lengthOf(range) * factor < LEAST_NS) return;
    const center = timeAt(range, at);
    const length = lengthOf(range) * factor;
    const begin = center - BigInt(Math.round(length * at));
    this.#look({ begin, end: begin + BigInt(Math.round(length)) });
  }

  #shift(share: number): void {
    const range = this.#range;
    if (range === undefined) return;
    const by = BigInt(Math.round(lengthOf(range) * share));
    this.#look({ begin: range.begin + by, end: range.end + by });
  }

  /** What is there is drawn at once. */
  #look(range: Range): void {
    const content = this.#content;
    if (content?.canMove !== true) return;
    const { extent } = content;
    const seen = extent === undefined ? range : shared(range, extent);
    if (seen === undefined) return;
    this.show({ ...content, range: seen });
    this.#actions.look(seen);
  }

  #partOf(clientX: number): number {
    const width = this.#content?.width ?? 1;
    const left = leftOf(width, this.#lanes);
    const box = this.element.getBoundingClientRect();
    const x = ((clientX - box.left) / box.width) * width;
    return Math.min(1, Math.max(0, (x - left) / (width - left - 4)));
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0) return;
    const part = this.#partOf(event.clientX);
    this.#drag = { from: part, to: part };
    this.element.setPointerCapture(event.pointerId);
    this.#chooseAt(event, part);
  }

  #chooseAt({ clientY }: PointerEvent, part: number): void {
    const range = this.#range;
    if (range === undefined) return;
    const lane = Math.floor((clientY - this.element.getBoundingClientRect().top - TOP) / LANE);
    const ns = timeAt(range, part);
    const spans = this.#lanes[lane]?.spans ?? [];
    const hits = spans.filter(({ begin, dt }) => begin <= ns && begin + BigInt(dt) > ns);
    if (spans.length > 0) this.#choose(lane, hits.find(({ isWait }) => !isWait) ?? hits[0]);
  }

  #move(event: PointerEvent): void {
    if (this.#drag === undefined) return;
    this.#drag.to = this.#partOf(event.clientX);
    this.#draw();
  }

  #up(): void {
    const range = this.#dragged;
    this.#drag = undefined;
    if (range !== undefined && lengthOf(range) > lengthOf(this.#range!) / 200)
      this.#actions.brush(range);
    else this.#draw();
  }
}

const isOf =
  (name: string) =>
  (span: Span): boolean =>
    nameOf(span) === name;

/** The same one of another answer. */
function isSame(a: Span, b: Span | undefined): boolean {
  return a.begin === b?.begin && a.tid === b.tid && a.isWait === b.isWait;
}

function describe({ begin, dt, container, comm, tid, cpu, why, isWait }: Span): string {
  const where = cpu === undefined ? "" : ` on cpu ${cpu}`;
  const what = isWait
    ? `waited ${duration(dt)}: ${why}`
    : `ran ${duration(dt)}${where}, then ${why}`;
  return `${clock(begin)} ${visible(container)} / ${visible(comm)} ${tid} ${visible(what)}`;
}
