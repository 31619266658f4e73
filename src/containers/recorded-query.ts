/**
 * A query of recorded traces with containers. What is told of them anywhere holds from the first event on, so that all of it
 * is read first.
 */

import { Observable, type Subscription } from "rxjs";
import { defaultRequests } from "../column/layout.ts";
import type { ColumnRequest } from "../column/request.ts";
import type { Share } from "../feed/feed.ts";
import { type ResultItem, runQuery } from "../query/query.ts";
import type { Container } from "./container.ts";
import { exactPart } from "./exact-part.ts";
import { conditionOf, type NamedSpec, namedRows, requestOf } from "./named-rows.ts";
import { pushedDown, wantedNamespaces, withPart } from "./pushdown.ts";
import type { RecordedState } from "./recorded-state.ts";

/** @param share the rows' part of the feed */
export function recordedQuery(
  spec: NamedSpec,
  share: Share,
  state: RecordedState,
): Observable<ResultItem> {
  return new Observable((subscriber) => {
    let rows: Subscription | undefined;
    const leave = state.follow({
      told: () => {
        rows = rowsOf(spec, share, state).subscribe(subscriber);
      },
      failed: (error) => subscriber.error(error),
    });
    return () => {
      leave();
      rows?.unsubscribe();
      for (const thread of spec.threads ?? []) void thread.terminate();
    };
  });
}

/** All being told, where possible without a look at the rows. */
function rowsOf(spec: NamedSpec, share: Share, state: RecordedState): Observable<ResultItem> {
  const { registry } = state;
  const traceClasses = [...state.traceClasses];
  const condition = conditionOf(spec);
  if (condition === undefined)
    return namedRows(spec, spec.filter, registry, share.items, share.gate);
  const namespaces = wantedNamespaces(condition, registry, traceClasses);
  const mayBeExact = namespaces !== undefined && spec.hidesNamespaces !== true;
  const exact = mayBeExact ? exactPart(condition, namespaces, registry, traceClasses) : undefined;
  const requests = spec.select?.map(requestOf) ?? withContainer(defaultRequests(traceClasses));
  const isNamed = requests.some(({ kind }) => kind === "container");
  if (exact !== undefined && (exact.container !== undefined || !isNamed)) {
    const select = requests.map((request) => known(request, exact.container));
    const filter = withPart(spec.filter, exact.text);
    return runQuery({ ...spec, select, filter }, share.items, share.gate);
  }
  const filter = pushedDown(spec.filter, namespaces);
  return namedRows(spec, filter, registry, share.items, share.gate);
}

/** The container stands before the payload. */
function withContainer(requests: readonly ColumnRequest[]): readonly ColumnRequest[] {
  const payload = requests.findIndex(({ kind }) => kind === "payload");
  return requests.toSpliced(payload, 0, { kind: "container", fact: "name" });
}

function known(request: ColumnRequest, container: Container | undefined): ColumnRequest {
  if (request.kind !== "container") return request;
  return { ...request, text: container?.[request.fact] };
}
