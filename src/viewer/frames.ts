/** What the server sends: docs/protocol.md. */

export interface Column {
  readonly name: string;
  readonly type: string;
}

/** A row of NDJSON. */
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
  readonly columns?: readonly Column[];
  readonly error?: QueryError;
  readonly text?: string;
  readonly message?: string;
  readonly streams?: readonly StreamLosses[];
  readonly [total: string]: unknown;
}

/**
 * The row of a line. Whole numbers that a double cannot hold stay the text that they are.
 */
export function rowOf(line: string): Row {
  return JSON.parse(line, exactly as Parameters<typeof JSON.parse>[1]) as Row;
}

function exactly(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  return source !== undefined && /^-?\d+$/.test(source) ? source : value;
}

const NEWLINE = 10;

/** How many lines a frame of NDJSON has, and the last `most` of them. Only these are decoded. */
export function lastLines(
  bytes: Uint8Array,
  most: number,
): { readonly total: number; readonly lines: readonly string[] } {
  if (bytes.length === 0) return { total: 0, lines: [] };
  let total = 1;
  let from = 0;
  for (let at = bytes.length - 2; at >= 0; at--) {
    if (bytes[at] !== NEWLINE) continue;
    if (total++ === most) from = at + 1;
  }
  const text = new TextDecoder().decode(bytes.subarray(from));
  return { total, lines: text.trimEnd().split("\n") };
}
