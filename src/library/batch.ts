/** A query's batch for programs: columns by name, rows as objects, and what is known to be missing so far. */

import type { Column } from "../column/column.ts";
import { type Value, valueAt } from "../column/row-reader.ts";
import type { Schema } from "../column/schema.ts";
import type { ResultBatch } from "../query/result.ts";

/** One row: what each column has, `null` where it has nothing. Of columns with one name the last counts. */
export type Row = Readonly<Record<string, Value>>;

export class Batch implements Iterable<Row> {
  readonly schema: Schema;
  /** Rows, columns in Arrow's layout, and the totals of losses so far. Its memory is the listener's. */
  readonly data: ResultBatch;

  constructor(schema: Schema, data: ResultBatch) {
    this.schema = schema;
    this.data = data;
  }

  /** How many rows it has. */
  get rows(): number {
    return this.data.rows;
  }

  /** The column of that name; `undefined` if the query has none. */
  column(name: string): Column | undefined {
    const at = this.schema.findLastIndex((column) => column.name === name);
    return this.data.columns[at];
  }

  /** The value of a column in a row; `null` where there is none. */
  value(name: string, row: number): Value {
    const column = this.column(name);
    return column === undefined || row >= this.rows ? null : valueAt(column, row);
  }

  /** Rows as objects: for few. Columns are for many. */
  *[Symbol.iterator](): Iterator<Row> {
    const { columns, rows } = this.data;
    for (let row = 0; row < rows; row++) {
      yield Object.fromEntries(
        this.schema.map(({ name }, i): [string, Value] => [name, valueAt(columns[i]!, row)]),
      );
    }
  }
}
