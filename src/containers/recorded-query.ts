/**
 * A query of recorded traces with containers. What is told of them anywhere holds from the first event on, so that all of it
 * is read first; the user's rows are scanned meanwhile, as soon as it is known which namespaces they are of, and wait.
 */

import { Observable, type Subscription } from "rxjs";
import type { Share } from "../engine/feed.ts";
import type { ResultItem } from "../engine/query.ts";
import { startWorkers } from "../engine/scan-pool.ts";
import { HeldRows } from "./held-rows.ts";
import { conditionOf, type NamedSpec, namedRows } from "./named-rows.ts";
import { pushedDown, wantedNamespaces } from "./pushdown.ts";
import type { RecordedState } from "./recorded-state.ts";

/** The user's rows, on their way. */
interface Rows {
  readonly subscription: Subscription;
  /** What they are of. */
  readonly namespaces: readonly number[] | undefined;
  /** Everything is told: they may go. */
  told(): void;
}

/** @param share the rows' part of the feed */
export function recordedQuery(
  spec: NamedSpec,
  share: Share,
  state: RecordedState,
): Observable<ResultItem> {
  return new Observable((subscriber) => {
    const condition = conditionOf(spec);
    const wanted = (): readonly number[] | undefined =>
      condition && wantedNamespaces(condition, state.registry, state.traceClasses);
    let threads = spec.threads;
    let rows: Rows | undefined;
    const begin = (namespaces: readonly number[] | undefined): Rows => {
      let held: HeldRows | undefined;
      const filter = condition === undefined ? spec.filter : pushedDown(spec.filter, namespaces);
      const delayed = (emit: (item: ResultItem) => void): HeldRows => {
        held = new HeldRows(share.gate, emit);
        return held;
      };
      const subscription = namedRows(
        { ...spec, threads },
        filter,
        state.registry,
        share.items,
        share.gate,
        delayed,
      ).subscribe({
        next: (item) => subscriber.next(item),
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
      return { subscription, namespaces, told: () => held?.told() };
    };
    // Looking is dear where containers are many: it is done when something is told for the first time, the second, the fourth.
    let news = 0;
    let nextLook = 0;
    const more = (): void => {
      if (rows !== undefined || news++ < nextLook) return;
      nextLook = 2 * news;
      const namespaces = wanted();
      const isKnown = namespaces === undefined || namespaces.length > 1;
      if (isKnown) rows = begin(namespaces);
    };
    const told = (): void => {
      const namespaces = wanted();
      if (rows !== undefined && String(rows.namespaces) !== String(namespaces)) {
        // The container had more namespaces than were known when its rows were asked for.
        rows.subscription.unsubscribe();
        rows = undefined;
        threads = spec.threads && startWorkers(spec.threads.length);
      }
      rows ??= begin(namespaces);
      rows.told();
    };
    const leave = state.follow({ more, told, failed: (error) => subscriber.error(error) });
    return () => {
      leave();
      rows?.subscription.unsubscribe();
      for (const thread of threads ?? []) void thread.terminate();
    };
  });
}
