import type { Fields } from "../calls/call-line.ts";

/** An event record, as it comes. */
export interface TracedEvent {
  readonly ns: bigint;
  readonly event: string;
  /** The machine. */
  readonly host: string;
  readonly pid: number;
  readonly tid: number;
  /** The process's id in its container, where that is recorded. */
  readonly vpid?: number;
  readonly command: string;
  readonly container: string;
  /** Parsed when it is needed. */
  readonly payload: () => Fields;
}
