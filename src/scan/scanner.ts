import type { DecodeError } from "../base/errors.ts";
import type { PlannedColumn } from "../column/schema.ts";
import type { PacketHeader } from "../ctf/packet-header.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { Program } from "../filter/bytecode.ts";

/** What one query asks of every packet. */
export interface ScanSpec {
  readonly filter: Program | undefined;
  /** Star globs over event names, any of which may match; empty means all. */
  readonly events: readonly string[];
  readonly columns: readonly PlannedColumn[];
  /** Whether only the number of rows matters: none is kept then. */
  readonly countsOnly?: boolean;
  /** Which rows may come as one; the interpreter leaves every row on its own. */
  readonly fold?: Fold | undefined;
  /** How many rows are wanted, if not all: of no packet need more be scanned at once. */
  readonly limit?: number | undefined;
  /** Nanoseconds since the Unix epoch, both inclusive. */
  readonly begin: bigint | undefined;
  readonly end: bigint | undefined;
}

/**
 * Rows of a packet that are equal but for their time may come as one: at the time of the first of them, with their number
 * in the column `weight`. For aggregates, which need no more.
 */
export interface Fold {
  /** Rows of different panes of time stay apart, ns; without panes, the last row of a packet stays as it is. */
  readonly paneNs: bigint | undefined;
  /** Rows before and from these times stay apart, too: ns since the Unix epoch, ascending. */
  readonly cuts: BigInt64Array;
  /** Columns that may differ in rows whose column `unless` has a value that is not 0; other rows are not folded. */
  readonly ignored?: { readonly columns: readonly number[]; readonly unless: number } | undefined;
}

/** Facts about a trace that its metadata may not hold. */
export interface TraceFacts {
  /** Host name by the relayd, used where the environment names none. */
  readonly host: string | undefined;
}

/** A place between two records of a packet, with the clock as it is there. */
export interface ResumePoint {
  readonly bit: number;
  readonly clockHi: number;
  readonly clockLo: number;
}

/** `Rows` is what an executor keeps rows in: batches for the interpreter, segments of chunks in its memory for the kernel. */
export interface ScanOutcome<Rows> {
  /** What holds the rows that passed, in stream order. */
  readonly rows: readonly Rows[];
  /** Rows that passed. */
  readonly matched: number;
  /** Event records walked, whether they passed or not. */
  readonly events: number;
  /** Why the rest of the packet could not be read. */
  readonly error: DecodeError | undefined;
  /** Set with `error` when newer metadata may declare what is missing. */
  readonly resume: ResumePoint | undefined;
  /** Behind the last record that was read: before a record that is wrong, or where the budget was used up. */
  readonly reached: ResumePoint;
  /** Ids of event classes, of many, that records were met of for the first time in this thread; the interpreter does not say. */
  readonly met?: readonly number[];
}

/** When a scan stops before the packet's end, between two records, once it has found any row. */
export interface ScanBudget {
  readonly rows: number;
  /** Time of `performance.now()`. */
  readonly until: number;
}

export const NO_BUDGET: ScanBudget = {
  rows: Number.POSITIVE_INFINITY,
  until: Number.POSITIVE_INFINITY,
};

/**
 * Turns packets of one trace into rows of one query. The interpreter and the compiled kernel both stand behind this.
 *
 * `scan` borrows the bytes for the call.
 */
export interface Scanner<Rows> {
  /** Takes a newer trace class over; packets scanned from now on are read with it. */
  update(traceClass: TraceClass): void;
  scan(
    bytes: Uint8Array,
    header: PacketHeader,
    resume: ResumePoint | undefined,
    budget?: ScanBudget,
  ): ScanOutcome<Rows>;
  /** The trace has ended: what was made for it goes, but for its rows. */
  close(): void;
}
