/** What a table of an analysis or a view of `top` is: keys, columns, and the queries that fill them. */

/** A key of a view's rows. `pid` and `tid` are ids on the host. */
export type KeyName =
  | "container"
  | "pid"
  | "tid"
  | "syscall"
  | "filename"
  | "dev"
  | "op"
  | "device"
  | "kind"
  | "irq"
  | "name"
  | "cpu_id"
  | "container_type";

/** How a cell's number is written; `bytes` and `ns` are scaled. */
export type CellUnit = "%" | "rate" | "bytes/s" | "bytes" | "ns" | "count" | "text";

export interface ViewColumn {
  readonly name: string;
  readonly title: string;
  readonly unit: CellUnit;
  /** The least width. */
  readonly width: number;
  readonly help: string;
  /** The value from which on a cell is hot; none for columns that have no heat. */
  readonly hot?: number;
  /** How values of rows that turn out to be one are joined. Default: their sum. */
  readonly join?: "sum" | "max" | "last";
}

/** A query whose rows fill some columns: `TABLE |> MEASURES by KEYS`. */
export interface ViewPart {
  /** A table of the query language; `events` for event records. */
  readonly table: string;
  /** A condition on the table's rows. */
  readonly where?: string;
  /** A measure of the query language for each column; those that a view has no column for are left out. */
  readonly measures: Readonly<Record<string, string>>;
  /** What the table calls the keys, where that is not their usual name. */
  readonly keys?: Readonly<Partial<Record<KeyName, string>>>;
}

export interface View {
  readonly name: string;
  readonly help: string;
  readonly keys: readonly KeyName[];
  readonly columns: readonly ViewColumn[];
  readonly parts: readonly ViewPart[];
  /** The column by which rows are sorted at first, the largest on top. */
  readonly sort: string;
  /** `top`: what Enter opens: the view, filtered by the row's keys. Absent: the events of the row. */
  readonly opens?: string;
}
