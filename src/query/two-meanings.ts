/** Bare names that could mean a payload field or a context: a filter takes the field, a selection or `|> where` the context. */

import { type ColumnRequest, findRequested } from "../column/request.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { Program } from "../filter/bytecode.ts";
import type { ProgramSymbol, SymbolRoot } from "../filter/symbol.ts";

/** A line for each such name, which says what is taken and how to say the other. */
export function twoMeaningNotes(
  filter: Program | undefined,
  requests: readonly ColumnRequest[],
  traceClasses: readonly TraceClass[],
): readonly string[] {
  const symbols = filter?.symbols ?? [];
  const inFilter = bareNames(symbols, "payload");
  const inStages = bareNames(
    [...symbols, ...requests.flatMap((one) => (one.kind === "match" ? symbolsOf(one) : []))],
    "column",
  );
  // Columns that a table shows by default were named by nobody: there is nothing to say of them.
  const selected = requests.flatMap((one) =>
    one.kind === "name" && (one.written !== undefined || one.isOptional !== true) ? [one.name] : [],
  );
  const isContext = (name: string): string =>
    `${name} is the context; the field is payload.${name}`;
  const isBoth = (name: string): boolean => hasBoth(name, traceClasses);
  return [
    ...[...new Set(inFilter)]
      .filter(isBoth)
      .map((name) => `filter: ${name} is the field; the context is $ctx.${name}`),
    ...[...new Set(selected)].filter(isBoth).map((name) => `select: ${isContext(name)}`),
    ...[...new Set(inStages)]
      .filter((name) => isBoth(name) && !selected.includes(name))
      .map((name) => `where: ${isContext(name)}`),
  ];
}

function symbolsOf({ program }: ColumnRequest & { kind: "match" }): readonly ProgramSymbol[] {
  return (program as Program).symbols;
}

/** Names where nothing is written that says which of the two is meant. */
function bareNames(symbols: readonly ProgramSymbol[], root: SymbolRoot): readonly string[] {
  return symbols.flatMap(({ root: own, names, text }) =>
    own === root && names.length === 1 && !text.startsWith("payload.") ? names : [],
  );
}

function hasBoth(name: string, traceClasses: readonly TraceClass[]): boolean {
  const request = { name };
  let hasContext = false;
  let hasField = false;
  for (const { streamClasses } of traceClasses) {
    for (const { commonContext, eventClasses } of streamClasses.values()) {
      hasContext ||= findRequested("common-context", commonContext, request) !== undefined;
      for (const { specificContext, payload } of eventClasses.values()) {
        hasContext ||= findRequested("specific-context", specificContext, request) !== undefined;
        hasField ||= findRequested("payload", payload, request) !== undefined;
      }
      if (hasContext && hasField) return true;
    }
  }
  return false;
}
