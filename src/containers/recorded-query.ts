/**
 * A query of recorded traces with containers. What is told of them anywhere holds from the first event on, so that all of it
 * is read first; the user's rows are scanned meanwhile, as soon as it is known which namespaces they are of, and wait.
 */

import { Observable, Subject, type Subscription } from "rxjs";
import type { TraceOrigin } from "../base/item.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { DecodedItem } from "../engine/decoded-item.ts";
import { canCompile } from "../engine/executor.ts";
import type { Share } from "../engine/feed.ts";
import type { ResultItem } from "../engine/query.ts";
import { startWorkers } from "../engine/scan-pool.ts";
import type { ShareOptions } from "../engine/source.ts";
import { HeldRows } from "./held-rows.ts";
import { conditionOf, type NamedSpec, namedRows } from "./named-rows.ts";
import { pushedDown, wantedNamespaces } from "./pushdown.ts";
import { Registry } from "./registry.ts";
import { declares, STATE_EVENTS } from "./state-events.ts";
import { stateOf } from "./state-query.ts";

/** The user's rows, on their way. */
interface Rows {
  readonly subscription: Subscription;
  /** What they are of. */
  readonly namespaces: readonly number[] | undefined;
  /** Everything is told: they may go. */
  told(): void;
}

/**
 * @param share the rows' part of the feed
 * @param another gives one more part, for what is told
 */
export function recordedQuery(
  spec: NamedSpec,
  share: Share,
  another: (options: ShareOptions) => Share,
): Observable<ResultItem> {
  return new Observable((subscriber) => {
    const condition = conditionOf(spec);
    const registry = new Registry();
    const traceClasses = new Map<TraceOrigin, TraceClass>();
    const wanted = (): readonly number[] | undefined =>
      condition && wantedNamespaces(condition, registry, traceClasses.values());
    let threads = spec.threads;
    let rows: Rows | undefined;
    const begin = (namespaces: readonly number[] | undefined): Rows => {
      let held: HeldRows | undefined;
      const filter = condition === undefined ? spec.filter : pushedDown(spec.filter, namespaces);
      const subscription = namedRows(
        { ...spec, threads },
        filter,
        registry,
        share.items,
        share.gate,
        (emit) => {
          held = new HeldRows(share.gate, emit);
          return held;
        },
      ).subscribe({
        next: (item) => subscriber.next(item),
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
      return { subscription, namespaces, told: () => held?.told() };
    };
    // Looking is dear where containers are many: it is done after one batch of what is told, two, four.
    let told = 0;
    let nextLook = 0;
    const look = (): void => {
      if (rows !== undefined || told++ < nextLook) return;
      nextLook = 2 * told;
      const namespaces = wanted();
      const isKnown = namespaces === undefined || namespaces.length > 1;
      if (isKnown) rows = begin(namespaces);
    };
    const finish = (): void => {
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
    const items = new Subject<DecodedItem>();
    const state = another({ leavesPackets: canCompile("kernel") });
    const reading = stateOf(spec, items, registry, look, state.gate).subscribe({
      error: (error) => subscriber.error(error),
      complete: finish,
    });
    let isNeeded: boolean | undefined;
    const source = state.items.subscribe({
      next: (item) => {
        if (item.kind === "trace-class") traceClasses.set(item.trace, item.traceClass);
        // The classes come before the first packet: where none of them tells of containers, nothing is read for that.
        const isPacket = item.kind === "packet" || item.kind === "stored-packet";
        if (isPacket && isNeeded === undefined) {
          isNeeded = declares(traceClasses.values(), STATE_EVENTS);
          if (isNeeded) look();
        }
        if (isNeeded === false) queueMicrotask(stop);
        else items.next(item);
      },
      error: (error) => subscriber.error(error),
      complete: () => items.complete(),
    });
    const stop = (): void => {
      if (source.closed) return;
      source.unsubscribe();
      items.complete();
    };
    return () => {
      source.unsubscribe();
      reading.unsubscribe();
      rows?.subscription.unsubscribe();
      for (const thread of threads ?? []) void thread.terminate();
    };
  });
}
