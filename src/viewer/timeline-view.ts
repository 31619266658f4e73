/**
 * What ran where and when, and what waited for whom. Arrow keys walk from span to span, W and S zoom, A and D move, a
 * brush chooses the range, Enter goes to the events of what is chosen.
 */

import { byId, count, make, visible } from "./dom.ts";
import { lossRange } from "./loss.ts";
import { colourOf } from "./palette.ts";
import { queryList } from "./query-list.ts";
import { joined, withTerm } from "./query-text.ts";
import { RunningQuery } from "./running-query.ts";
import { clock, duration, lengthOf, type Range, shared, timeAt } from "./time.ts";
import { LANE, leftOf, TOP, timelineChart } from "./timeline-chart.ts";
import { type Lane, lanesOf, type Span, sliceOf, waitOf } from "./timeline-data.ts";
import type { Host, Scope, View } from "./view.ts";

const MAX_ROWS = 30_000;
/** Of a live session. */
const LIVE_NS = 10_000_000_000n;
const LEAST_NS = 1000;
const SETTLE_MS = 300;

const SLICES = `|> slices |> select timestamp, dt, cpu_id, tid, comm, container, left`;
const WAITS = `|> blocked |> select timestamp, dt, tid, comm, container, state, syscall, waker_comm, waker_container`;

export class TimelineView implements View {
  readonly #host: Host;
  readonly #figure = make("figure", { class: "timeline", "data-chart": "timeline" });
  readonly #readout = make("output", { "aria-live": "polite" });
  readonly #note = make("p", { class: "when" });
  readonly #legend = make("ul", { class: "legend" });
  readonly #list = make("div", {});
  readonly #byCpu: HTMLButtonElement;
  readonly #byThread: HTMLButtonElement;
  #slices: RunningQuery | undefined;
  #waits: RunningQuery | undefined;
  #scope: Scope | undefined;
  #view: Range | undefined;
  #lanes: readonly Lane[] = [];
  #lane = 0;
  #chosen: Span | undefined;
  #drag: { readonly from: number; to: number } | undefined;
  #isStale = false;
  #isPaused = false;
  #settle = 0;

