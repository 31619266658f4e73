import { FilterError } from "../base/errors.ts";
import { excerpt, positionAt, type Span } from "../base/text.ts";

/**
 * A `FilterError` in the house's message grammar: what was read: what was expected and what came, where, and the
 * line with a caret.
 */
export function filterError(
  code: string,
  text: string,
  span: Span,
  subject: string,
  problem: string,
  expected: readonly string[] = [],
): FilterError {
  const { line, column } = positionAt(text, span.start);
  const message = `${subject}: ${problem}, at line ${line}, column ${column}\n${excerpt(text, span)}`;
  return new FilterError(code, message, span, { expected });
}
