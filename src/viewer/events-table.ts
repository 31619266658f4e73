/**
 * Rows as they come, the newest first: a grid of which only the visible rows are elements. Batches are kept as they came,
 * within bounds; older ones give way, and are counted.
 */

import type { Batch } from "./arrow.ts";
import { cellText, payloadText } from "./cell-text.ts";
import { brief, byId, count, make, visible } from "./dom.ts";
import { type Column, isNumber, type Row } from "./frames.ts";
import { clock, duration } from "./time.ts";

const KEPT_ROWS = 1_000_000;
const KEPT_BYTES = 128 << 20;
const PAYLOAD_CHARACTERS = 2000;
const ROW_HEIGHT = 22;
/** Above and below what is seen. */
const MARGIN_ROWS = 8;
/** A browser's elements are not higher than this. */
const MAX_HEIGHT = 8_000_000;
/** Lengths of intervals, in ns. */
const DURATION = /^(raise_)?dt$/;
const USUALLY_HIDDEN = /_ns$|^domain$/;

export class EventsTable {
  readonly #scroller = byId("result");
  readonly #open: (row: Row) => void;
  readonly #onScroll: () => void;
  /** Whether there may be several hosts. */
  showsHost = false;
  #columns: readonly Column[] = [];
  #chosen: readonly string[] = [];
  #batches: Batch[] = [];
  #rows = 0;
  #bytes = 0;
  #left = 0;
  /** The row that the keyboard is at, from the newest. */
  #active = 0;
  #isStale = true;

