/** What the server sends: docs/protocol.md. */

export interface Column {
  readonly name: string;
  readonly type: string;
}

/** A row: times are bigints, other values what JSON has. Columns without a value are left out. */
export type Row = Readonly<Record<string, unknown>>;

export interface QueryError {
  readonly code: string;
  readonly message: string;
  /** UTF-16 code units of the query. */
  readonly start?: number;
  readonly end?: number;
}

export interface StreamLosses {
  readonly stream: string;
  readonly lost_events: number;
  readonly lost_packets: number;
}

/** A text frame. */
export interface Frame {
  readonly type: "status" | "loss" | "note" | "error" | "end";
  /** The name of a query that can be resumed. */
  readonly query?: string;
  readonly columns?: readonly Column[];
  readonly error?: QueryError;
  readonly text?: string;
  readonly message?: string;
  readonly streams?: readonly StreamLosses[];
  readonly [total: string]: unknown;
}

/** Whether a column of this type has numbers. */
export function isNumber(type: string): boolean {
  return /^(u?int|float)/.test(type);
}
