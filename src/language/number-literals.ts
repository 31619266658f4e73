/** Numbers that belong to a stage: durations (`every 1s`, `within 500ms`) and counts (`limit 10`). */

import type { Token } from "../filter/lexer.ts";
import { integerValue, numberOf, unitOf } from "../filter/literals.ts";
import { wrongStage } from "./language-error.ts";

const DURATIONS: ReadonlySet<string | undefined> = new Set(["ns", "us", "ms", "s", "min", "h"]);

/**
 * Its length in ns: whole, and more than 0.
 * @param what the word before it
 * @throws FilterError `QUERY_STAGE` for numbers without a unit, and for those with a size's
 */
export function durationNs(token: Token, what: string, text: string): bigint {
  const number = Number.parseFloat(token.text);
  if (number !== 0 && !DURATIONS.has(unitOf(token.text)))
    throw wrongStage(
      text,
      token,
      what,
      `expected a duration with its unit, such as 1s or ${number}ms, got ${token.text}`,
    );
  const ns = BigInt(Math.round(checked(token, what, text)));
  if (ns <= 0n)
    throw wrongStage(text, token, what, "expected a duration of more than 0, such as 1s");
  return ns;
}

/**
 * A number of rows.
 * @param what the word before it
 * @throws FilterError `QUERY_STAGE` for numbers with a unit
 */
export function rowCount(token: Token, what: string, text: string): number {
  if (unitOf(token.text) !== undefined)
    throw wrongStage(text, token, what, `expected a number of rows, got ${token.text}`);
  const rows = checked(token, what, text);
  // Integers beyond 63 bits are negative as LTTng reads them: there are never so many rows.
  return rows < 0 ? Number.MAX_SAFE_INTEGER : rows;
}

function checked(token: Token, what: string, text: string): number {
  const value = integerValue(token.text);
  if (typeof value === "string") throw wrongStage(text, token, what, `${value}, got ${token.text}`);
  return numberOf(value);
}
