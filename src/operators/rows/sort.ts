/** `sort x desc, y` and `top 10 by x per y`: rows in an order, or the first of them in it. */

import { LimitError } from "../../base/errors.ts";
import { type ColumnBatch, copyBatch, takeRows } from "../../column/column.ts";
import type { Schema } from "../../column/schema.ts";
import { GroupTable } from "../aggregate/group-table.ts";
import { KeyColumns, keyLayout } from "../aggregate/key-columns.ts";
import { rowOrder } from "../aggregate/row-order.ts";
import type { Emit, Operator } from "../operator.ts";
import { Snapshots } from "../snapshots.ts";
import { RowBuffer } from "./row-buffer.ts";

export interface SortSpec {
  /** The columns to sort by, first to last. */
  readonly orders: readonly { readonly at: number; readonly isDescending: boolean }[];
  /** Of each group of rows with the same values in `per`, so many. */
  readonly most: number | undefined;
  readonly per: readonly number[];
  /** Whether each batch is all there is, such as a window: they are sorted one by one. */
  readonly isSet: boolean;
  readonly isLive: boolean;
}

/** Rows that can be sorted. */
const MAX_ROWS = 1_000_000;
/** Rows that come before those are dropped that are not among the first. */
const MIN_PRUNE_ROWS = 65_536;

export class Sort implements Operator {
  readonly #spec: SortSpec;
  readonly #buffer = new RowBuffer();
  #keys: KeyColumns = new KeyColumns([]);
  #pruneAt = MIN_PRUNE_ROWS;
  readonly #snapshots = new Snapshots();

  constructor(spec: SortSpec) {
    this.#spec = spec;
  }

  columns(input: Schema): Schema {
    this.#buffer.layout(input);
    this.#keys = new KeyColumns(this.#spec.per.map((at) => keyLayout(input[at]!)));
    return input;
  }

  batch(batch: ColumnBatch, out: Emit): void {
    if (this.#spec.isSet) {
      out.batch({ ...batch, ...this.#sorted(batch) });
      return;
    }
    this.#buffer.push(copyBatch(batch));
    this.#snapshots.noteRows();
    if (this.#spec.most !== undefined && this.#buffer.rows > this.#pruneAt) {
      this.#buffer.replace(this.#sorted(this.#buffer.join()));
      this.#pruneAt = Math.max(MIN_PRUNE_ROWS, this.#buffer.rows * 2);
    }
    if (this.#buffer.rows > MAX_ROWS)
      throw new LimitError(
        "QUERY_SORT_ROWS",
        `sort: expected at most ${MAX_ROWS} rows, got more; top N by … keeps only the first`,
      );
  }

  /** What is sorted has no place in time. */
  watermark(ns: bigint, out: Emit): void {
    if (this.#spec.isSet) out.watermark(ns);
  }

  tick(out: Emit): void {
    const { isSet, isLive } = this.#spec;
    if (isSet || !isLive) return;
    const snapshot = this.#snapshots.take(performance.now());
    if (snapshot !== undefined) this.#emit(out, { snapshot });
  }

  end(out: Emit): void {
    if (!this.#spec.isSet) this.#emit(out, {});
  }

  #emit(out: Emit, more: { readonly snapshot?: number }): void {
    if (this.#buffer.rows > 0) out.batch({ ...this.#sorted(this.#buffer.join()), ...more });
  }

  #sorted(batch: ColumnBatch): ColumnBatch {
    const { orders, most, per } = this.#spec;
    const compare = orders.map(({ at, isDescending }) => {
      const column = batch.columns[at]!;
      return rowOrder(column, isDescending);
    });
    const rows = Int32Array.from({ length: batch.rows }, (_, row) => row).sort((a, b) => {
      for (const order of compare) {
        const sign = order(a, b);
        if (sign !== 0) return sign;
      }
      return a - b;
    });
    if (most === undefined) return takeRows(batch, rows);
    if (per.length === 0) return takeRows(batch, rows.subarray(0, most));
    const table = new GroupTable(this.#keys.stride, batch.rows);
    const groups = table.groupsOf(this.#keys.encode(batch, per, 0, batch.rows), batch.rows);
    const counts = new Int32Array(table.size);
    return takeRows(
      batch,
      rows.filter((row) => counts[groups[row]!]!++ < most),
    );
  }
}
