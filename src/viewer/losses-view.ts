/** Sources and their sessions, how each fares, and what was lost: by stream, and by time. */

import { brief, byId, count, make } from "./dom.ts";
import type { QueryError } from "./frames.ts";
import { isOfPage, type LossEntry } from "./loss.ts";
import { outageText } from "./outage.ts";
import type { RunningQuery } from "./running-query.ts";
import { isWell, type SourceInfo } from "./source-info.ts";
import type { Sources } from "./sources.ts";
import { clock, instant, timeOfDay } from "./time.ts";
import type { Host, Scope, View } from "./view.ts";

const SHOWN = 500;
const ASK_MS = 5000;

export class LossesView implements View {
  readonly #host: Host;
  readonly #account: () => RunningQuery | undefined;
  readonly #sources: Sources;
  #isPaused = false;
  #isShown = false;
  #timer = 0;
  #drawn = "";

  /** @param account the query whose losses are those of the sources */
  constructor(host: Host, sources: Sources, account: () => RunningQuery | undefined) {
    this.#host = host;
    this.#sources = sources;
    this.#account = account;
  }

  get queries(): readonly string[] {
    const running = this.#account();
    return running === undefined ? [] : [running.wanted.query];
  }

  run(_: Scope): void {
    this.#isShown = true;
    this.#drawn = "";
    clearInterval(this.#timer);
    const ask = (): void => void this.#sources.loadSessions(this.#host.token);
    ask();
    this.#timer = setInterval(() => {
      if (!document.hidden) ask();
    }, ASK_MS);
  }

  stop(): void {
    this.#isShown = false;
    clearInterval(this.#timer);
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
  }

  update(): void {
    if (this.#isPaused || !this.#isShown) return;
    const running = this.#account();
    const losses = running?.losses ?? [];
    const outage =
      running?.outage === undefined || running.state !== "disconnected"
        ? ""
        : outageText(running.outage);
    // The list keeps its place while nothing is new.
    const drawn = JSON.stringify([
      losses.length,
      running?.lostEvents,
      outage,
      this.#sources.version,
    ]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    byId("losses-view").replaceChildren(
      make("h2", {}, "Sources"),
      ...(outage === ""
        ? []
        : [make("p", { class: "bad" }, `This page's connection to the server: ${outage}`)]),
      ...problems(running?.error),
      sourceTable(this.#sources.all),
      make("h2", {}, "Lost, by stream"),
      streamTable(losses),
      make("h2", {}, "Lost, by time"),
      lossTable(losses, (loss) => this.#around(loss)),
    );
  }

  /** The events on both sides of a loss. */
  #around({ begin, end }: LossEntry): void {
    const first = begin ?? end;
    const last = end ?? begin;
    if (first === undefined || last === undefined) return;
    const margin = (last - first) / 2n + 1_000_000n;
    this.#host.go({
      view: "timeline",
      query: "",
      range: { begin: first - margin, end: last + margin },
    });
  }
}

function problems(error: QueryError | undefined): readonly Node[] {
  return error === undefined ? [] : [make("pre", { class: "bad" }, error.message)];
}

function sourceTable(sources: readonly SourceInfo[]): HTMLElement {
  const rows = sources.map((one) => {
    const { source, kind, state, since, message, sessions } = one;
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, brief(source, 200)),
      make("td", {}, kind),
      make("td", { class: isWell(one) ? undefined : "bad" }, state),
      make("td", {}, timeOfDay(since)),
      make("td", { class: "wrapped" }, brief(message, 400) || "–"),
      make("td", { class: "wrapped" }, sessions.map((name) => brief(name)).join(", ") || "–"),
    );
  });
  return table("sources", ["source", "kind", "state", "since", "why", "sessions"], rows);
}

function streamTable(losses: readonly LossEntry[]): HTMLElement {
  const streams = new Map<
    string,
    { events: number; packets: number; unknown: number; last: bigint }
  >();
  for (const loss of losses) {
    if (isOfPage(loss)) continue;
    const { stream, kind, count: lost, end, begin } = loss;
    const name = stream ?? "not known";
    const one = streams.get(name) ?? { events: 0, packets: 0, unknown: 0, last: 0n };
    streams.set(name, one);
    if (lost === null) one.unknown++;
    else if (kind === "discarded-events") one.events += lost;
    else one.packets += lost;
    const at = end ?? begin ?? 0n;
    if (at > one.last) one.last = at;
  }
  if (streams.size === 0) return make("p", { class: "when" }, "Nothing is lost.");
  const rows = [...streams]
    .sort(([, a], [, b]) => b.events - a.events || b.packets - a.packets)
    .slice(0, SHOWN)
    .map(([name, { events, packets, unknown, last }]) =>
      make(
        "tr",
        {},
        make("th", { scope: "row" }, brief(name, 200)),
        make("td", { class: "number" }, count(events)),
        make("td", { class: "number" }, count(packets)),
        make("td", { class: "number" }, count(unknown)),
        make("td", {}, last === 0n ? "–" : clock(last, 6)),
      ),
    );
  return table("lost by stream", ["stream", "events", "packets", "gaps", "last"], rows);
}

function lossTable(losses: readonly LossEntry[], open: (loss: LossEntry) => void): HTMLElement {
  if (losses.length === 0) return make("p", { class: "when" }, "Nothing is lost.");
  const rows = losses.slice(-SHOWN).map((loss) => {
    const at = loss.begin ?? loss.end;
    const button = make("button", { type: "button" }, at === undefined ? "" : instant(at));
    button.addEventListener("click", () => open(loss));
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, at === undefined ? "not known" : button),
      make("td", { class: "number" }, loss.count === null ? "not known" : count(loss.count)),
      make("td", { class: "wrapped" }, brief(loss.message, 400)),
    );
  });
  return table("lost by time", ["from", "how many", "what"], rows);
}

function table(label: string, heads: readonly string[], rows: readonly HTMLElement[]): HTMLElement {
  const head = make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)));
  return make(
    "div",
    { class: "scrolled", tabindex: 0, role: "group", "aria-label": label },
    make(
      "table",
      { "aria-label": label, class: "metrics" },
      make("thead", {}, head),
      make("tbody", {}, ...rows),
    ),
  );
}
