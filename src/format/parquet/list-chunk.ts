/** Lists of a row group, as values for the library's own encoder: they are few. */

import type { Column } from "../../column/column.ts";
import { valueAt } from "../../column/row-reader.ts";

export class ListChunk {
  #values: unknown[] = [];

  /** @returns about how many bytes that takes */
  add(column: Column, rows: number): number {
    for (let row = 0; row < rows; row++) this.#values.push(valueAt(column, row));
    return rows * 16;
  }

  take(): unknown[] {
    const values = this.#values;
    this.#values = [];
    return values;
  }
}
