/** What threads that convert are asked, and what they answer. */

import type { ColumnRequest } from "../column/request.ts";

/** The same for all slices of a conversion. */
export interface ConvertSpec {
  readonly sources: readonly string[];
  readonly clockOffsetNs: bigint;
  /** Of the files: a format whose writer gives its bytes at once. */
  readonly format: string;
  /** `undefined`: the default columns, and the container where traces have container metadata. */
  readonly select: readonly (string | ColumnRequest)[] | undefined;
  readonly folder: string;
  /** What the user calls the folder or the file. */
  readonly to: string;
}

/** A part of the traces by time; both ends are inclusive, ns since the Unix epoch. */
export interface Slice {
  readonly begin: bigint | undefined;
  readonly end: bigint | undefined;
}

export type ToConverter =
  /** Rows into a file; `name`: of the file, instead of one by its number and times. */
  | {
      readonly kind: "slice";
      readonly number: number;
      readonly slice: Slice;
      readonly name: string | undefined;
    }
  /** Reads everything and counts. */
  | { readonly kind: "count" };

export interface TaskResult {
  readonly rows: number;
  /** A line for each loss, and for all of them. */
  readonly losses: readonly string[];
  readonly lost: string;
  readonly notes: readonly string[];
}

export type FromConverter =
  | { readonly kind: "progress"; readonly doneBytes: number }
  | { readonly kind: "done"; readonly result: TaskResult }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };
