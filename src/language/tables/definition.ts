/** How a table is described to the planner, and the words that most descriptions are made of. */

import type { ColumnType } from "../../column/column.ts";
import type { ColumnRequest } from "../../column/request.ts";
import type { Operator } from "../../operators/operator.ts";
import type { Side, TableSpec } from "../../operators/tables/table.ts";

export interface TableColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly unit?: string;
  readonly help: string;
}

/** What the planner asks a table for. */
export interface TableRequest {
  /** Own columns that are wanted. */
  readonly wanted: ReadonlySet<string>;
}

/** A table, as the planner knows it. */
export interface TableDefinition {
  readonly name: string;
  readonly help: string;
  /** Its own columns. */
  readonly columns: readonly TableColumn[];
  /** Columns of its rows where nothing is selected, beside the container's. */
  readonly shown: readonly string[];
  /** Globs over the names of the events that it reads. */
  events(request: TableRequest): readonly string[];
  /** Of each of these groups of its events, a row needs one; where nothing is said, any of its events will do. */
  readonly rowsNeed?: readonly (readonly string[])[];
  /** Whether fields of its events are columns, too. */
  readonly hasFields: boolean;
  /** Whether `begin.x` and `end.x` say of which of its events. */
  readonly hasSides?: boolean;
  readonly isInterval: boolean;
  /** Whether all events of a row are of one container. */
  readonly sharesContainer?: boolean;
  /** Of which event contexts and fields are: an interval's first, its last, or the first of them that has a value. */
  readonly contextsFrom: Side;
  /** What the operator reads of its events, in this order, in front of the carried columns. */
  needs(request: TableRequest): readonly ColumnRequest[];
  open(spec: TableSpec, request: TableRequest): Operator;
}

export const INT32: ColumnType = { kind: "number", number: "int32" };
export const INT64: ColumnType = { kind: "number", number: "int64" };
export const TEXT: ColumnType = { kind: "dictionary" };
/** Texts of which few are the same. */
export const LINE: ColumnType = { kind: "utf8", content: "text" };
const TIME: ColumnType = { kind: "timestamp" };

export const context = (name: string): ColumnRequest => ({
  kind: "context",
  name,
  isOptional: true,
});
export const field = (name: string): ColumnRequest => ({ kind: "field", name, isOptional: true });
export const EVENT: ColumnRequest = { kind: "event" };
export const BOOT: ColumnRequest = { kind: "boot" };
export const CPU: ColumnRequest = { kind: "cpu_id" };

export const column = (
  name: string,
  type: ColumnType,
  help: string,
  unit?: string,
): TableColumn => ({
  name,
  type,
  help,
  ...(unit !== undefined && { unit }),
});

export const BEGIN: TableColumn = column("timestamp", TIME, "when it began");
export const DT: TableColumn = column("dt", INT64, "how long it took", "ns");
