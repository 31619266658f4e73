/** What a query asks, against what the traces declare. */

import { SourceError } from "../base/errors.ts";
import { isSelected } from "../base/glob.ts";
import { listed, nearNames, suggestion } from "../base/suggestion.ts";
import { selectableNames, unknownColumns } from "../column/layout.ts";
import type { ColumnRequest } from "../column/request.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import { linkEnvironments } from "../feed/environments.ts";
import type { Program } from "../filter/bytecode.ts";
import { coverageNote } from "../filter/coverage.ts";
import { filterError } from "../filter/filter-error.ts";
import { type UnknownSymbol, unknownSymbols } from "../filter/symbols.ts";
import type { Question } from "./question.ts";

/**
 * Notes on names that no event class has.
 * @throws FilterError, SourceError where nothing more will be declared
 */
export function* checkNames(
  { filter, hintFor }: Question,
  requests: readonly ColumnRequest[],
  traceClasses: readonly TraceClass[],
  isLive: boolean,
): Generator<string> {
  if (filter !== undefined) yield* checkSymbols(filter, traceClasses, isLive, hintFor);
  for (const request of requests)
    if (request.kind === "match")
      yield* checkSymbols(request.program as Program, traceClasses, isLive);
  const [column] = unknownColumns(requests, traceClasses);
  if (column === undefined) return;
  const { name, written } = column;
  const problem = `expected a field or context of the trace, got ${name}`;
  const names = [...selectableNames(traceClasses)];
  const help = helpWith(name, names, hintFor?.(name));
  if (!isLive && written !== undefined)
    throw filterError(
      "SELECT_UNKNOWN_FIELD",
      written.text,
      written,
      "query",
      `${problem}${help ?? suggestion(name, names)}`,
    );
  const message = `${written === undefined ? "select" : "query"}: ${problem}`;
  if (!isLive)
    throw new SourceError("SELECT_UNKNOWN_FIELD", `${message}${help ?? suggestion(name, names)}`);
  const near = nearNames(name, names);
  const meant = near.length === 0 ? "" : `; did you mean ${listed(near, " or ")}?`;
  yield `${message}${help ?? meant} (nothing has it so far)`;
}

/** What is better to say than which names there are. */
function helpWith(
  name: string,
  names: readonly string[],
  hint: string | undefined,
): string | undefined {
  // With a type behind it, a name means a field: the column of that name has its own type.
  if (names.includes(name)) return `, which is a column with a type of its own: ${name} alone`;
  return hint === undefined ? undefined : ` (${hint})`;
}

function* checkSymbols(
  filter: Program,
  traceClasses: readonly TraceClass[],
  isLive: boolean,
  hintFor?: Question["hintFor"],
): Generator<string> {
  const all = unknownSymbols(filter, linkEnvironments(traceClasses));
  const unknown = all.find(({ isAllowed }) => !isAllowed) ?? all[0];
  if (unknown === undefined) return;
  const { symbol, isAllowed, isFact } = unknown;
  if (isFact === true) {
    yield `filter: ${symbol} has no value${isLive ? " so far" : " in these traces"}: comparisons with it are false`;
    return;
  }
  const { source = filter.text } = filter;
  const problem = `expected a field or context of the trace, got ${symbol}${hintOf(unknown, hintFor?.(symbol))}`;
  if (!isLive && !isAllowed)
    throw filterError("FILTER_UNKNOWN_FIELD", source, unknown, "filter", problem);
  yield `filter: ${problem}; nothing has it${isLive ? " so far" : ""}`;
}

function hintOf(
  { symbol, nearest, labelOf, isEvent }: UnknownSymbol,
  hint: string | undefined,
): string {
  if (isEvent === true) return ` (an event is $event.name == "${symbol}")`;
  if (hint !== undefined) return ` (${hint})`;
  if (labelOf !== undefined) return ` (a label of ${labelOf} is a text: "${symbol}")`;
  return nearest === undefined ? "" : ` (did you mean ${nearest}?)`;
}

/** What a begin or end does to events that have no time. */
export function timelessNote(
  { begin, end }: Question,
  { streamClasses }: TraceClass,
): string | undefined {
  if (begin === undefined && end === undefined) return undefined;
  const timeless = [...streamClasses.values()].find(
    ({ clock, eventClasses }) => clock === undefined && eventClasses.size > 0,
  );
  return timeless === undefined
    ? undefined
    : `stream class ${timeless.id} has no clock: its events have no time, and a begin or end leaves them out`;
}

/** Which event classes the filter leaves out without looking at their records. */
export function coverageOf(
  { filter, events }: Question,
  traceClasses: readonly TraceClass[],
  isLive: boolean,
): string | undefined {
  if (filter === undefined) return undefined;
  const environments = [...linkEnvironments(traceClasses)].filter(({ eventClass: { name } }) =>
    isSelected(events, name),
  );
  const text = coverageNote(filter, environments);
  return text === undefined || !isLive ? text : `so far, ${text}`;
}
