/** What is asked of a cut. */

import type { DecodeError } from "../base/errors.ts";
import type { ColumnBatch } from "../column/column.ts";
import type { OpenedTraces } from "../ctf/trace-directory.ts";
import type { ScanSpec } from "../scan/scanner.ts";

export interface CutSpec {
  readonly opened: OpenedTraces;
  /** What the user wrote: the traces keep their places below these. */
  readonly sources: readonly string[];
  readonly to: string;
  /** Which records pass; its columns are those that `choice` reads. `undefined`: packets are taken over whole, unread. */
  readonly scan: ScanSpec | undefined;
  /** Decides among the records that pass the scan; without one, all of them are kept. */
  readonly choice?: RecordChoice | undefined;
  /** Which event classes the metadata declare. Default: all. */
  readonly classes?: "occurring" | "all" | undefined;
  /** Makes the UUIDs of the traces, 16 bytes each; they stay as they are without. */
  readonly uuid?: (() => Uint8Array) | undefined;
  /** Records of these names are kept whether they pass or not: star globs. */
  readonly alwaysKept: readonly string[];
  /** Asked between packets: whether to give up. */
  readonly isStopped: () => boolean;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  /** Part of a packet that cannot be read. */
  readonly onLoss: (path: string, error: DecodeError) => void;
}

/** What is wanted of records that more decides than their own fields. */
export interface RecordChoice {
  /** The wanted rows of a batch, ascending. */
  wanted(batch: ColumnBatch): Int32Array;
}
