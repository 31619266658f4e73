/**
 * Queries that know containers: a query of its own follows what the traces tell of them, and the user's rows get their names
 * at their own times.
 *
 * In a live session both queries run on the same items, the state's first: it has taken all before a time when the user's
 * rows of it come. Recorded traces are read twice: see `recorded-query.ts`.
 */

import { Observable, Subject } from "rxjs";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { DecodedItem } from "../engine/decoded-item.ts";
import type { Share } from "../engine/feed.ts";
import type { ResultItem } from "../engine/query.ts";
import type { ShareOptions } from "../engine/source.ts";
import { type NamedSpec, namedRows } from "./named-rows.ts";
import { NamingDelay } from "./naming-delay.ts";
import { withoutContainers } from "./pushdown.ts";
import { recordedQuery } from "./recorded-query.ts";
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
 * Runs a query with containers. Without a selection, `container` stands before the payload.
 *
 * @param share the query's part of a feed
 * @param another gives one more part of a recorded feed, to be read before
 * @param followed by a server, for all its live queries; without it, the query follows its own items
 */
export function runNamedQuery(
  spec: NamedSpec,
  share: Share,
  another: (options: ShareOptions) => Share,
  followed?: FollowedState,
): Observable<ResultItem> {
  return spec.isLive ? liveQuery(spec, share, followed) : recordedQuery(spec, share, another);
}

function liveQuery(
  spec: NamedSpec,
  share: Share,
  followed: FollowedState | undefined,
): Observable<ResultItem> {
  return new Observable((subscriber) => {
    const registry = followed?.registry ?? new Registry();
    const items = new Subject<DecodedItem>();
    if (followed === undefined) {
      const state = stateOf(spec, items, registry);
      subscriber.add(state.subscribe({ error: (error) => subscriber.error(error) }));
    }
    const traceClasses = new Set<TraceClass>();
    items.subscribe((item) => {
      if (item.kind === "trace-class") traceClasses.add(item.traceClass);
    });
    const awaitsNames = (): boolean =>
      followed?.isToldLocally === true || declares(traceClasses, RECORD_EVENTS);
    const filter = spec.filter && withoutContainers(spec.filter);
    const delayed = (emit: (item: ResultItem) => void): NamingDelay =>
      new NamingDelay(awaitsNames, emit);
    const rows = namedRows(spec, filter, registry, items, share.gate, delayed);
    subscriber.add(rows.subscribe(subscriber));
    return share.items.subscribe(items);
  });
}
