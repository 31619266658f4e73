/** Something that is missing: where, when, how much. */

import type { Absence } from "./connection.ts";
import { count } from "./dom.ts";
import type { Frame } from "./frames.ts";
import { type Range, timeOf, timeOfDay } from "./time.ts";

export interface LossEntry {
  readonly kind: string;
  /** `null` where it is not known which. */
  readonly stream: string | null;
  /** `null` where it is not known how much. */
  readonly count: number | null;
  readonly begin: bigint | undefined;
  readonly end: bigint | undefined;
  readonly message: string;
}

export function lossOf(frame: Frame): LossEntry {
  const text = (name: string): string | null =>
    typeof frame[name] === "string" ? (frame[name] as string) : null;
  const count = frame["count"];
  return {
    kind: text("kind") ?? "loss",
    stream: text("stream"),
    count: typeof count === "number" ? count : null,
    begin: timeOf(text("begin_ns")),
    end: timeOf(text("end_ns")),
    message: frame.message ?? "",
  };
}

/** Rows that the server dropped because the page did not take them, between two watermarks. */
export function droppedEntry(
  rows: number,
  begin: bigint | undefined,
  end: bigint | undefined,
): LossEntry {
  const message = `${count(rows)} rows were dropped: this page took them too slowly, or was away for too long`;
  return { kind: "dropped", stream: null, count: rows, begin, end, message };
}

/** What came while the page had no connection, and what the server did not keep for it. */
export function absenceEntry(absence: Absence, begin: bigint | undefined): LossEntry {
  const message = absenceText(absence);
  return { kind: "absence", stream: null, count: null, begin, end: undefined, message };
}

/** `from 08:55:45 to 08:56:50 (65 s) this page was not connected: …` */
export function absenceText({ fromMs, toMs }: Absence): string {
  const at = (ms: number): string => timeOfDay(new Date(ms).toISOString());
  const seconds = Math.round((toMs - fromMs) / 1000);
  return `from ${at(fromMs)} to ${at(toMs)} (${seconds} s) this page was not connected: what came then is missing`;
}

/** Whether it was lost on the way to the page, and not in a stream. */
export function isOfPage({ kind }: LossEntry): boolean {
  return kind === "dropped" || kind === "absence";
}

/** When it happened: a moment, as wide as nothing, where only one end is known. */
export function lossRange({ begin, end }: LossEntry): Range | undefined {
  const first = begin ?? end;
  const last = end ?? begin;
  return first === undefined || last === undefined
    ? undefined
    : { begin: first, end: last > first ? last : first + 1n };
}
