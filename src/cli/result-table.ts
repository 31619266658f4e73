/**
 * Results as a table for people. On a terminal, totals that go on and windows are drawn again in place; rows of tables and
 * everything in a pipe are lines.
 */

import { printable } from "../base/printable.ts";
import { quantity } from "../base/quantity.ts";
import { isoText } from "../base/time.ts";
import type { Column, ColumnBatch } from "../column/column.ts";
import { numberAt, valueAt } from "../column/row-reader.ts";
import type { ColumnLayout, Schema } from "../column/schema.ts";
import { type BatchWriter, NO_BYTES } from "../format/batch-writer.ts";
import { drawing } from "../terminal/guard.ts";

export interface ResultTableOptions {
  /** Whether what was drawn before is replaced: by results that stand for all so far. */
  readonly isRedrawn: boolean;
  readonly isColored: boolean;
  /** The width and height of the terminal; lines are cut, and of a table that is redrawn the first rows shown. */
  readonly size: () => { readonly columns: number; readonly rows: number } | undefined;
  /** What the batches are; `undefined`: rows. */
  readonly sets: "windows" | "totals" | undefined;
}

/** Columns that are shown only where they have something to say. */
const SILENT = ["lost_events", "overflow"];
/** A text in a cell. */
const MAX_CELL = 60;

const encoder = new TextEncoder();

export class ResultTable implements BatchWriter<Uint8Array> {
  readonly #options: ResultTableOptions;
  #layout: Schema = [];
  #head = "";
  #widths: number[] = [];
  /** Lines that were drawn last, to be drawn over. */
  #drawn = 0;

  constructor(options: ResultTableOptions) {
    this.#options = options;
  }

  begin(columns: Schema): Uint8Array {
    this.#layout = columns;
    return NO_BYTES;
  }

  change(columns: Schema): Uint8Array {
    return this.begin(columns);
  }

  batch(batch: ColumnBatch): Uint8Array {
    const { isRedrawn, sets } = this.#options;
    if (isRedrawn && sets !== undefined) return this.#redraw(batch);
    if (batch.snapshot !== undefined) return NO_BYTES;
    return encoder.encode(this.#lines(batch).join(""));
  }

  end(): Uint8Array {
    this.#drawn = 0;
    return NO_BYTES;
  }

  #redraw(batch: ColumnBatch): Uint8Array {
    // The next may have fewer columns, or narrower ones.
    this.#head = "";
    this.#widths = [];
    const size = this.#options.size();
    const room = size === undefined ? Number.POSITIVE_INFINITY : Math.max(3, size.rows - 3);
    const all = this.#lines(batch);
    const lines = all.slice(0, room);
    if (all.length > room) lines.push(`  … ${all.length - room} more\n`);
    const over = this.#drawn === 0 ? "" : `\x1b[${this.#drawn}A\x1b[0J`;
    this.#drawn = lines.length;
    return drawing(over + lines.join(""));
  }

  /** The rows, below a head where that is another than before. */
  #lines(batch: ColumnBatch): string[] {
    const shown = this.#layout.flatMap((layout, i) => {
      const column = batch.columns[i]!;
      return isSilent(layout, column, batch.rows) ? [] : [{ layout, column }];
    });
    const cells = shown.map(({ layout, column }) => cellsOf(layout, column, batch.rows));
    const titles = shown.map(({ layout }) => title(layout));
    const isNew = titles.join("\t") !== this.#head;
    if (isNew) this.#widths = titles.map(({ length }) => length);
    const before = this.#widths;
    this.#widths = cells.map((column, i) =>
      Math.max(before[i]!, ...column.map(({ length }) => length)),
    );
    const isRight = shown.map(({ layout: { type } }) => type.kind === "number");
    const line = (parts: readonly string[]): string =>
      this.#cut(padded(parts, this.#widths, isRight));
    const rows = Array.from({ length: batch.rows }, (_, row) =>
      line(cells.map((column) => column[row]!)),
    );
    if (!isNew) return rows.map((text) => `${text}\n`);
    this.#head = titles.join("\t");
    return [this.#dim(line(titles)), ...rows].map((text) => `${text}\n`);
  }

  #cut(text: string): string {
    const size = this.#options.size();
    return size === undefined || text.length < size.columns
      ? text
      : `${text.slice(0, size.columns - 1)}…`;
  }

  #dim(text: string): string {
    return this.#options.isColored ? `\x1b[2m${text}\x1b[22m` : text;
  }
}

function isSilent({ name }: ColumnLayout, column: Column, rows: number): boolean {
  if (!SILENT.includes(name)) return false;
  for (let row = 0; row < rows; row++) if (numberAt(column, row) !== 0) return false;
  return true;
}

function title({ name, unit }: ColumnLayout): string {
  const text = printable(name);
  if (unit === "%") return `${text} %`;
  return unit?.endsWith("/s") ? `${text}/s` : text;
}

function padded(
  parts: readonly string[],
  widths: readonly number[],
  isRight: readonly boolean[],
): string {
  return parts
    .map((part, i) => (isRight[i] ? part.padStart(widths[i]!) : part.padEnd(widths[i]!)))
    .join("  ")
    .trimEnd();
}

/** Windows and keys of sorted rows are mostly those of the row before. */
function cellsOf(layout: ColumnLayout, column: Column, rows: number): readonly string[] {
  let last: CellValue | undefined;
  let text = "";
  return Array.from({ length: rows }, (_, row) => {
    const value = valueAt(column, row);
    if (value !== last) text = cell(layout, column, value);
    last = value;
    return text;
  });
}

type CellValue = ReturnType<typeof valueAt>;

function cell(
  { type, unit, name, isHexadecimal }: ColumnLayout,
  column: Column,
  value: CellValue,
): string {
  if (value === null) return "-";
  if (type.kind === "timestamp" || name === "window")
    return isoText(BigInt(value as bigint)).replace("T", " ");
  if (typeof value === "string") return printable(value, MAX_CELL);
  const isInteger = typeof value === "bigint" || Number.isInteger(value);
  if (isHexadecimal === true && isInteger && column.kind === "number")
    return `0x${BigInt.asUintN(column.values.BYTES_PER_ELEMENT * 8, BigInt(value as number))
      .toString(16)
      .toUpperCase()}`;
  if (typeof value === "number" || typeof value === "bigint") return quantity(value, unit);
  return `[${(value as readonly unknown[]).join(" ")}]`.slice(0, MAX_CELL);
}
