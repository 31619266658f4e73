import type { PlannedColumn } from "../../../column/schema.ts";
import type { Program } from "../../../filter/bytecode.ts";
import { programKey } from "../../../filter/program-key.ts";
import type { ScanSpec } from "../../scanner.ts";

/** All of a query that code depends on, but for the names of events. What a query begins and ends with is no part of the code. */
export function queryKey(
  { filter, columns, begin, end, countsOnly = false }: ScanSpec,
  isShared: boolean,
): string {
  const bounds = [begin !== undefined, end !== undefined];
  const asked = columns.map(columnKey);
  return JSON.stringify([isShared, countsOnly, bounds, asked, filter && programKey(filter)]);
}

function columnKey({ type, nullable, request }: PlannedColumn): unknown {
  if (request.kind === "match")
    return { type, nullable, match: programKey(request.program as Program) };
  // Where a name stands in the query's text, and what the column is called, is for people.
  const { as, ...asked } = request;
  if (!("written" in asked)) return { type, nullable, asked };
  const { written, ...name } = asked;
  return { type, nullable, asked: name };
}
