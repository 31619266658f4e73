/** What becomes of a query: what is read, what the scan decides, what is done with the rows. */

import { isSelected } from "../base/glob.ts";
import { columnName, columnRequest } from "../column/request.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import { describeCondition } from "../filter/container-condition.ts";
import { print } from "../filter/print.ts";
import type { PlannedQuery } from "./planned-query.ts";

export interface ExplainedQuery {
  /** The events that are read, and how many classes the traces have of them. */
  readonly events: string;
  /** What the scan asks of each event; `undefined`: nothing. */
  readonly filter: string | undefined;
  /** What is asked of an event's container. */
  readonly containers: string | undefined;
  /** The columns that the scan gives. */
  readonly columns: string;
  /** What is done with the rows, in this order. */
  readonly steps: readonly string[];
  readonly result: string;
}

export function explainQuery(
  { question, steps, sets, isPlain }: PlannedQuery,
  traceClasses: readonly TraceClass[],
): ExplainedQuery {
  const { filter, events, select, table } = question;
  const names = eventNames(traceClasses);
  const read = names.filter((name) => isSelected(events, name));
  const wanted = events.length === 0 ? "all" : events.join(", ");
  const isScanned = filter !== undefined && filter.passesAll !== true;
  const condition = filter?.containers?.required;
  const columns = select?.map((one) =>
    columnName(typeof one === "string" ? columnRequest(one) : one),
  );
  const first = table === undefined ? [] : [`table ${table.name}`];
  return {
    events: `${wanted} (${read.length} of ${names.length} event classes)`,
    filter: isScanned ? print(filter.ast) : undefined,
    containers: condition && describeCondition(condition),
    columns: columns === undefined ? "the default ones" : [...new Set(columns)].join(", "),
    steps: isPlain ? [] : [...first, ...steps],
    result: RESULTS[sets ?? "rows"],
  };
}

const RESULTS = {
  windows: "a batch of rows for each window, when it is over",
  totals: "one batch of rows at the end; live, also once a second so far",
  rows: "rows in the order of time",
};

function eventNames(traceClasses: readonly TraceClass[]): string[] {
  const names = traceClasses.flatMap(({ streamClasses }) =>
    [...streamClasses.values()].flatMap(({ eventClasses }) =>
      [...eventClasses.values()].map(({ name }) => name),
    ),
  );
  return [...new Set(names)];
}
