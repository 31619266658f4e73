/** Tables: rows made of events, such as a system call of its entry and its exit. */

import type { ColumnType } from "../../column/column.ts";
import type { ColumnLayout } from "../../column/schema.ts";

/** A column of a table's own. */
export interface OwnColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly unit?: string | undefined;
}

/** Of which event of an interval: its first, its last, or the first that has a value. */
export type Side = "begin" | "end" | "either";

/** A column of a table's output: its own, or one that its events have. */
export type OutputColumn =
  | ({ readonly kind: "own" } & OwnColumn)
  | {
      readonly kind: "carried";
      readonly name: string;
      /** Where it stands in the input. */
      readonly at: number;
      readonly from: Side;
    };

export interface TableSpec {
  readonly output: readonly OutputColumn[];
  /** Where intervals that are still open are cut: at whole numbers of so many ns; `undefined`: nowhere. */
  readonly paneNs: bigint | undefined;
}

/** The layout of an output column, of an input. */
export function outputLayout(column: OutputColumn, input: readonly ColumnLayout[]): ColumnLayout {
  if (column.kind === "carried") return { ...input[column.at]!, name: column.name, nullable: true };
  const { name, type, unit } = column;
  return { name, type, nullable: true, ...(unit !== undefined && { unit }) };
}
