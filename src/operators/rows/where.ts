/** Passes the rows for which a condition holds. */

import { type ColumnBatch, takeRows } from "../../column/column.ts";
import type { Schema } from "../../column/schema.ts";
import type { Program } from "../../filter/bytecode.ts";
import type { Emit, Operator } from "../operator.ts";
import { RowCondition } from "./row-condition.ts";

export class Where implements Operator {
  readonly #program: Program;
  #condition: RowCondition | undefined;

  /** @param program whose references are `fieldName`s of the input's columns */
  constructor(program: Program) {
    this.#program = program;
  }

  columns(input: Schema): Schema {
    this.#condition = new RowCondition(this.#program, input);
    return input;
  }

  batch(batch: ColumnBatch, out: Emit): void {
    this.#pass(batch, (rows) => out.batch(rows));
  }

  cut(batch: ColumnBatch, out: Emit): void {
    this.#pass(batch, (rows) => out.cut(rows));
  }

  #pass(batch: ColumnBatch, emit: (batch: ColumnBatch) => void): void {
    const rows = this.#condition!.rows(batch);
    if (rows.length === batch.rows) emit(batch);
    else if (rows.length > 0) emit({ ...batch, ...takeRows(batch, rows) });
  }
}
