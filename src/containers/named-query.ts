/**
 * Queries that know containers: a query of its own follows what the traces tell of them, and the user's rows get their names
 * at their own times.
 *
 * Recorded traces are read twice: first for all that is ever told, so that names hold from the first event. In a live session
 * both queries run on the same items, the state's first: it has taken all before a time when the user's rows of it come.
 */

import { Observable, Subject } from "rxjs";
import type { TraceOrigin } from "../base/item.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { DecodedItem } from "../engine/decoded-item.ts";
import type { Share } from "../engine/feed.ts";
import type { Gate } from "../engine/gate.ts";
import { type QuerySpec, type ResultItem, runQuery } from "../engine/query.ts";
import type { ContainerCondition, ContainerFact } from "../filter/container-condition.ts";
import { copyBatch } from "../scan/column.ts";
import { type ColumnRequest, columnRequest, type PlannedColumn } from "../scan/layout.ts";
import type { LocalNames } from "./local-names.ts";
import { NamingDelay } from "./naming-delay.ts";
import { pushedDown, withoutContainers } from "./pushdown.ts";
import { Registry } from "./registry.ts";
import { Resolver } from "./resolver.ts";
import { RESOLVING_COLUMNS } from "./row-reader.ts";
import { isRecordEvent, isStateEvent, StateReader, stateQuery } from "./state-query.ts";

export interface NamedSpec extends QuerySpec {
  /** What an event's container must be, besides what the filter says. */
  readonly container?: ContainerCondition | undefined;
  /** As if no event told its namespaces: see `Resolver`. */
  readonly hidesNamespaces?: boolean | undefined;
}

/** Whether a query asks for containers at all. */
export function asksForContainers(spec: NamedSpec): boolean {
  const selects = spec.select?.some((one) => requestOf(one).kind === "container") ?? false;
  return selects || spec.container !== undefined || spec.filter?.containers !== undefined;
}

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
  another: () => Share,
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
    const rows = named(spec, filter, registry, items, share.gate, awaitsNames).subscribe(
      subscriber,
    );
    const source = share.items.subscribe(items);
    return () => {
      source.unsubscribe();
      rows.unsubscribe();
      state.unsubscribe();
    };
  });
}

