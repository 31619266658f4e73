/** A recorded trace as a program sees it: what it declares, and queries on it. */

import type { TraceClass } from "../ctf/trace-class.ts";
import { linkEnvironments } from "../feed/environments.ts";
import { openFeed } from "../feed/feed.ts";
import { recordedClasses } from "../feed/recorded-classes.ts";
import type { Completions } from "../filter/complete.ts";
import { completeQuery } from "../language/complete-query.ts";
import { Query } from "./query.ts";
import type { QueryOptions } from "./query-options.ts";

export interface Trace {
  readonly path: string;
  /** What the traces at and below the path declare: clocks, streams, event classes with their fields. */
  readonly traceClasses: readonly TraceClass[];
  /** Names of all event classes, sorted. */
  readonly eventNames: readonly string[];
  /** @throws FilterError; what is wrong with the trace comes when the query runs */
  query(options?: QueryOptions): Query;
}

/**
 * Opens the trace, or all traces, at and below a directory. Metadata are read now, packets when a query runs.
 * @throws SourceError `NO_TRACE`; MetadataError
 */
export async function openTrace(path: string): Promise<Trace> {
  const feed = openFeed([path], { from: "beginning" });
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