  /**
   * @param open called with the row that the user wants to see whole
   * @param onScroll called when the user leaves the newest rows
   */
  constructor(open: (row: Row) => void, onScroll: () => void) {
    this.#open = open;
    this.#onScroll = onScroll;
    this.#scroller.addEventListener("scroll", () => this.#scrolled());
    const grid = byId("events");
    grid.addEventListener("keydown", (event) => this.#key(event));
    grid.addEventListener("click", (event) => {
      const place = (event.target as Element).closest<HTMLElement>("[data-place]")?.dataset[
        "place"
      ];
      if (place === undefined) return;
      this.#active = Number(place);
      this.#open(this.#row(this.#active));
    });
  }

  reset(): void {
    this.#columns = [];
    this.#batches = [];
    this.#rows = 0;
    this.#bytes = 0;
    this.#left = 0;
    this.#active = 0;
    this.#isStale = true;
  }

  setColumns(columns: readonly Column[]): void {
    this.#columns = columns;
    this.#isStale = true;
  }

  get columns(): readonly string[] {
    return this.#columns.map(({ name }) => name);
  }

  get shownColumns(): readonly string[] {
    return this.#shown.map(({ name }) => name);
  }

  /** @param names those that are shown; the usual ones if empty */
  choose(names: readonly string[]): void {
    this.#chosen = names;
    this.#isStale = true;
  }

  /** Rows that are not kept any more. */
  get left(): number {
    return this.#left;
  }

  add(batch: Batch): void {
    this.#batches.push(batch);
    this.#rows += batch.rows;
    this.#bytes += batch.bytes;
    while (this.#batches.length > 1 && (this.#rows > KEPT_ROWS || this.#bytes > KEPT_BYTES)) {
      const oldest = this.#batches.shift()!;
      this.#rows -= oldest.rows;
      this.#bytes -= oldest.bytes;
      this.#left += oldest.rows;
    }
    this.#isStale = true;
  }

  update(isForced: boolean = false): void {
    if (!this.#isStale && !isForced) return;
    this.#isStale = false;
    const shown = this.#shown;
    const height = Math.min(MAX_HEIGHT, this.#rows * ROW_HEIGHT);
    const grid = byId("events");
    // A grid without a column is none.
    grid.hidden = shown.length === 0;
    grid.setAttribute("aria-rowcount", String(this.#rows + 1));
    grid.setAttribute("aria-colcount", String(shown.length));
    const headHeight = byId("head").offsetHeight;
    const top = Math.max(0, this.#scroller.scrollTop - headHeight);
    // More than the window shows is never seen, however a style lets the table grow.
    const seen = Math.ceil(Math.min(this.#scroller.clientHeight, innerHeight) / ROW_HEIGHT) + 1;
    // Beyond the highest element, the place of the scroll bar stands for a part of the rows.
    const most = Math.max(1, height - this.#scroller.clientHeight + headHeight);
    const share = this.#rows * ROW_HEIGHT > MAX_HEIGHT ? Math.min(1, top / most) : undefined;
    const first =
      share === undefined
        ? Math.floor(top / ROW_HEIGHT)
        : Math.round(share * Math.max(0, this.#rows - seen));
    const from = Math.max(0, first - MARGIN_ROWS);
    const to = Math.min(this.#rows, first + seen + MARGIN_ROWS);
    const offset = share === undefined ? from * ROW_HEIGHT : top - (first - from) * ROW_HEIGHT;
    byId("head").replaceChildren(...shown.map((column) => headCell(column)));
    const rows: HTMLElement[] = [];
    for (let place = from; place < to; place++) rows.push(this.#tableRow(shown, place));
    const hadFocus = byId("body").contains(document.activeElement);
    byId("body").replaceChildren(
      spacer(Math.max(0, offset)),
      ...rows,
      spacer(Math.max(0, height - offset - rows.length * ROW_HEIGHT)),
    );
    if (hadFocus) this.#focus();
  }

  get #shown(): readonly Column[] {
    const chosen = this.#columns.filter(({ name }) => this.#chosen.includes(name));
    if (chosen.length > 0) return chosen;
    return this.#columns.filter(
      ({ name }) => !USUALLY_HIDDEN.test(name) && (name !== "host" || this.showsHost),
    );
  }

  /** A row by its place from the newest. */
  #row(place: number): Row {
    let behind = place;
    for (let i = this.#batches.length - 1; i >= 0; i--) {
      const batch = this.#batches[i]!;
      if (behind < batch.rows) return batch.row(batch.rows - 1 - behind);
      behind -= batch.rows;
    }
    return {};
  }

  #tableRow(columns: readonly Column[], place: number): HTMLElement {
    const row = this.#row(place);
    const attributes = {
      "aria-rowindex": place + 2,
      "data-place": place,
      tabindex: place === this.#active ? 0 : -1,
    };
    return make("tr", attributes, ...columns.map((column) => cell(column, row)));
  }

  #scrolled(): void {
    if (byId("events").hidden) return;
    if (this.#scroller.scrollTop > ROW_HEIGHT) this.#onScroll();
    this.update(true);
  }

  #key(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.#scroller.clientHeight / ROW_HEIGHT) - 2);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      j: 1,
      ArrowUp: -1,
      k: -1,
      PageDown: page,
      PageUp: -page,
      Home: -this.#rows,
      g: -this.#rows,
      End: this.#rows,
      G: this.#rows,
    };
    const step = steps[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter") this.#open(this.#row(this.#active));
    else if (step !== undefined) this.#move(step);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #move(step: number): void {
    this.#active = Math.max(0, Math.min(this.#rows - 1, this.#active + step));
    const { scrollTop, clientHeight } = this.#scroller;
    const room = clientHeight - byId("head").offsetHeight;
    const height = Math.min(MAX_HEIGHT, this.#rows * ROW_HEIGHT);
    const top = (this.#active / Math.max(1, this.#rows)) * height;
    if (top < scrollTop) this.#scroller.scrollTop = top;
    else if (top + ROW_HEIGHT > scrollTop + room)
      this.#scroller.scrollTop = top + ROW_HEIGHT - room;
    this.update(true);
    this.#focus();
  }

  #focus(): void {
    byId("body").querySelector<HTMLElement>(`[data-place="${this.#active}"]`)?.focus({
      preventScroll: true,
    });
  }
}

function spacer(height: number): HTMLElement {
  const row = make("tr", { "aria-hidden": "true", class: "spacer" }, make("td", {}));
  // A style that a script sets needs no permission of the policy.
  row.style.height = `${height}px`;
  return row;
}

function headCell(column: Column): HTMLElement {
  return make(
    "th",
    { scope: "col", role: "columnheader", class: classOf(column) },
    visible(column.name),
  );
}

function cell(column: Column, row: Row): HTMLElement {
  const value = row[column.name];
  const content = brief(text(column, value), PAYLOAD_CHARACTERS);
  const isTime = DURATION.test(column.name) && typeof value === "number";
  const title = column.name === "payload" ? content : isTime ? `${count(value)} ns` : undefined;
  return make("td", { role: "gridcell", class: classOf(column), title }, content);
}

function classOf({ name, type }: Column): string | undefined {
  if (name === "timestamp" || name === "event" || name === "payload") return name;
  return isNumber(type) ? "number" : undefined;
}

function text({ name }: Column, value: unknown): string {
  if (name === "timestamp" && typeof value === "bigint") return clock(value);
  if (DURATION.test(name) && typeof value === "number") return duration(value);
  return name === "payload" ? payloadText(value) : cellText(value);
}
