/** Queries over files of rows that were recorded or exported: what `tail` and `query` ask of traces, of the columns that are there. */

import { EMPTY } from "rxjs";
import { namedBy } from "../filter/container-condition.ts";
import { ofProcesses, parseProcess } from "../language/process-filter.ts";
import type { Execution } from "../query/execution.ts";
import type { SegmentPath } from "../segments/find.ts";
import { planRowFiles } from "../segments/row-query.ts";
import { Gate } from "../source/gate.ts";
import { queryOutput } from "./query-output.ts";
import type { RowsOptions } from "./rows-options.ts";
import { type Asked, lastRows, runRows } from "./rows-run.ts";
import { askedTimes } from "./times.ts";

export interface RowFilesQuery {
  /** A filter, and stages. */
  readonly text: string;
  readonly limit?: number | undefined;
  /** Rows are counted only. */
  readonly isCounted?: boolean;
}

/**
 * Runs a query over files of rows.
 * @returns how many rows there were; `undefined` after an error
 */
export async function answerRowFiles(
  paths: readonly SegmentPath[],
  { text, limit, isCounted = false }: RowFilesQuery,
  options: RowsOptions,
): Promise<number | undefined> {
  const { begin, end, lastRows: last } = askedTimes(options, false);
  const processes = (options.pid ?? []).map(parseProcess);
  const plan = await planRowFiles(paths, {
    text: ofProcesses(text, processes) ?? "",
    events: options.event,
    container: namedBy(options.container),
    begin,
    end,
    limit,
  });
  const { shown, writer, hasOneLayout } = await queryOutput(plan.planned, options, plan.frame);
  const asked: Asked = {
    question: shown.question,
    run: (how, { gate }) => lastRows(last, how, plan.run(gate, shown)),
  };
  const execution: Execution = { isLive: false, borrowBatches: true };
  const feed = {
    isLive: false,
    share: () => ({ items: EMPTY, gate: new Gate(), canBlock: () => true }),
    traces: () => Promise.resolve({ opened: [], failures: [] }),
  };
  return await runRows({
    asked,
    execution,
    feed,
    writer: isCounted ? undefined : writer,
    format: { hasOneLayout },
    options,
  });
}
