import type { Expression } from "./ast.ts";
import type { Program } from "./bytecode.ts";
import { check } from "./check.ts";
import { splitContainers } from "./container-condition.ts";
import { emit } from "./emit.ts";
import { parse } from "./parse.ts";

/** All that a filter leaves to the scan where it speaks of nothing but containers. */
const TRUE: Expression = { kind: "integer", text: "1", start: 0, end: 0 };

/**
 * Compiles a filter expression: parse → split → check → emit. It knows no trace yet; `link` brings the two together.
 *
 * @throws FilterError with span, line, column and what was expected, when the expression is not valid
 * @see lttng-enable-event(1), "Filter expression"
 */
export function compileFilter(text: string): Program {
  const { rest = TRUE, condition } = splitContainers(parse(text), text);
  check(rest, text);
  const program = emit(rest, text);
  return condition === undefined ? program : { ...program, containers: condition };
}
