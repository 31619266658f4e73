/**
 * What containers do: processor time, system calls, errors and events. Each is a query of its own, which a link below
 * the table opens; a click on a container opens its events.
 */

import { Answer } from "./answer.ts";
import { Connection } from "./connection.ts";
import { CONTAINER_QUERIES, containerFilter, type Measure } from "./container-queries.ts";
import { brief, byId, make, visibleLines } from "./dom.ts";
import { lastLines, rowOf } from "./frames.ts";
import { exact } from "./number.ts";
import type { Token } from "./token.ts";

const UPDATE_MS = 250;
const FRAME_ROWS = 20_000;

interface Part {
  readonly title: string;
  readonly query: string;
  readonly measures: readonly Measure[];
  connection?: Connection;
  answer?: Answer;
  state: string;
  lost: number;
}

export class ContainersView {
  readonly #token: Token;
  readonly #open: (query: string) => void;
  #parts: Part[] = [];
  #isStale = false;
  #isPaused = false;
  #sortedBy = "cpu";
  #isDescending = true;

  /** @param open called with a query that the user wants to see */
  constructor(token: Token, open: (query: string) => void) {
    this.#token = token;
    this.#open = open;
    setInterval(() => this.#update(), UPDATE_MS);
  }

  run(source: string, isLive: boolean): void {
    this.stop();
    this.#parts = CONTAINER_QUERIES.map(({ title, query, measures }) => ({
      title,
      query: isLive ? `${query} every 1s` : query,
      measures,
      state: "connecting",
      lost: 0,
    }));
    for (const part of this.#parts) this.#connect(part, source, isLive);
    byId("containers-when").textContent = isLive
      ? "The last whole second."
      : "All of the recorded time.";
    this.#isStale = true;
  }

  stop(): void {
    for (const { connection } of this.#parts) connection?.close();
    this.#parts = [];
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
  }

  #connect(part: Part, source: string, isLive: boolean): void {
    const news = (): void => {
      this.#isStale = true;
    };
    part.connection = new Connection({ query: part.query, source, isLive }, this.#token, {
      began: () => {
        delete part.answer;
        news();
      },
      state: (state) => {
        part.state = state;
        news();
      },
      rows: (bytes) => {
        part.answer?.add(lastLines(bytes, FRAME_ROWS).lines.map(rowOf));
        news();
      },
      frame: (frame) => {
        if (frame.columns !== undefined) part.answer = new Answer(frame.columns, part.query);
        part.lost = Number(frame["lost_events"] ?? part.lost);
        news();
      },
      failed: ({ message }) => {
        part.state = message;
        news();
      },
    });
  }

  #update(): void {
    if (!this.#isStale || this.#isPaused || this.#parts.length === 0) return;
    this.#isStale = false;
    const focused = (document.activeElement as HTMLElement | null)?.dataset["key"];
    byId("containers-table").replaceChildren(this.#head(), this.#body());
    byId("containers-queries").replaceChildren(...this.#parts.map((part) => this.#link(part)));
    if (focused === undefined) return;
    for (const button of byId("containers").querySelectorAll("button"))
      if (button.dataset["key"] === focused) button.focus();
  }

  get #measures(): readonly Measure[] {
    return this.#parts.flatMap(({ measures }) => measures);
  }

  #head(): HTMLElement {
    const cells = [{ key: "container", title: "container" }, ...this.#measures].map(
      ({ key, title }) => {
        const isSorted = key === this.#sortedBy;
        const mark = isSorted ? (this.#isDescending ? " ↓" : " ↑") : "";
        const button = make("button", { type: "button", "data-key": `sort ${key}` }, title + mark);
        button.addEventListener("click", () => {
          this.#isDescending = isSorted ? !this.#isDescending : key !== "container";
          this.#sortedBy = key;
          this.#isStale = true;
        });
        const order = isSorted ? (this.#isDescending ? "descending" : "ascending") : undefined;
        const kind = key === "container" ? undefined : "number";
        return make("th", { scope: "col", class: kind, "aria-sort": order }, button);
      },
    );
    return make("thead", {}, make("tr", {}, ...cells));
  }

  #body(): HTMLElement {
    const rows = [...this.#values()].sort(([a, one], [b, other]) => {
      const order =
        this.#sortedBy === "container"
          ? Number(a > b) - Number(a < b)
          : (one.get(this.#sortedBy) ?? 0) - (other.get(this.#sortedBy) ?? 0);
      return this.#isDescending ? -order : order;
    });
    return make("tbody", {}, ...rows.map(([name, values]) => this.#row(name, values)));
  }

  #row(name: string, values: ReadonlyMap<string, number>): HTMLElement {
    const button = make("button", { type: "button", "data-key": `open ${name}` }, brief(name));
    button.addEventListener("click", () => this.#open(containerFilter(name)));
    const cells = this.#measures.map(({ key, unit }) => {
      const value = values.get(key);
      const isBad = key === "errors" && value !== undefined && value > 0;
      const text = value === undefined ? "–" : exact(value) + unit;
      return make("td", { class: isBad ? "number bad" : "number" }, text);
    });
    return make("tr", {}, make("th", { scope: "row" }, button), ...cells);
  }

  /** Of each container, the values of all the queries. */
  #values(): Map<string, Map<string, number>> {
    const all = new Map<string, Map<string, number>>();
    for (const { answer, measures } of this.#parts)
      for (const row of answer?.rows ?? []) {
        const name = row["container"];
        if (typeof name !== "string") continue;
        const values = all.get(name) ?? new Map<string, number>();
        all.set(name, values);
        for (const { key, column } of measures) {
          const value = row[column];
          if (typeof value === "number") values.set(key, value);
        }
      }
    return all;
  }

  #link({ title, query, state, lost }: Part): HTMLElement {
    const button = make("button", { type: "button", "data-key": `query ${title}` }, query);
    button.addEventListener("click", () => this.#open(query));
    const isUsual = state === "running" || state === "ended";
    const problem = isUsual ? [] : [make("pre", { class: "bad" }, visibleLines(state))];
    const losses = lost > 0 ? [make("b", { class: "bad" }, ` ${exact(lost)} events lost`)] : [];
    return make("li", {}, `${title}: `, button, ...losses, ...problem);
  }
}
