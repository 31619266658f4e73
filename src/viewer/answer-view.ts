/** An answer on the screen: its chart, and its rows as a table that is sorted by a click on a column. */

import { Answer } from "./answer.ts";
import type { Batch } from "./arrow.ts";
import { cellText } from "./cell-text.ts";
import { chartOf } from "./chart.ts";
import { brief, byId, make, visible } from "./dom.ts";
import { type Column, isNumber, type Row } from "./frames.ts";
import { exact } from "./number.ts";
import { duration } from "./time.ts";

const SHOWN_ROWS = 500;

interface Sorting {
  readonly column: string;
  readonly isDescending: boolean;
}

export class AnswerView {
  #answer: Answer | undefined;
  #sorting: Sorting | undefined;
  #measure = "";
  #isStale = false;

  reset(): void {
    this.#answer = undefined;
    this.#sorting = undefined;
    this.#isStale = true;
  }

  /** The query begins again; windows stay. */
  restart(): void {
    this.#answer?.restart();
  }

  get isShown(): boolean {
    return this.#answer !== undefined;
  }

  setColumns(columns: readonly Column[], query: string): void {
    if (!Answer.isOf(columns, query)) return;
    // A query that goes on after its connection was lost says its columns again.
    if (JSON.stringify(this.#answer?.columns) === JSON.stringify(columns)) return;
    this.#answer = new Answer(columns, query);
    const { measures } = this.#answer;
    if (!measures.includes(this.#measure)) this.#measure = measures[0] ?? "";
    this.#isStale = true;
  }

  add(batch: Batch): void {
    this.#answer?.add(batch);
    this.#isStale = true;
  }

  update(): void {
    if (!this.#isStale) return;
    this.#isStale = false;
    const answer = this.#answer;
    byId("answer").hidden = answer === undefined;
    if (answer === undefined) return;
    byId("events").hidden = true;
    const chart = chartOf(answer, this.#measure, chartWidth());
    byId("chart").replaceChildren(...this.#measures(answer), ...(chart ? [chart] : []));
    const focused = (document.activeElement as HTMLElement | null)?.dataset["column"];
    byId("answer-table").replaceChildren(this.#head(answer), this.#body(answer));
    if (focused !== undefined)
      for (const button of byId("answer-table").querySelectorAll("button"))
        if (button.dataset["column"] === focused) button.focus();
  }

  /** One button for each column that can be drawn. */
  #measures({ measures }: Answer): Node[] {
    if (measures.length < 2) return [];
    const buttons = measures.map((name) => {
      const isDrawn = name === this.#measure;
      const button = make("button", { type: "button", "aria-pressed": String(isDrawn) }, name);
      button.addEventListener("click", () => {
        this.#measure = name;
        this.#isStale = true;
        this.update();
      });
      return button;
    });
    return [make("div", { class: "measures", role: "group", "aria-label": "drawn" }, ...buttons)];
  }

  #head(answer: Answer): HTMLElement {
    const cells = shownColumns(answer).map((column) => {
      const { name } = column;
      const sorting = this.#sorting?.column === name ? this.#sorting : undefined;
      const mark = sorting === undefined ? "" : sorting.isDescending ? " ↓" : " ↑";
      const button = make("button", { type: "button", "data-column": name }, visible(name) + mark);
      button.addEventListener("click", () => this.#sort(column));
      const order = sorting && (sorting.isDescending ? "descending" : "ascending");
      const attributes = { scope: "col", class: classOf(column), "aria-sort": order };
      return make("th", attributes, button);
    });
    return make("thead", {}, make("tr", {}, ...cells));
  }

  #sort({ name, type }: Column): void {
    const isAgain = this.#sorting?.column === name;
    const isDescending = isAgain ? !this.#sorting?.isDescending : isNumber(type);
    this.#sorting = { column: name, isDescending };
    this.#isStale = true;
    this.update();
  }

  #body(answer: Answer): HTMLElement {
    const { rows, left } = answer;
    const shown = sorted(rows, this.#sorting).slice(0, SHOWN_ROWS);
    const columns = shownColumns(answer);
    const { units } = answer;
    const rest = rows.length + left - shown.length;
    byId("answer-rest").textContent = rest > 0 ? `${exact(rest)} more rows are not shown` : "";
    return make(
      "tbody",
      {},
      ...shown.map((row) =>
        make(
          "tr",
          {},
          ...columns.map((column) => cell(column, row[column.name], units.get(column.name))),
        ),
      ),
    );
  }
}

/** In pixels, so that letters keep their size. */
function chartWidth(): number {
  return Math.min(1060, Math.max(300, byId("answer").clientWidth - 32));
}

function shownColumns({ columns, rows }: Answer): readonly Column[] {
  const isNews = (name: string): boolean => rows.some((row) => Boolean(row[name]));
  return columns.filter(({ name }) => !/^(lost_events|overflow)$/.test(name) || isNews(name));
}

function sorted(rows: readonly Row[], sorting: Sorting | undefined): readonly Row[] {
  if (sorting === undefined) return rows;
  const { column, isDescending } = sorting;
  return [...rows].sort((a, b) => {
    const one = a[column];
    const other = b[column];
    // What is absent comes last in either order.
    if (one == null || other == null) return Number(one == null) - Number(other == null);
    const order = compared(one, other);
    return isDescending ? -order : order;
  });
}

function compared(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const one = cellText(a);
  const other = cellText(b);
  return one < other ? -1 : Number(one > other);
}

function cell(column: Column, value: unknown, unit: string | undefined): HTMLElement {
  // Durations are read as such; how many nanoseconds they are is to be had all the same.
  const title = typeof value === "number" && unit === "ns" ? `${exact(value)} ns` : undefined;
  return make("td", { class: classOf(column), title }, brief(content(value, unit)));
}

function content(value: unknown, unit: string | undefined): string {
  if (typeof value !== "number") return cellText(value, "–");
  if (unit === "ns") return duration(value, 4);
  return unit === undefined ? exact(value) : `${exact(value)} ${unit}`;
}

function classOf({ name, type }: Column): string | undefined {
  if (name === "window") return "timestamp";
  return isNumber(type) ? "number" : undefined;
}
