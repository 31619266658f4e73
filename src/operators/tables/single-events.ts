/** Tables whose rows are single events, with columns of their own: pages of memory, packets of the network. */

import type { ColumnBatch } from "../../column/column.ts";
import { SharedDictionary } from "../../column/column-builder.ts";
import { halvesOf } from "../../column/halves.ts";
import type { Schema } from "../../column/schema.ts";
import type { Emit, Operator } from "../operator.ts";
import { EventRoles } from "./event-roles.ts";
import { type OwnValue, RowAssembly } from "./row-assembly.ts";
import { outputLayout, type TableSpec } from "./table.ts";

/** The own columns of an event, by the event's name; `undefined` for events that make no row. */
export type EventColumns = (
  event: string,
) => ((name: string, batch: ColumnBatch, row: number) => OwnValue) | undefined;

export class SingleEvents implements Operator {
  readonly #spec: TableSpec;
  readonly #event: number;
  readonly #roles: EventRoles<(name: string, batch: ColumnBatch, row: number) => OwnValue>;
  readonly #shared: readonly SharedDictionary[];
  #rows: RowAssembly | undefined;

  /** @param event the place of the column `event` */
  constructor(spec: TableSpec, columns: EventColumns, event: number) {
    this.#spec = spec;
    this.#event = event;
    this.#roles = new EventRoles(columns);
    this.#shared = spec.output.map(() => new SharedDictionary());
  }

  columns(input: Schema): Schema {
    const schema = this.#spec.output.map((column) => outputLayout(column, input));
    this.#rows = new RowAssembly(this.#spec.output, schema, this.#shared);
    return schema;
  }

  batch(batch: ColumnBatch, out: Emit): void {
    const rows = this.#rows!;
    const halves = halvesOf(batch.timestamps);
    for (let row = 0; row < batch.rows; row++) {
      const own = this.#roles.of(batch.columns[this.#event]!, row);
      if (own === undefined) continue;
      if (rows.isFull) out.batch(rows.take());
      const lo = halves[row * 2]!;
      const hi = halves[row * 2 + 1]!;
      rows.add(hi, lo, batch, row, undefined, 0, (name) =>
        name === "timestamp" ? { hi, lo } : own(name, batch, row),
      );
    }
    if (rows.rows > 0) out.batch(rows.take());
  }
}