function recordedQuery(
  spec: NamedSpec,
  share: Share,
  another: () => Share,
): Observable<ResultItem> {
  return new Observable((subscriber) => {
    const registry = new Registry();
    const traceClasses = new Map<TraceOrigin, TraceClass>();
    let rows: { unsubscribe(): void } | undefined;
    const begin = (): void => {
      const condition = conditionOf(spec);
      const filter =
        condition === undefined
          ? spec.filter
          : pushedDown(spec.filter, condition, registry, [...traceClasses.values()]);
      rows = named(spec, filter, registry, share.items, share.gate).subscribe(subscriber);
    };
    // The classes come before the first packet: where none of them tells of containers, nothing is read for that.
    const first = another();
    const items = new Subject<DecodedItem>();
    const state = stateOf(spec, items, registry);
    let isNeeded: boolean | undefined;
    const reading = state.subscribe({
      error: (error) => subscriber.error(error),
      complete: () => begin(),
    });
    const source = first.items.subscribe({
      next: (item) => {
        if (item.kind === "trace-class") traceClasses.set(item.trace, item.traceClass);
        if (item.kind === "packet") isNeeded ??= declares(traceClasses.values(), isStateEvent);
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
      rows?.unsubscribe();
      for (const thread of spec.threads ?? []) void thread.terminate();
    };
  });
}

function declares(
  traceClasses: Iterable<TraceClass>,
  isWanted: (event: string) => boolean,
): boolean {
  for (const { streamClasses } of traceClasses) {
    for (const { eventClasses } of streamClasses.values())
      for (const { name } of eventClasses.values()) if (isWanted(name)) return true;
  }
  return false;
}

/**
 * Follows what is told of containers into a registry; completes with the items.
 * @param onChange called whenever something was told
 */
export function stateOf(
  spec: Pick<NamedSpec, "isLive" | "maxLag" | "hidesNamespaces">,
  items: Observable<DecodedItem>,
  registry: Registry,
  onChange: () => void = () => {},
): Observable<never> {
  return new Observable((subscriber) => {
    const reader = new StateReader(registry);
    const query = stateQuery(spec.isLive, spec.maxLag, spec.hidesNamespaces ?? false);
    return runQuery(query, items).subscribe({
      next: (item) => {
        if (item.kind === "columns") reader.begin(item.columns);
        if (item.kind !== "batch") return;
        reader.take(item.batch);
        onChange();
      },
      error: (error) => subscriber.error(error),
      complete: () => subscriber.complete(),
    });
  });
}

function conditionOf({ container, filter }: NamedSpec): ContainerCondition | undefined {
  const own = filter?.containers;
  if (container === undefined || own === undefined) return container ?? own;
  return { kind: "and", operands: [container, own] };
}

function requestOf(one: string | ColumnRequest): ColumnRequest {
  return typeof one === "string" ? columnRequest(one) : one;
}

/**
 * The user's query, with what finds containers read beside what is asked for.
 * @param awaitsNames whether rows may still be named by what comes after them
 */
function named(
  spec: NamedSpec,
  filter: QuerySpec["filter"],
  registry: Registry,
  items: Observable<DecodedItem>,
  gate: Gate,
  awaitsNames?: () => boolean,
): Observable<ResultItem> {
  const condition = conditionOf(spec);
  const requests = spec.select?.map(requestOf);
  const inner: QuerySpec = {
    ...spec,
    filter,
    select: requests?.filter(({ kind }) => kind !== "container"),
    extra: RESOLVING_COLUMNS,
    // Rows are still to be looked at, so that they are limited behind that.
    limit: condition === undefined ? spec.limit : undefined,
    lendsBatches: true,
    lines: undefined,
  };
  return new Observable((subscriber) => {
    let resolver: Resolver | undefined;
    let left = spec.limit ?? Number.POSITIVE_INFINITY;
    const take = (item: ResultItem): void => {
      if (item.kind === "columns") {
        const facts = factsAmong(requests, item.columns);
        const { hidesNamespaces } = spec;
        resolver = new Resolver(registry, { facts, condition, hidesNamespaces });
        subscriber.next({ kind: "columns", columns: resolver.columns(item.columns) });
      } else if (item.kind === "batch") {
        const resolved = resolver!.resolve(item.batch);
        const rows = Math.min(resolved.rows, left);
        left -= rows;
        const batch = { ...item.batch, ...resolved, rows };
        const mustCopy = spec.lendsBatches !== true;
        if (rows > 0)
          subscriber.next({
            kind: "batch",
            batch: mustCopy ? { ...batch, ...copyBatch(batch) } : batch,
          });
      } else {
        subscriber.next(item);
      }
      if (left === 0) subscriber.complete();
    };
    const delay = awaitsNames && new NamingDelay(awaitsNames, take);
    subscriber.add(() => delay?.close());
    return runQuery(inner, items, gate).subscribe({
      next: (item) => (delay === undefined ? take(item) : delay.push(item)),
      error: (error) => subscriber.error(error),
      complete: () => {
        delay?.flush();
        subscriber.complete();
      },
    });
  });
}

/** Where facts stand among the columns: as selected, or before the payload. */
function factsAmong(
  requests: readonly ColumnRequest[] | undefined,
  planned: readonly PlannedColumn[],
): { readonly fact: ContainerFact; readonly at: number }[] {
  if (requests === undefined) {
    const payload = planned.findIndex(({ request }) => request.kind === "payload");
    const last = planned.length - RESOLVING_COLUMNS.length;
    return [{ fact: "name", at: payload === -1 ? last : payload }];
  }
  let others = 0;
  return requests.flatMap((request) => {
    if (request.kind === "container") return [{ fact: request.fact, at: others }];
    others++;
    return [];
  });
}
