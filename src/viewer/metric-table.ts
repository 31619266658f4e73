/** A table of measures by name: sorted by a click on a column, walked by the keyboard, a row opened by click or Enter. */

import { brief, make } from "./dom.ts";
import type { KeyColumn, Measure } from "./metric-queries.ts";
import { idOf, type MetricRow } from "./metric-rows.ts";

const SHOWN_ROWS = 500;

export interface TableContent {
  readonly keys: readonly KeyColumn[];
  readonly measures: readonly Measure[];
  readonly rows: readonly MetricRow[];
  /** A small chart of a row; undefined for a table without. */
  readonly line?: { readonly title: string; of(row: MetricRow): Node | undefined } | undefined;
}

export class MetricTable {
  readonly element: HTMLTableElement;
  readonly #open: ((row: MetricRow) => void) | undefined;
  readonly #sorted: (sort: string) => void;
  /** As in an address: a column, with `-` before it if the greatest comes first. */
  sort = "";
  #content: TableContent | undefined;

  /**
   * @param open called with a row that the user wants to go into; without it, rows are not opened
   * @param sorted called with the order that the user has chosen
   */
  constructor(label: string, sorted: (sort: string) => void, open?: (row: MetricRow) => void) {
    this.#open = open;
    this.#sorted = sorted;
    this.element = make("table", { "aria-label": label, class: "metrics" });
    this.element.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Shows rows; those that have the focus keep it. Answers how many are left out. */
  show(content: TableContent): number {
    this.#content = content;
    const focused = (document.activeElement as HTMLElement | null)?.dataset["key"];
    const hadFocus = this.element.contains(document.activeElement);
    const { rows, keys } = content;
    const [column, isDescending] = [this.sort.replace(/^-/, ""), this.sort.startsWith("-")];
    const place = keys.findIndex(({ title }) => title === column);
    const sorted = [...rows].sort((a, b) => {
      const order = place >= 0 ? byName(a, b, place) : byValue(a, b, column, isDescending);
      return place >= 0 && isDescending ? -order : order;
    });
    const shown = sorted.slice(0, SHOWN_ROWS);
    this.element.replaceChildren(this.#head(content), this.#body(content, shown));
    if (hadFocus && focused !== undefined) this.#focus(focused);
    return rows.length - shown.length;
  }

  /** Moves the focus along the rows. */
  step(by: number): void {
    const buttons = [...this.element.querySelectorAll<HTMLElement>("tbody button")];
    const place = buttons.indexOf(document.activeElement as HTMLElement);
    const next = place < 0 ? 0 : Math.min(buttons.length - 1, Math.max(0, place + by));
    buttons[next]?.focus();
  }

  #key(event: KeyboardEvent): void {
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      j: 1,
      ArrowUp: -1,
      k: -1,
      g: -SHOWN_ROWS,
      G: SHOWN_ROWS,
    };
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.step(step);
  }

  #focus(key: string): void {
    for (const button of this.element.querySelectorAll<HTMLElement>("button"))
      if (button.dataset["key"] === key) button.focus({ preventScroll: true });
  }

  #head({ keys, measures, line }: TableContent): HTMLElement {
    const names = keys.map(({ title }) => this.#headCell(title, title, false));
    const values = measures.map(({ key, title }) => this.#headCell(key, title, true));
    const lines =
      line === undefined ? [] : [make("th", { scope: "col" }, `${line.title} over time`)];
    return make("thead", {}, make("tr", {}, ...names, ...values, ...lines));
  }

  #headCell(key: string, title: string, isNumber: boolean): HTMLElement {
    const isSorted = this.sort.replace(/^-/, "") === key;
    const isDescending = this.sort.startsWith("-");
    const mark = isSorted ? (isDescending ? " ↓" : " ↑") : "";
    const button = make("button", { type: "button", "data-key": `sort ${key}` }, title + mark);
    button.addEventListener("click", () => {
      const turns = isSorted ? !isDescending : isNumber;
      this.sort = `${turns ? "-" : ""}${key}`;
      this.#sorted(this.sort);
      if (this.#content !== undefined) this.show(this.#content);
    });
    const order = isSorted ? (isDescending ? "descending" : "ascending") : undefined;
    return make(
      "th",
      { scope: "col", class: isNumber ? "number" : undefined, "aria-sort": order },
      button,
    );
  }

  #body(content: TableContent, rows: readonly MetricRow[]): HTMLElement {
    return make("tbody", {}, ...rows.map((row) => this.#row(content, row)));
  }

  #row({ measures, line }: TableContent, row: MetricRow): HTMLElement {
    const [first = "", ...others] = row.names;
    const open = this.#open;
    // The last name says most, but the first cell is the row's head.
    const head = open === undefined ? brief(first) : this.#button(row, first, open);
    const cells = measures.map(({ key, print, isBad }) => {
      const value = row.values.get(key);
      const kind = isBad && value !== undefined && value > 0 ? "number bad" : "number";
      return make("td", { class: kind }, value === undefined ? "–" : print(value));
    });
    const names = others.map((name) => make("td", {}, brief(name)));
    const drawn = line?.of(row);
    const lines = line === undefined ? [] : [make("td", {}, ...(drawn ? [drawn] : []))];
    return make("tr", {}, make("th", { scope: "row" }, head), ...names, ...cells, ...lines);
  }

  #button(row: MetricRow, text: string, open: (row: MetricRow) => void): HTMLElement {
    const label = row.names.length > 1 ? row.names.map((name) => brief(name)).join(" ") : undefined;
    const attributes = { type: "button", "data-key": `open ${idOf(row)}`, "aria-label": label };
    const button = make("button", attributes, brief(text));
    button.addEventListener("click", () => open(row));
    return button;
  }
}

function byName(a: MetricRow, b: MetricRow, place: number): number {
  const one = a.names[place] ?? "";
  const other = b.names[place] ?? "";
  const numbers = Number(one) - Number(other);
  return Number.isNaN(numbers) ? Number(one > other) - Number(one < other) : numbers;
}

/** What is absent comes last in either order. */
function byValue(a: MetricRow, b: MetricRow, key: string, isDescending: boolean): number {
  const one = a.values.get(key);
  const other = b.values.get(key);
  if (one === undefined || other === undefined)
    return Number(one === undefined) - Number(other === undefined);
  return isDescending ? other - one : one - other;
}
