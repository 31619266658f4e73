/** Something that is missing: where, when, how much. */

import type { Frame } from "./frames.ts";
import { type Range, timeOf } from "./time.ts";

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

/** When it happened: a moment, as wide as nothing, where only one end is known. */
export function lossRange({ begin, end }: LossEntry): Range | undefined {
  const first = begin ?? end;
  const last = end ?? begin;
  return first === undefined || last === undefined
    ? undefined
    : { begin: first, end: last > first ? last : first + 1n };
}
