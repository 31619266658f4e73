/** The plan of a query over a table: what the table asks of events, and its operators before those of the stages behind. */

import type { ColumnRequest } from "../column/request.ts";
import type { Operator } from "../operators/operator.ts";
import type { OutputColumn } from "../operators/tables/table.ts";
import type { Question } from "../query/question.ts";
import type { OpenOptions, PlannedQuery } from "./planned-query.ts";
import type { TableScope } from "./scope.ts";
import type { TableDefinition } from "./tables/definition.ts";

export function overTable(
  table: TableDefinition,
  columns: TableScope["columns"],
  question: Question,
  {
    paneNs,
    behind,
  }: {
    readonly paneNs: bigint | undefined;
    readonly behind: readonly ((options: OpenOptions) => Operator)[];
  },
): Pick<PlannedQuery, "isPlain" | "question" | "open"> {
  const wanted = new Set(columns.filter(({ kind }) => kind === "own").map(({ name }) => name));
  const request = { wanted };
  const events = table.events(request);
  const needs = table.needs(request);
  const carried: ColumnRequest[] = [];
  const output = columns.map((column): OutputColumn => {
    if (column.kind === "own") return column;
    const at = needs.length + carried.push(column.request) - 1;
    return { kind: "carried", name: column.name, from: column.from, at };
  });
  const spec = { output, paneNs };
  return {
    isPlain: false,
    question: {
      ...question,
      events,
      table: { name: table.name, rowsNeed: table.rowsNeed ?? [events] },
      select: [...needs, ...carried],
      limit: undefined,
    },
    open: (options) => [table.open(spec, request), ...behind.map((open) => open(options))],
  };
}
