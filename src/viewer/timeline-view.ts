/** What ran where and when, and what waited for whom; where that is too much to draw, how busy it was. */

import { byId, count, make, visible } from "./dom.ts";
import { lossRange } from "./loss.ts";
import { Painting } from "./painting.ts";
import { colourOf } from "./palette.ts";
import { queryList } from "./query-list.ts";
import { joined, withTerm } from "./query-text.ts";
import { type RunningOptions, RunningQuery } from "./running-query.ts";
import { duration, type Range } from "./time.ts";
import { type Lane, lanesOf, nameOf, type Span, sliceOf, waitOf } from "./timeline-data.ts";
import { densityLanes, densityStages, densityText } from "./timeline-density.ts";
import { TimelineFigure } from "./timeline-figure.ts";
import type { Host, Scope, View } from "./view.ts";

/** Of a live session. */
const LIVE_NS = 10_000_000_000n;
const SETTLE_MS = 300;
const DENSITY_WINDOWS = 300;

const SLICES = `|> slices |> select timestamp, dt, cpu_id, tid, comm, container, left`;
const WAITS = `|> blocked |> select timestamp, dt, tid, comm, container, state, syscall, waker_comm, waker_container`;

export class TimelineView implements View {
  readonly #host: Host;
  readonly #figure: TimelineFigure;
  readonly #note = make("p", { class: "when" });
  readonly #legend = make("ul", { class: "legend" });
  readonly #list = make("div", {});
  readonly #buttons: Readonly<Record<"cpu" | "thread", HTMLButtonElement>>;
  readonly #painting = new Painting();
  #slices: RunningQuery | undefined;
  #waits: RunningQuery | undefined;
  #density: RunningQuery | undefined;
  #scope: Scope | undefined;
  #view: Range | undefined;
  #settle = 0;
  #settleChoice = 0;
  /** The name of the span that is chosen. */
  #chosen = "";

