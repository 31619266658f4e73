/** Rows as they come, the newest first. Lines are counted without being decoded, and the last 200 kept. */

import { brief, byId, make, visible } from "./dom.ts";
import { type Column, lastLines, type Row, rowOf } from "./frames.ts";

const KEPT_ROWS = 200;
const PAYLOAD_CHARACTERS = 2000;

export class EventsTable {
  #columns: readonly Column[] = [];
  #lines: readonly string[] = [];
  #isStale = true;

  reset(): void {
    this.#columns = [];
    this.#lines = [];
    this.#isStale = true;
  }

  setColumns(columns: readonly Column[]): void {
    this.#columns = columns;
    this.#isStale = true;
  }

  /** Takes a frame of NDJSON, and answers how many rows it has. */
  add(bytes: Uint8Array): number {
    const { total, lines } = lastLines(bytes, KEPT_ROWS);
    this.#lines = this.#lines.concat(lines).slice(-KEPT_ROWS);
    this.#isStale = true;
    return total;
  }

  invalidate(): void {
    this.#isStale = true;
  }

  update(showsAll: boolean): void {
    if (!this.#isStale) return;
    this.#isStale = false;
    const shown = this.#columns.filter(
      ({ name }) => showsAll || !/_ns$|^(host|domain)$/.test(name),
    );
    const newestFirst = this.#lines.map(rowOf).reverse();
    byId("head").replaceChildren(...shown.map((column) => headCell(column)));
    byId("body").replaceChildren(...newestFirst.map((row) => tableRow(shown, row)));
  }
}

function tableRow(columns: readonly Column[], row: Row): HTMLTableRowElement {
  return make("tr", {}, ...columns.map((column) => cell(column, row)));
}

function headCell(column: Column): HTMLTableCellElement {
  return make("th", { scope: "col", class: classOf(column) }, visible(column.name));
}

function cell(column: Column, row: Row): HTMLTableCellElement {
  const content = brief(text(column, row[column.name]), PAYLOAD_CHARACTERS);
  const title = column.name === "payload" ? content : undefined;
  return make("td", { class: classOf(column), title }, content);
}

function classOf({ name, type }: Column): string | undefined {
  if (name === "timestamp" || name === "event" || name === "payload") return name;
  return isNumber(type) ? "number" : undefined;
}

/** Whether a column of this type has numbers. */
export function isNumber(type: string): boolean {
  return /int|float/.test(type);
}

function text({ name }: Column, value: unknown): string {
  if (value === undefined) return "";
  if (name === "timestamp" && typeof value === "string") return value.slice(11, -1);
  if (name !== "payload" || typeof value !== "object" || value === null) return plain(value);
  return Object.entries(value)
    .map(([key, one]) => `${key}=${plain(one)}`)
    .join("  ");
}

/** A value of a row as text. */
export function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
