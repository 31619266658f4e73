/** Bare names that could mean a payload field or a context: a filter takes the field, a selection the context. */

import { type ColumnRequest, findRequested } from "../column/request.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { Program } from "../filter/bytecode.ts";

/** A line for each such name, which says what is taken and how to say the other. */
export function twoMeaningNotes(
  filter: Program | undefined,
  requests: readonly ColumnRequest[],
  traceClasses: readonly TraceClass[],
): readonly string[] {
  const inFilter = (filter?.symbols ?? [])
    .filter(({ root, names }) => root === "payload" && names.length === 1)
    .map(({ names: [name = ""] }) => name);
  const selected = requests.flatMap((request) => (request.kind === "name" ? [request.name] : []));
  const isBoth = (name: string): boolean => hasBoth(name, traceClasses);
  return [
    ...[...new Set(inFilter)]
      .filter(isBoth)
      .map((name) => `filter: ${name} is the field; the context is $ctx.${name}`),
    ...[...new Set(selected)]
      .filter(isBoth)
      .map((name) => `select: ${name} is the context; the field is payload.${name}`),
  ];
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
