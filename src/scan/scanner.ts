import type { DecodeError } from "../base/errors.ts";
import type { PlannedColumn } from "../column/layout.ts";
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
  /** Nanoseconds since the Unix epoch, both inclusive. */
  readonly begin: bigint | undefined;
  readonly end: bigint | undefined;
}

/** Facts about a trace that its metadata may not hold. */
export interface TraceFacts {
  /** Host name by the relayd, used where the environment names none. */
  readonly host: string | undefined;
}

/** Where to go on in a packet whose next event class is not declared yet. */
export interface ResumePoint {
  readonly bit: number;
  readonly clockHi: number;
  readonly clockLo: number;
}

/** `Rows` is what an executor keeps rows in: batches for the interpreter, chunks of its memory for the kernel. */
export interface ScanOutcome<Rows> {
  /** What holds the rows that passed, in stream order. The first may be the one that was given, with more rows in it. */
  readonly rows: readonly Rows[];
  /** Rows that passed. */
  readonly matched: number;
  /** Event records walked, whether they passed or not. */
  readonly events: number;
  /** Why the rest of the packet could not be read. */
  readonly error: DecodeError | undefined;
  /** Set with `error` when newer metadata may declare what is missing. */
  readonly resume: ResumePoint | undefined;
}

/**
 * Turns packets of one trace into rows of one query. The interpreter and the compiled kernel both stand behind this.
 *
 * `scan` borrows the bytes for the call.
 */
export interface Scanner<Rows> {
  /** Takes a newer trace class over; packets scanned from now on are read with it. */
  update(traceClass: TraceClass): void;
  /** @param open the stream's latest rows, which may be added to */
  scan(
    bytes: Uint8Array,
    header: PacketHeader,
    resume: ResumePoint | undefined,
    open: Rows | undefined,
  ): ScanOutcome<Rows>;
  /** The trace has ended: what was made for it goes, but for its rows. */
  close(): void;
}