  constructor(host: Host) {
    this.#host = host;
    this.#figure = new TimelineFigure({
      look: (range) => this.#look(range),
      brush: (range) => host.go({ range }),
      open: (span) => this.#open(span),
      choose: (span) => this.#choose(span),
    });
    const lanes = (by: "cpu" | "thread", text: string): HTMLButtonElement => {
      const button = make("button", { type: "button" }, text);
      button.addEventListener("click", () => host.go({ lanes: by }));
      return button;
    };
    this.#buttons = { cpu: lanes("cpu", "By processor"), thread: lanes("thread", "By thread") };
    const { cpu, thread } = this.#buttons;
    byId("timeline").append(
      make("div", { class: "measures", role: "group", "aria-label": "lanes" }, cpu, thread),
      this.#note,
      this.#figure.readout,
      this.#figure.element,
      this.#legend,
      this.#list,
    );
  }

  get queries(): readonly string[] {
    return [this.#slices, this.#waits, this.#density].flatMap((one) =>
      one === undefined ? [] : [one.wanted.query],
    );
  }

  run(scope: Scope): void {
    this.stop();
    this.#scope = scope;
    const { isLive, range, place, extent } = scope;
    this.#view = range ?? extent;
    this.#chosen = place.chosen;
    const limit = isLive ? "" : ` |> limit ${mostRows() + 1}`;
    const options = { keptRows: mostRows() };
    this.#slices = this.#ask(SLICES + limit, options);
    this.#waits = place.lanes === "thread" ? this.#ask(WAITS + limit, options) : undefined;
    for (const [name, button] of Object.entries(this.#buttons))
      button.setAttribute("aria-pressed", String(name === place.lanes));
    this.#painting.news();
  }

  stop(): void {
    // A range that was moved to is not asked for in another view.
    clearTimeout(this.#settle);
    clearTimeout(this.#settleChoice);
    for (const running of [this.#slices, this.#waits, this.#density]) running?.close();
    this.#slices = undefined;
    this.#waits = undefined;
    this.#density = undefined;
  }

  pause(isPaused: boolean): void {
    this.#painting.pause(isPaused);
  }

  update(): void {
    const scope = this.#scope;
    if (scope === undefined || this.#slices === undefined || !this.#painting.take()) return;
    this.#askDensity(scope);
    const slices = this.#slices.rows.map(sliceOf);
    const waits = (this.#waits?.rows ?? []).map(waitOf);
    if (scope.isLive) this.#view = liveRange(slices) ?? this.#view;
    else if (scope.range === undefined && !this.#isTooMuch)
      this.#view = rangeOfSpans(slices) ?? this.#view;
    this.#note.textContent = this.#noteText(slices, waits);
    this.#showLegend(this.#isTooMuch ? [] : slices);
    this.#list.replaceChildren(
      queryList(this.#listed, (query) => this.#host.go({ query, view: "events", isPaused: false })),
    );
    this.#draw(this.#lanes(scope, slices, waits));
  }

  #ask(stages: string, options: RunningOptions): RunningQuery {
    const { filter, source, isLive, range } = this.#scope!;
    const asked = { source, isLive, range: isLive ? undefined : range };
    const query = joined(filter, stages);
    return new RunningQuery({ query, ...asked }, this.#host.token, this.#painting.news, options);
  }

  /** Whether there are more slices than are drawn. */
  get #isTooMuch(): boolean {
    const left = (this.#slices?.left ?? 0) + (this.#waits?.left ?? 0);
    return left > 0 && this.#scope?.isLive === false;
  }

  #askDensity({ range, extent, place }: Scope): void {
    const whole = range ?? extent;
    if (this.#density !== undefined || !this.#isTooMuch || whole === undefined) return;
    this.#density = this.#ask(densityStages(whole, place.lanes), { keptWindows: DENSITY_WINDOWS });
  }

  #lanes(
    { range, extent, place }: Scope,
    slices: readonly Span[],
    waits: readonly Span[],
  ): readonly Lane[] {
    const whole = range ?? extent;
    if (!this.#isTooMuch || whole === undefined) return lanesOf(slices, waits, place.lanes);
    const answer = this.#density?.answer;
    return answer === undefined ? [] : densityLanes(answer, whole, place.lanes);
  }

  get #listed(): readonly { readonly title: string; readonly running: RunningQuery }[] {
    const all = { Slices: this.#slices, Waits: this.#waits, "How busy": this.#density };
    return Object.entries(all).flatMap(([title, running]) =>
      running === undefined ? [] : [{ title, running }],
    );
  }

  #noteText(slices: readonly Span[], waits: readonly Span[]): string {
    const { isLive, range, extent } = this.#scope!;
    const whole = range ?? extent;
    if (this.#isTooMuch && whole !== undefined) {
      const reading = this.#density?.isOver === false ? "; reading …" : "";
      const most = count(mostRows());
      return `More than ${most} slices or waits: ${densityText(whole)}. A shorter range shows each${reading}`;
    }
    const ran = slices.reduce((sum, { dt }) => sum + dt, 0);
    const waited = waits.length > 0 ? `, ${count(waits.length)} waits` : "";
    const reading = this.#slices?.isOver === false && !isLive ? "; reading …" : "";
    return `${count(slices.length)} slices, ${duration(ran)} of processor time (${count(ran)} ns)${waited}${reading}`;
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

  #draw(lanes: readonly Lane[]): void {
    const range = this.#view;
    this.#figure.element.hidden = range === undefined;
    if (range === undefined) return;
    const { extent, isLive } = this.#scope!;
    const losses = (this.#slices?.losses ?? []).flatMap((loss) => lossRange(loss) ?? []);
    const width = Math.max(300, byId("timeline").clientWidth - 32);
    const chosen = this.#chosen;
    this.#figure.show({ lanes, range, losses, extent, canMove: !isLive, width, chosen });
  }

  /** What is there is drawn already; the rest is asked for when the user has stopped moving. */
  #look(range: Range): void {
    this.#view = range;
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => this.#host.replace({ range }), SETTLE_MS);
  }

  /** The address follows when the user has stopped walking: a browser takes only so many addresses a second. */
  #choose(span: Span | undefined): void {
    this.#chosen = span === undefined ? "" : nameOf(span);
    clearTimeout(this.#settleChoice);
    const chosen = this.#chosen;
    this.#settleChoice = setTimeout(() => this.#host.replace({ chosen }), SETTLE_MS);
  }

  #open(span: Span): void {
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

/** Spans that are drawn one by one; beyond, how busy lanes were. */
function mostRows(): number {
  return Number(byId("timeline").dataset["most"]);
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
