/** Reads the rows of a part's query: window, keys, measures, losses. */

import type { ColumnBatch } from "../column/column.ts";
import { type Value, valueAt } from "../column/row-reader.ts";
import type { Schema } from "../column/schema.ts";
import type { Cell } from "./board.ts";
import type { PartQuery } from "./view-query.ts";

export class PartRows {
  schema: Schema = [];
  readonly #query: PartQuery;

  constructor(query: PartQuery) {
    this.#query = query;
  }

  get #keyColumns(): number {
    return this.#query.keys.reduce((sum, { columns }) => sum + columns, 0);
  }

  get #first(): number {
    return this.schema[0]?.name === "window" ? 1 : 0;
  }

  get #lost(): number {
    return this.schema.findIndex(({ name }) => name === "lost_events");
  }

  /** The names of the measures. */
  get columns(): readonly string[] {
    return this.schema.slice(this.#first + this.#keyColumns, this.#lost).map(({ name }) => name);
  }

  /** @param add is called with each row; the window's begin is 0 where there are none */
  read(
    { rows, columns }: ColumnBatch,
    add: (
      startNs: bigint,
      keys: readonly Cell[],
      values: readonly Cell[],
      lostEvents: number,
    ) => void,
  ): void {
    const first = this.#first;
    const from = first + this.#keyColumns;
    const lost = this.#lost;
    const names = this.columns;
    const { scales } = this.#query;
    for (let row = 0; row < rows; row++) {
      const cell = (at: number): Cell => cellOf(valueAt(columns[at]!, row));
      let at = first;
      const keys = this.#query.keys.map(({ columns: choices }) => {
        const values = Array.from({ length: choices }, () => cell(at++));
        return values.find((value) => value !== null && value !== 0) ?? values[0] ?? null;
      });
      const values = names.map((name, i) => scaled(cell(from + i), scales.get(name)));
      const startNs = first === 0 ? 0n : BigInt(valueAt(columns[0]!, row) as bigint);
      add(startNs, keys, values, Number(cell(lost) ?? 0));
    }
  }
}

function cellOf(value: Value): Cell {
  if (value === null || typeof value === "string" || typeof value === "number") return value;
  return typeof value === "bigint" ? Number(value) : null;
}

function scaled(cell: Cell, scale: number | undefined): Cell {
  return scale === undefined || typeof cell !== "number" ? cell : cell * scale;
}
