/** A recorded trace, or rows that were recorded, as a program sees them: what they have, and queries on them. */

import type { Schema } from "../column/schema.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import { linkEnvironments } from "../feed/environments.ts";
import { openFeed } from "../feed/feed.ts";
import { recordedClasses } from "../feed/recorded-classes.ts";
import type { Completions } from "../filter/complete.ts";
import { completeQuery } from "../language/complete-query.ts";
import { segmentPaths } from "../segments/find.ts";
import { segmentFacts } from "../segments/read.ts";
import { Query } from "./query.ts";
import type { QueryOptions } from "./query-options.ts";

export interface Trace {
  readonly path: string;
  /** What the traces at and below the path declare: clocks, streams, event classes with their fields. */
  readonly traceClasses: readonly TraceClass[];
  /** Names of all event classes, sorted. */
  readonly eventNames: readonly string[];
  /** The columns of files of rows, which have no event classes; `undefined` of traces. */
  readonly columns: Schema | undefined;
  /** @throws FilterError; what is wrong with the trace comes when the query runs */
  query(options?: QueryOptions): Query;
}

/**
 * Opens the trace, or all traces, at and below a directory; or files of rows, Arrow and Parquet that this program wrote, or folders
 * of them. Metadata are read now, packets and rows when a query runs.
 * @throws SourceError `NO_TRACE`; MetadataError
 */
export async function openTrace(path: string): Promise<Trace> {
  const feed = openFeed([path], { from: "beginning" });
  const files = segmentPaths([path]);
  if (files !== undefined) {
    const { columns } = await segmentFacts(files);
    const query = (options: QueryOptions = {}): Query => new Query(feed, options, [], files);
    return { path, traceClasses: [], eventNames: [], columns, query };
  }
  const traceClasses = await recordedClasses(feed);
  const names = new Set<string>();
  for (const { streamClasses } of traceClasses) {
    for (const { eventClasses } of streamClasses.values()) {
      for (const { name } of eventClasses.values()) names.add(name);
    }
  }
  return {
    path,
    traceClasses,
    eventNames: [...names].sort(),
    columns: undefined,
    query: (options = {}) => new Query(feed, options),
  };
}

/**
 * What may stand at the end of an unfinished filter expression, for editors.
 * @param prefix what stands before the cursor
 * @param limit of what is offered; default 100
 */
export function complete(
  prefix: string,
  traceClasses: readonly TraceClass[],
  limit?: number,
): Completions {
  return completeQuery(prefix, linkEnvironments(traceClasses), limit);
}
