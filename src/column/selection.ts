/** What selected names ask for, with a name of its own for each column. */

import {
  BUILT_IN,
  CONTAINER_NAMES,
  type ColumnRequest,
  columnName,
  columnRequest,
} from "./request.ts";

/**
 * The requests of a selection. Where columns would bear one name, the contexts and payload fields among them bear it with
 * where it comes from, `$ctx.vpid` or `payload.vpid`; a column that is chosen again is numbered, `vpid_2`.
 */
export function selectedRequests(select: readonly (string | ColumnRequest)[]): ColumnRequest[] {
  const requests = select.map((one) => (typeof one === "string" ? columnRequest(one) : one));
  const counts = new Map<string, number>();
  for (const name of requests.map(columnName)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return numbered(
    requests.map((request) =>
      counts.get(columnName(request)) === 1 ? request : qualified(request),
    ),
  );
}

/** Names that no context may bear, whether or not the query has those columns. */
const RESERVED: ReadonlySet<string> = new Set([...BUILT_IN, ...CONTAINER_NAMES, "payload"]);

/** A context as one of the default columns. */
export function defaultContext(name: string): ColumnRequest {
  const request: ColumnRequest = { kind: "context", name };
  return RESERVED.has(name) ? qualified(request) : request;
}

function qualified(request: ColumnRequest): ColumnRequest {
  if (request.kind === "context") return { ...request, as: `$ctx.${request.name}` };
  if (request.kind === "field") return { ...request, as: `payload.${request.name}` };
  return request;
}

function numbered(requests: readonly ColumnRequest[]): ColumnRequest[] {
  const firsts = new Set(requests.map(columnName));
  const taken = new Set<string>();
  return requests.map((request) => {
    const name = columnName(request);
    let own = name;
    for (let n = 2; taken.has(own) || (own !== name && firsts.has(own)); n++) own = `${name}_${n}`;
    taken.add(own);
    return own === name ? request : { ...request, as: own };
  });
}
