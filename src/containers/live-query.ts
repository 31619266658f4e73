/**
 * A query of live sessions with containers: a query of its own follows what they tell of them, on the same items. It is the
 * first to get them, so that it has taken all before a time when the user's rows of it come.
 */

import { Observable, Subject } from "rxjs";
import type { TraceOrigin } from "../base/item.ts";
import type { DecodedItem } from "../feed/decoded-item.ts";
import type { Share } from "../feed/feed.ts";
import type { ResultItem } from "../query/query.ts";
import { type NamedSpec, namedRows } from "./named-rows.ts";
import { NamingDelay } from "./naming-delay.ts";
import { withoutContainers } from "./pushdown.ts";
import { Registry } from "./registry.ts";
import { declares, RECORD_EVENTS } from "./state-events.ts";
import { stateOf } from "./state-query.ts";

/** What somebody else follows of live sessions already. */
export interface FollowedState {
  /** Has taken every item of the sessions before the query gets it. */
  readonly registry: Registry;
  /** Whether containers are told of beside the traces, too. */
  readonly isToldLocally: boolean;
}

/**
 * Runs a query of live sessions with containers. Without a selection, `container` stands before the payload.
 * @param followed by a server, for all its queries; without it, the query follows its own items
 */
export function liveQuery(
  spec: NamedSpec,
  share: Share,
  followed?: FollowedState,
): Observable<ResultItem> {
  return new Observable((subscriber) => {
    const registry = followed?.registry ?? new Registry(true);
    const items = new Subject<DecodedItem>();
    if (followed === undefined) {
      const state = stateOf(spec, items, registry);
      subscriber.add(state.subscribe({ error: (error) => subscriber.error(error) }));
    }
    const naming = new Set<TraceOrigin>();
    items.subscribe((item) => {
      if (item.kind === "trace-end") naming.delete(item.trace);
      if (item.kind === "trace-class" && declares([item.traceClass], RECORD_EVENTS))
        naming.add(item.trace);
    });
    const awaitsNames = (): boolean => followed?.isToldLocally === true || naming.size > 0;
    const filter = spec.filter && withoutContainers(spec.filter);
    const delayed = (emit: (item: ResultItem) => void): NamingDelay =>
      new NamingDelay(awaitsNames, emit);
    const rows = namedRows(spec, filter, registry, items, share.gate, delayed);
    subscriber.add(rows.subscribe(subscriber));
    return share.items.subscribe(items);
  });
}