  constructor(host: Host) {
    this.#host = host;
    const lanes = (by: "cpu" | "thread", text: string): HTMLButtonElement => {
      const button = make("button", { type: "button" }, text);
      button.addEventListener("click", () => host.go({ lanes: by }));
      return button;
    };
    this.#byCpu = lanes("cpu", "By processor");
    this.#byThread = lanes("thread", "By thread");
    this.#figure.tabIndex = 0;
    this.#figure.setAttribute("role", "group");
    this.#figure.setAttribute(
      "aria-label",
      "timeline: arrows walk, W S zoom, A D move, Enter opens",
    );
    byId("timeline").append(
      make(
        "div",
        { class: "measures", role: "group", "aria-label": "lanes" },
        this.#byCpu,
        this.#byThread,
      ),
      this.#note,
      this.#readout,
      this.#figure,
      this.#legend,
      this.#list,
    );
    this.#figure.addEventListener("keydown", (event) => this.#key(event));
    this.#figure.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.#figure.addEventListener("pointerdown", (event) => this.#down(event));
    this.#figure.addEventListener("pointermove", (event) => this.#move(event));
    this.#figure.addEventListener("pointerup", () => this.#up());
  }

  get queries(): readonly string[] {
    return [this.#slices, this.#waits].flatMap((one) =>
      one === undefined ? [] : [one.wanted.query],
    );
  }

  run(scope: Scope): void {
    this.stop();
    this.#scope = scope;
    const { filter, source, isLive, range, place, extent } = scope;
    this.#view = range ?? extent;
    const ask = (stages: string): RunningQuery => {
      const limit = isLive ? "" : ` |> limit ${MAX_ROWS + 1}`;
      const wanted = { query: joined(filter, stages + limit), source, isLive };
      const news = (): void => {
        this.#isStale = true;
      };
      const asked = { ...wanted, range: isLive ? undefined : range };
      return new RunningQuery(asked, this.#host.token, news, { keptRows: MAX_ROWS });
    };
    this.#slices = ask(SLICES);
    this.#waits = place.lanes === "thread" ? ask(WAITS) : undefined;
    for (const [button, isOn] of [
      [this.#byCpu, place.lanes === "cpu"],
      [this.#byThread, place.lanes === "thread"],
    ] as const)
      button.setAttribute("aria-pressed", String(isOn));
    this.#isStale = true;
  }

  stop(): void {
    // A range that was moved to is not asked for in another view.
    clearTimeout(this.#settle);
    this.#slices?.close();
    this.#waits?.close();
    this.#slices = undefined;
    this.#waits = undefined;
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#isStale = true;
  }

  update(): void {
    if (!this.#isStale || this.#isPaused || this.#slices === undefined) return;
    this.#isStale = false;
    const { lanes } = this.#scope!.place;
    const slices = this.#slices.rows.map(sliceOf);
    const waits = (this.#waits?.rows ?? []).map(waitOf);
    this.#lanes = lanesOf(slices, waits, lanes);
    if (this.#scope!.isLive) this.#view = liveRange(slices) ?? this.#view;
    else if (this.#scope!.range === undefined) this.#view = rangeOfSpans(slices) ?? this.#view;
    this.#note.textContent = this.#noteText(slices, waits);
    this.#showLegend(slices);
    this.#list.replaceChildren(
      queryList(
        [
          { title: "Slices", running: this.#slices },
          ...(this.#waits === undefined ? [] : [{ title: "Waits", running: this.#waits }]),
        ],
        (query) => this.#host.go({ query, view: "events", isPaused: false }),
      ),
    );
    this.#draw();
  }

  #noteText(slices: readonly Span[], waits: readonly Span[]): string {
    const ran = slices.reduce((sum, { dt }) => sum + dt, 0);
    const left = (this.#slices?.left ?? 0) + (this.#waits?.left ?? 0);
    const isReading = this.#slices?.isOver === false && !this.#scope!.isLive;
    const waited = waits.length > 0 ? `, ${count(waits.length)} waits` : "";
    const what = `${count(slices.length)} slices, ${duration(ran)} of processor time (${count(ran)} ns)${waited}`;
    const more =
      left > 0 && !this.#scope!.isLive
        ? `. More than ${count(MAX_ROWS)}: only the first are shown; choose a shorter range`
        : "";
    return `${what}${more}${isReading ? "; reading …" : ""}`;
  }

  #showLegend(slices: readonly Span[]): void {
    const names = [...new Set(slices.map(({ container }) => container))].sort();
    this.#legend.replaceChildren(
      ...names
        .slice(0, 40)
        .map((name) =>
          make("li", {}, make("i", { class: colourOf(name) }), visible(name.slice(0, 80))),
        ),
    );
  }

  #draw(): void {
    const range = this.#view;
    if (range === undefined) return;
    const losses = (this.#slices?.losses ?? []).flatMap((loss) => lossRange(loss) ?? []);
    const svg = timelineChart({
      lanes: this.#lanes,
      range,
      width: this.#width,
      losses,
      chosen: this.#chosen,
      chosenLane: this.#lane,
      dragged: this.#dragged,
    });
    this.#figure.replaceChildren(svg);
    const text = this.#chosen === undefined ? "" : describe(this.#chosen);
    if (this.#readout.textContent !== text) this.#readout.textContent = text;
  }

  get #width(): number {
    return Math.max(300, byId("timeline").clientWidth - 32);
  }

  get #dragged(): Range | undefined {
    const drag = this.#drag;
    const range = this.#view;
    if (drag === undefined || range === undefined || drag.from === drag.to) return undefined;
    const begin = timeAt(range, Math.min(drag.from, drag.to));
    const end = timeAt(range, Math.max(drag.from, drag.to));
    return end > begin ? { begin, end } : undefined;
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const actions: Readonly<Record<string, () => void>> = {
      ArrowRight: () => this.#walk(1),
      ArrowLeft: () => this.#walk(-1),
      ArrowDown: () => this.#changeLane(1),
      ArrowUp: () => this.#changeLane(-1),
      w: () => this.#zoom(0.5, 0.5),
      s: () => this.#zoom(2, 0.5),
      a: () => this.#shift(-0.25),
      d: () => this.#shift(0.25),
      Enter: () => this.#open(),
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
    const seen = spans.findIndex(({ begin }) => begin >= (this.#view?.begin ?? 0n));
    const next = place < 0 ? seen : place + by;
    this.#choose(this.#lane, spans[next] ?? this.#chosen);
  }

  #changeLane(by: number): void {
    const lane = Math.min(this.#lanes.length - 1, Math.max(0, this.#lane + by));
    const at = this.#chosen?.begin ?? this.#view?.begin ?? 0n;
    const spans = this.#lanes[lane]?.spans ?? [];
    this.#choose(lane, spans.find(({ begin }) => begin >= at) ?? spans.at(-1));
  }

  #choose(lane: number, span: Span | undefined): void {
    this.#lane = lane;
    this.#chosen = span;
    this.#draw();
  }

  #wheel(event: WheelEvent): void {
    // A page that scrolls must still scroll over the picture.
    if (!event.ctrlKey && !event.shiftKey && document.activeElement !== this.#figure) return;
    event.preventDefault();
    this.#zoom(event.deltaY > 0 ? 1.25 : 0.8, this.#partOf(event.clientX));
  }

  /** @param at what stays where it is, as a part of the range */
  #zoom(factor: number, at: number): void {
    const range = this.#view;
    if (range === undefined || lengthOf(range) * factor < LEAST_NS) return;
    const center = timeAt(range, at);
    const length = lengthOf(range) * factor;
    const begin = center - BigInt(Math.round(length * at));
    this.#look({ begin, end: begin + BigInt(Math.round(length)) });
  }

  #shift(share: number): void {
    const range = this.#view;
    if (range === undefined) return;
    const by = BigInt(Math.round(lengthOf(range) * share));
    this.#look({ begin: range.begin + by, end: range.end + by });
  }

  /** What is there is drawn at once; the rest is asked for when the user has stopped moving. */
  #look(range: Range): void {
    const { extent, isLive } = this.#scope!;
    if (isLive) return;
    const seen = extent === undefined ? range : shared(range, extent);
    if (seen === undefined) return;
    this.#view = seen;
    this.#draw();
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => this.#host.replace({ range: seen }), SETTLE_MS);
  }

  #partOf(clientX: number): number {
    const left = leftOf(this.#width, this.#lanes);
    const box = this.#figure.getBoundingClientRect();
    const x = ((clientX - box.left) / box.width) * this.#width;
    return Math.min(1, Math.max(0, (x - left) / (this.#width - left - 4)));
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0) return;
    const part = this.#partOf(event.clientX);
    this.#drag = { from: part, to: part };
    this.#figure.setPointerCapture(event.pointerId);
    this.#chooseAt(event, part);
  }

  #chooseAt({ clientY }: PointerEvent, part: number): void {
    if (this.#view === undefined) return;
    const lane = Math.floor((clientY - this.#figure.getBoundingClientRect().top - TOP) / LANE);
    const ns = timeAt(this.#view, part);
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
    if (range !== undefined && lengthOf(range) > lengthOf(this.#view!) / 200)
      this.#host.go({ range });
    else this.#draw();
  }

  #open(): void {
    const span = this.#chosen;
    if (span === undefined) return;
    const query = withTerm(this.#scope!.filter, `$ctx.tid == ${span.tid}`);
    const range = { begin: span.begin, end: span.begin + BigInt(span.dt) + 1n };
    this.#host.go({
      query,
      view: "events",
      isPaused: false,
      ...(!this.#scope!.isLive && { range }),
    });
  }
}

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

/** From the first begin to the last end; undefined for no spans. */
function rangeOfSpans(spans: readonly Span[]): Range | undefined {
  let [begin, end] = [0n, 0n];
  for (const span of spans) {
    const last = span.begin + BigInt(span.dt);
    if (end === 0n || span.begin < begin) begin = span.begin;
    if (last > end) end = last;
  }
  return end > begin ? { begin, end } : undefined;
}

/** The last seconds before the newest slice. */
function liveRange(slices: readonly Span[]): Range | undefined {
  const end = rangeOfSpans(slices)?.end;
  return end === undefined ? undefined : { begin: end - LIVE_NS, end };
}
