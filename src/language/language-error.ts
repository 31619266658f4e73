/** What is wrong with a query, where, and what could have stood there. */

import type { FilterError } from "../base/errors.ts";
import { listed, nearNames } from "../base/suggestion.ts";
import type { Span } from "../base/text.ts";
import { filterError } from "../filter/filter-error.ts";

/** `QUERY_NAME`: a name that stands for nothing, with the nearest that does. */
export function unknownName(
  text: string,
  at: Span,
  what: string,
  name: string,
  names: readonly string[],
  meant?: string,
): FilterError {
  const near = meant === undefined ? nearNames(name, names) : [meant];
  const hint = near.length === 0 ? "" : ` (did you mean ${listed(near, " or ")}?)`;
  const all = names.length <= MAX_LISTED ? `; there are ${names.join(", ")}` : "";
  return filterError("QUERY_NAME", text, at, what, `got ${name}${hint}${all}`, names);
}

/** Names that a message lists. */
const MAX_LISTED = 24;

/** `QUERY_TYPE`: a value of a kind that cannot stand there. */
export function wrongType(text: string, at: Span, what: string, problem: string): FilterError {
  return filterError("QUERY_TYPE", text, at, what, problem);
}

/** `QUERY_STAGE`: a stage, or a part of one, that cannot stand there. */
export function wrongStage(text: string, at: Span, what: string, problem: string): FilterError {
  return filterError("QUERY_STAGE", text, at, what, problem);
}
