import type { Program } from "./bytecode.ts";
import { check } from "./check.ts";
import { emit } from "./emit.ts";
import { parse } from "./parse.ts";

/**
 * Compiles a filter expression: parse → check → emit. It knows no trace yet; `link` brings the two together.
 *
 * @throws FilterError with span, line, column and what was expected, when the expression is not valid
 * @see lttng-enable-event(1), "Filter expression"
 */
export function compileFilter(text: string): Program {
  const ast = parse(text);
  check(ast, text);
  return emit(ast, text);
}
