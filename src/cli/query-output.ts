/** The writer of a query's rows: of events as `tail` writes them, of others as a table. */

import type { BatchWriter } from "../format/batch-writer.ts";
import { formatNamed, type OutputFormat } from "../format/formats.ts";
import type { PlannedQuery } from "../language/planned-query.ts";
import type { TimeFrame } from "../source/time-bound.ts";
import { hasColors } from "./colors.ts";
import { ResultTable } from "./result-table.ts";
import { rowWriter } from "./row-writer.ts";
import type { RowsOptions } from "./rows-options.ts";

/** How the rows are written: events in any format, other rows as a table or in a format for programs. */
export async function queryOutput(
  planned: PlannedQuery,
  options: RowsOptions,
  frame: TimeFrame,
): Promise<{
  readonly shown: PlannedQuery;
  readonly writer: BatchWriter;
  readonly hasOneLayout: OutputFormat["hasOneLayout"];
}> {
  const format = formatNamed(options.format);
  const { isPlain, question, sets } = planned;
  if (isPlain || format.name !== "text") {
    const isByName = question.container !== undefined || question.filter?.containers !== undefined;
    const select = isPlain ? await format.selection?.(undefined, isByName) : undefined;
    const shown =
      select === undefined ? planned : { ...planned, question: { ...question, select } };
    return {
      shown,
      writer: await rowWriter(format, options, frame),
      hasOneLayout: format.hasOneLayout,
    };
  }
  const { stdout } = process;
  const isTerminal = stdout.isTTY === true;
  const { color } = options;
  const writer = new ResultTable({
    isRedrawn: isTerminal,
    isColored: color === "always" || (color === "auto" && hasColors(stdout)),
    size: () => (isTerminal ? { columns: stdout.columns, rows: stdout.rows } : undefined),
    sets,
  });
  return { shown: planned, writer, hasOneLayout: () => false };
}
