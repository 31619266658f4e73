/** Operations on values known when linking. */

import { wordToBigInt, wordToNumber } from "../base/bits.ts";
import { compareDoubles, compareIntegers, holds, negate, truncateToInteger } from "./arithmetic.ts";
import { compareText, matchesPattern } from "./glob.ts";
import type { Integer } from "./literals.ts";
import type { TextConstant } from "./text-literal.ts";

/** A value that is the same for every record: integer, double or text. */
export type Constant = Integer | number | TextConstant;

/** The outcome of a comparison, by its place in `COMPARISON_ORDER`, when both sides are known. */
export function comparedConstants(
  comparison: number,
  a: Constant | undefined,
  b: Constant | undefined,
): boolean | undefined {
  if (a === undefined || b === undefined) return undefined;
  if (isTextConstant(a) || isTextConstant(b)) {
    if (!isTextConstant(a) || !isTextConstant(b)) return undefined;
    return holds(comparison, comparedTexts(a, b));
  }
  if (typeof a !== "number" && typeof b !== "number") {
    return holds(comparison, compareIntegers(a.hi, a.lo, b.hi, b.lo));
  }
  return holds(comparison, compareDoubles(asDouble(a), asDouble(b)));
}

/** The result of `-`, `!` or `~` on a known value, or `undefined` where it has none. */
export function foldedUnary(operator: string, constant: Constant): Constant | undefined {
  if (isTextConstant(constant)) return undefined;
  if (typeof constant === "number") {
    if (operator === "~") return undefined;
    return operator === "-" ? -constant : { hi: 0, lo: constant === 0 ? 1 : 0 };
  }
  const { hi, lo } = constant;
  if (operator === "~") return { hi: ~hi, lo: ~lo };
  if (operator === "!") return { hi: 0, lo: hi === 0 && lo === 0 ? 1 : 0 };
  const word = { hi: 0, lo: 0 };
  negate(hi, lo, word);
  return word;
}

/** A known double as `&&` and `||` take it. */
export function truncated(value: number): Integer {
  const word = { hi: 0, lo: 0 };
  truncateToInteger(value, word);
  return word;
}

/** How messages call a value that has no name. */
export function constantName(constant: Constant): string {
  if (typeof constant === "number") return String(constant);
  return isTextConstant(constant)
    ? `"${decoder.decode(constant.raw)}"`
    : String(wordToBigInt(constant, true));
}

const decoder = new TextDecoder();

function isTextConstant(constant: Constant): constant is TextConstant {
  return typeof constant === "object" && "raw" in constant;
}

function asDouble(constant: Integer | number): number {
  return typeof constant === "number" ? constant : wordToNumber(constant, true);
}

/** A star pattern sees the other literal as it is written: escapes there are not decoded (measured, LTTng 2.13.9). */
function comparedTexts(a: TextConstant, b: TextConstant): number {
  if (a.globClass === "star") return matches(a, b) ? 0 : 1;
  if (b.globClass === "star") return matches(b, a) ? 0 : 1;
  const aIsPrefix = a.globClass === "star-at-end";
  const bIsPrefix = b.globClass === "star-at-end";
  const [x, y] = [a.decoded, b.decoded];
  return compareText(x, 0, x.length, aIsPrefix, y, 0, y.length, bIsPrefix);
}

function matches(pattern: TextConstant, text: TextConstant): boolean {
  return matchesPattern(pattern.pattern, text.raw, 0, text.raw.length);
}
