/** Durations in a query: `every 1s`, `within 500ms`. */

import type { Token } from "../filter/lexer.ts";
import { wholeNumber } from "../filter/literals.ts";
import { wrongStage } from "./language-error.ts";

const DURATION = /(ns|us|µs|ms|s|min|h|d)$/;

/**
 * Its length in ns: whole, and more than 0.
 * @param what the word before it
 * @throws FilterError `QUERY_STAGE` for numbers without a unit, and for those with a size's
 */
export function durationNs(token: Token, what: string, text: string): bigint {
  const number = Number.parseInt(token.text, 10);
  if (number !== 0 && !DURATION.test(token.text))
    throw wrongStage(
      text,
      token,
      what,
      `expected a duration with its unit, such as 1s or ${number}ms, got ${token.text}`,
    );
  const ns = BigInt(Math.round(wholeNumber(token.text)));
  if (ns <= 0n)
    throw wrongStage(text, token, what, "expected a duration of more than 0, such as 1s");
  return ns;
}
