/** What a named analysis is: tables of the same measures by several keys, and how they look. */

import type { KeyName, ViewColumn, ViewPart } from "./view.ts";

/** What a table has a row for. */
export const SUBJECTS = ["container", "process", "thread", "cpu"] as const;
export type Subject = (typeof SUBJECTS)[number];

/** What a column's values are, to readers of LAMI. */
export type LamiClass = "ratio" | "number" | "size" | "duration" | "string" | "bitrate";

export interface AnalysisColumn extends ViewColumn {
  readonly lami: LamiClass;
  /** What is counted, such as `pages`. */
  readonly counts?: string;
  /** Whether the sum of a table's rows means anything. */
  readonly isSummed?: boolean;
}

export interface Analysis {
  readonly name: string;
  readonly title: string;
  readonly help: string;
  /** Tables that are shown where none is asked for. */
  readonly subjects: readonly Subject[];
  /** Subjects that its events know. */
  readonly possible: readonly Subject[];
  /** Keys behind the subject's: system calls, devices. */
  readonly more: readonly KeyName[];
  readonly columns: readonly AnalysisColumn[];
  readonly parts: readonly ViewPart[];
  readonly sort: string;
  /** The column that is drawn as bars; none for tables of statistics. */
  readonly bars?: string;
  /** A table of the query language and what of it is drawn as a distribution, with its condition. */
  readonly distribution?: {
    readonly table: string;
    readonly value: string;
    readonly where?: string;
  };
}

/** The keys of a subject's rows. */
export function keysOf(subject: Subject, { more }: Analysis): readonly KeyName[] {
  const subjects: Readonly<Record<Subject, readonly KeyName[]>> = {
    container: ["container", "container_type"],
    process: ["container", "pid"],
    thread: ["container", "tid"],
    cpu: ["cpu_id"],
  };
  return [...subjects[subject], ...more];
}
