/** A query's rows with the containers that they belong to: run with more columns than are asked for, and resolved. */

import { Observable } from "rxjs";
import { copyBatch } from "../column/column.ts";
import type { PlannedColumn } from "../column/layout.ts";
import type { ContainerFact } from "../column/request.ts";
import { type ColumnRequest, columnRequest } from "../column/request.ts";
import type { DecodedItem } from "../feed/decoded-item.ts";
import type { ContainerCondition } from "../filter/container-condition.ts";
import { type QuerySpec, type ResultItem, runQuery } from "../query/query.ts";
import type { Gate } from "../source/gate.ts";
import type { NamingDelay } from "./naming-delay.ts";
import type { Registry } from "./registry.ts";
import { Resolver } from "./resolver.ts";
import { RESOLVING_COLUMNS } from "./row-reader.ts";

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

/** All that is asked of an event's container. */
export function conditionOf({ container, filter }: NamedSpec): ContainerCondition | undefined {
  const own = filter?.containers;
  if (container === undefined || own === undefined) return container ?? own;
  return { kind: "and", operands: [container, own] };
}

export function requestOf(one: string | ColumnRequest): ColumnRequest {
  return typeof one === "string" ? columnRequest(one) : one;
}

/**
 * The user's query, with what finds containers read beside what is asked for, and rows resolved.
 * @param delayed makes what rows wait in, while they may still be named by what comes after them
 */
export function namedRows(
  spec: NamedSpec,
  filter: QuerySpec["filter"],
  registry: Registry,
  items: Observable<DecodedItem>,
  gate: Gate,
  delayed?: (emit: (item: ResultItem) => void) => NamingDelay,
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
    let shown: readonly PlannedColumn[] = [];
    let left = spec.limit ?? Number.POSITIVE_INFINITY;
    const take = (item: ResultItem): void => {
      if (item.kind === "columns") {
        const { hidesNamespaces } = spec;
        const isFirst = resolver === undefined;
        resolver ??= new Resolver(registry, {
          facts: factsAmong(requests, item.columns),
          condition,
          hidesNamespaces,
        });
        // The columns that find containers are settled unseen.
        const visible = item.columns.slice(0, -RESOLVING_COLUMNS.length);
        if (!isFirst && visible.every((column, i) => column === shown[i])) return;
        shown = visible;
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
    const delay = delayed?.(take);
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
