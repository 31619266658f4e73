/** What live sessions say of containers, followed for one query or, by a server, for all of them. */

import { Observable, Subject, Subscription } from "rxjs";
import type { TraceOrigin } from "../../base/item.ts";
import { Registry } from "../../containers/registry.ts";
import type { DecodedItem } from "../../feed/decoded-item.ts";
import { hostNameOf } from "../../scan/record-columns.ts";
import { declares, RECORD_EVENTS } from "./state-events.ts";
import { stateOf } from "./state-query.ts";

export class LiveNames {
  readonly registry: Registry = new Registry(true);
  /** Whether container names are also reported beside the traces. */
  readonly #isLocal: boolean;
  /** Whether a trace declares container records, or did: what it brought may still be on its way in the order of time. */
  #areRecorded = false;
  readonly #hostNames = new Map<TraceOrigin, string>();

  constructor(isLocal: boolean = false) {
    this.#isLocal = isLocal;
  }

  /** Whether anything reports container names so far. */
  get areReported(): boolean {
    return this.#isLocal || this.#areRecorded;
  }

  /** Of the traced machines, as their tracers call them. */
  get hostNames(): Iterable<string> {
    return this.#hostNames.values();
  }

  /**
   * Follows the state in some items, until they end or it is unsubscribed.
   * @param maxLag how long a silent stream may hold the others up, in ms
   * @param onError called when that is not possible any more
   */
  follow(
    items: Observable<DecodedItem>,
    maxLag: number,
    onError: (error: unknown) => void,
  ): Subscription {
    const subscription = new Subscription();
    subscription.add(items.subscribe({ next: (item) => this.#note(item), error: () => {} }));
    const state = stateOf({ isLive: true, maxLag }, items, this.registry);
    subscription.add(state.subscribe({ error: onError }));
    return subscription;
  }

  #note(item: DecodedItem): void {
    if (item.kind === "trace-end") {
      this.#hostNames.delete(item.trace);
    } else if (item.kind === "trace-class") {
      const { trace, traceClass } = item;
      const name = hostNameOf(traceClass, trace.host);
      if (name !== undefined) this.#hostNames.set(trace, name);
      if (declares([traceClass], RECORD_EVENTS)) this.#areRecorded = true;
    }
  }
}

/**
 * Results that depend on names in the same items: the names take each item first, so that they know all state before a time
 * when rows of that time come.
 */
export function withNames<T>(
  items: Observable<DecodedItem>,
  names: LiveNames,
  maxLag: number,
  results: (items: Observable<DecodedItem>) => Observable<T>,
): Observable<T> {
  return new Observable((subscriber) => {
    const shared = new Subject<DecodedItem>();
    subscriber.add(names.follow(shared, maxLag, (error) => subscriber.error(error)));
    subscriber.add(results(shared).subscribe(subscriber));
    return items.subscribe(shared);
  });
}
