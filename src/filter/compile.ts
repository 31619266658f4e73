import type { Expression } from "./ast.ts";
import { integer } from "./build.ts";
import type { Program } from "./bytecode.ts";
import { check } from "./check.ts";
import { emit } from "./emit.ts";
import { parse } from "./parse.ts";
import { splitContainers } from "./split-containers.ts";

/**
 * Compiles a filter expression: parse → split → check → emit. It knows no trace yet; `link` brings the two together.
 *
 * @throws FilterError with span, line, column and what was expected, when the expression is not valid
 * @see lttng-enable-event(1), "Filter expression"
 */
export function compileFilter(text: string): Program {
  return compileExpression(parse(text), text);
}

/**
 * Compiles an expression that stands in a longer text, such as a query.
 *
 * @throws FilterError as `compileFilter`, with places in `text`
 */
export function compileExpression(expression: Expression, text: string): Program {
  const { scanned, containers } = splitContainers(expression, text);
  const ast = scanned ?? integer(1);
  check(ast, text);
  const program = emit(ast, text);
  if (containers === undefined) return program;
  return { ...program, containers, passesAll: scanned === undefined };
}
