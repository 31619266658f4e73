/** Keys of what each traced machine numbers, its tasks or its processors, as numbers that need no memory of their own. */

import type { Column, ColumnBatch } from "../../column/column.ts";
import { isPresent, numberAt, valueAt } from "../../column/row-reader.ts";
import { TextMemo } from "../../column/text-memo.ts";

const TWO_31 = 2 ** 31;
const TWO_33 = 2 ** 33;
/** So many machines fit into a double beside a number of 33 bits. */
const MAX_MACHINES = 2 ** 20;

export class TaskKeys {
  readonly #machines = new Map<string, number>();
  readonly #byCode = new TextMemo((machine) => this.#numberOf(machine));

  /**
   * The key of what a row names; -1 if the row lacks its machine or its number.
   * @param host the place of the machine's column
   * @param number the place of the number's column, of at most 32 bits
   */
  of(batch: ColumnBatch, host: number, number: number, row: number): number {
    const column = batch.columns[number]!;
    if (!isPresent(column, row)) return -1;
    const machine = this.#machine(batch.columns[host]!, row);
    return machine === -1 ? -1 : machine * TWO_33 + numberAt(column, row) + TWO_31;
  }

  #machine(column: Column, row: number): number {
    if (!isPresent(column, row)) return -1;
    if (column.kind !== "dictionary") return this.#numberOf(String(valueAt(column, row)));
    return this.#byCode.of(column.dictionary, column.codes[row]!);
  }

  #numberOf(machine: string): number {
    let number = this.#machines.get(machine);
    if (number === undefined) {
      number = this.#machines.size;
      if (number >= MAX_MACHINES) return -1;
      this.#machines.set(machine, number);
    }
    return number;
  }
}
