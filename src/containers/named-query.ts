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
import type { LocalNames } from "./local-names.ts";
import { type NamedSpec, namedRows } from "./named-rows.ts";
import { NamingDelay } from "./naming-delay.ts";
import { withoutContainers } from "./pushdown.ts";
import { recordedQuery } from "./recorded-query.ts";
import { Registry } from "./registry.ts";
import { declares, isRecordEvent } from "./state-events.ts";
import { stateOf } from "./state-query.ts";

/**
 * Runs a query with containers. Without a selection, `container` stands before the payload.
 *
 * @param share the query's part of a feed
 * @param another gives one more part of a recorded feed, to be read before
 * @param names what is known of live containers beside what their traces tell
 */
export function runNamedQuery(
  spec: NamedSpec,
  share: Share,
  another: (options: ShareOptions) => Share,
  names?: LocalNames,
): Observable<ResultItem> {
  return spec.isLive ? liveQuery(spec, share, names) : recordedQuery(spec, share, another);
}

function liveQuery(
  spec: NamedSpec,
  share: Share,
  names: LocalNames | undefined,
): Observable<ResultItem> {
  return new Observable((subscriber) => {
    const registry = new Registry();
    subscriber.add(names?.follow(registry));
    const items = new Subject<DecodedItem>();
    const state = stateOf(spec, items, registry).subscribe({
      error: (error) => subscriber.error(error),
    });
    const traceClasses = new Set<TraceClass>();
    items.subscribe((item) => {
      if (item.kind === "trace-class") traceClasses.add(item.traceClass);
    });
    const filter = spec.filter && withoutContainers(spec.filter);
    const awaitsNames = (): boolean => names !== undefined || declares(traceClasses, isRecordEvent);
    const rows = namedRows(
      spec,
      filter,
      registry,
      items,
      share.gate,
      (emit) => new NamingDelay(awaitsNames, emit),
    ).subscribe(subscriber);
    const source = share.items.subscribe(items);
    return () => {
      source.unsubscribe();
      rows.unsubscribe();
      state.unsubscribe();
    };
  });
}
