/** Ranges of integers, as mappings and selectors have them. */

import type { Range } from "./trace-class.ts";

/** What keeps a range from holding values of an integer, if anything. */
export function rangeProblem(ranges: readonly Range[], signed: boolean): string | undefined {
  const wrong = ranges.find(({ low, high }) => (signed ? high > MOST_SIGNED : low < 0n));
  if (wrong === undefined) return undefined;
  const kind = signed ? "a signed" : "an unsigned";
  return `expected a range of ${kind} integer, got ${wrong.low} to ${wrong.high}`;
}

const MOST_SIGNED = (1n << 63n) - 1n;
