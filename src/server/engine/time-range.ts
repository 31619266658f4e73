/** The range of times that a client asks for. */

import { FeedError, TraceError } from "../../base/errors.ts";
import { parseTimeBound, type TimeBound } from "../../source/time-bound.ts";
import { badParameter, type Parameters } from "./parameters.ts";

/** Both are in the range. */
export interface TimeRange {
  readonly begin: TimeBound | undefined;
  readonly end: TimeBound | undefined;
}

/**
 * Reads `begin` and `end`, texts of which both are in the range, or `begin_ns` and `end_ns`, which are half-open.
 * @throws FeedError 400 `BAD_PARAMETER`
 */
export function readTimeRange(parameters: Parameters): TimeRange {
  return { begin: readTime(parameters, "begin", 0n), end: readTime(parameters, "end", 1n) };
}

/** @param less how much before `…_ns` the last row may be */
function readTime(
  parameters: Parameters,
  name: "begin" | "end",
  less: bigint,
): TimeBound | undefined {
  const text = parameters.text(name);
  const ns = parameters.nanoseconds(`${name}_ns`);
  if (text !== undefined && ns !== undefined)
    throw badParameter(`${name}_ns`, `nothing, since ${name} says it`, String(ns));
  if (ns !== undefined) return { kind: "absolute", ns: ns - less };
  if (text === undefined) return undefined;
  try {
    return parseTimeBound(text);
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    throw new FeedError("BAD_PARAMETER", `${name}: ${error.message}`, 400, { cause: error });
  }
}
