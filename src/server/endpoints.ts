/** The answer of each route, once it is known who asks and that they may. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { FeedError } from "../base/errors.ts";
import type { Admission } from "./admission.ts";
import type { Audit } from "./audit.ts";
import { acceptedFormat, contentTypeOf } from "./engine/accepted-format.ts";
import type { Engines } from "./engine/engines.ts";
import type { Asked, Call, QueryTotals } from "./engine/messages.ts";
import type { SessionList } from "./engine/session-list.ts";
import { chosenSources } from "./grant.ts";
import { streamQuery } from "./http-query.ts";
import { METRICS_TYPE, type Metrics } from "./metrics.ts";
import { OPENAPI } from "./openapi.ts";
import { PAGE, PAGE_POLICY } from "./page.ts";
import { type Client, clientKey, type DeskQuery, type QueryDesk } from "./query-desk.ts";
import { JSON_TYPE, respond, respondJson } from "./reply.ts";
import { readBody } from "./request-body.ts";
import type { Route } from "./routes.ts";
import { SourceStates } from "./source-states.ts";

export interface AllowedRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: URL;
  readonly route: Route;
  /** In the path. */
  readonly id: string;
  readonly client: Client;
  /** Whether the server ends. */
  readonly isClosing: boolean;
  /** Called with errors that come later. */
  later(error: unknown): void;
}

/** The same memory for every client. */
const PAGE_BYTES = Buffer.from(PAGE);
const OPENAPI_BYTES = Buffer.from(JSON.stringify(OPENAPI));
const TEXT_TYPE = "text/plain; charset=utf-8";

/** What endpoints ask, and tell. */
export interface EndpointParts {
  readonly engines: Engines;
  readonly admission: Admission;
  /** The turns of calls that are no queries. */
  readonly calls: Admission;
  readonly desk: QueryDesk;
  readonly metrics: Metrics;
  readonly audit: Audit;
}

export class Endpoints {
  readonly #parts: EndpointParts;
  readonly #sourceStates: SourceStates;

  constructor(parts: EndpointParts) {
    this.#parts = parts;
    this.#sourceStates = new SourceStates(parts.engines);
  }

  async answer(allowed: AllowedRequest): Promise<void> {
    const { response, route, client } = allowed;
    switch (route.path) {
      case "/":
        response.setHeader("Content-Security-Policy", PAGE_POLICY);
        respond(response, 200, "text/html; charset=utf-8", PAGE_BYTES);
        break;
      case "/healthz":
        respond(response, 200, TEXT_TYPE, "ok\n");
        break;
      case "/readyz":
        await this.#ready(allowed);
        break;
      case "/metrics":
        respond(response, 200, METRICS_TYPE, await this.#parts.metrics.text());
        break;
      case "/v1/openapi.json":
        respond(response, 200, JSON_TYPE, OPENAPI_BYTES);
        break;
      case "/v1/queries":
        respondJson(response, { queries: await this.#queries(client) });
        break;
      case "/v1/queries/{id}":
        this.#end(allowed);
        break;
      case "/v1/query":
        await this.#query(allowed);
        break;
      case "/v1/sources":
        respondJson(response, await this.#states(allowed));
        break;
      case "/v1/sessions":
        respondJson(response, await this.#sessions(allowed));
        break;
      default:
        respond(response, 200, JSON_TYPE, (await this.#call(allowed)) as Uint8Array);
    }
  }

  /**
   * @returns of a call that is the client's, the bytes of its JSON
   * @throws FeedError 404 `UNKNOWN_SOURCE`, 429 `TOO_MANY_QUERIES`, and as the call does
   */
  async #call({ response, route, target, client }: AllowedRequest): Promise<unknown> {
    const search = target.searchParams;
    const name = route.path.slice("/v1/".length) as Call["name"];
    const source = name === "sessions" ? undefined : (search.get("source") ?? undefined);
    const { engines, calls } = this.#parts;
    const sources = chosenSources(client.grant, engines.sources, source);
    const thread = name === "containers" ? engines.threadFor(sources) : engines.anyThread;
    const { hidden } = client.grant;
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    const over = await calls.admit(clientKey(client), 0, gone.signal);
    try {
      return await thread.call({ name, search: search.toString(), sources, hidden });
    } finally {
      over();
    }
  }

  /** With what the token grants, so that a client can say what it does not see. */
  async #sessions(allowed: AllowedRequest): Promise<unknown> {
    const listed = (await this.#call(allowed)) as SessionList;
    return { ...listed, token: tokenFacts(allowed.client) };
  }

  /** Asks no relay daemon: it answers whatever is lost. */
  async #states({ client }: AllowedRequest): Promise<unknown> {
    const granted = chosenSources(client.grant, this.#parts.engines.sources, undefined);
    return { sources: await this.#sourceStates.of(granted), token: tokenFacts(client) };
  }

  async #query({
    request,
    response,
    target,
    client,
    isClosing,
    later,
  }: AllowedRequest): Promise<void> {
    if (isClosing) throw new FeedError("CLOSING", "the server ends", 503);
    const { accept } = request.headers;
    if (request.method === "HEAD") {
      // What would come, without the rows: nothing is read.
      response.writeHead(200, { "Content-Type": contentTypeOf(acceptedFormat(accept)) }).end();
      return;
    }
    const asked: Exclude<Asked, { kind: "frame" }> =
      request.method === "POST"
        ? { kind: "body", text: await readBody(request), accept }
        : { kind: "url", search: target.search, accept };
    await streamQuery(asked, client, response, this.#parts.desk, later);
  }

  /** Ready means: every live source is attached, and there is room for a query. */
  async #ready({ response, isClosing }: AllowedRequest): Promise<void> {
    const sources = await this.#parts.engines.sourceTotals();
    const attached = sources.filter(({ isAttached }) => isAttached).length;
    const hasRoom = this.#parts.admission.waiting === 0 || this.#parts.admission.hasRoom;
    const isReady = !isClosing && hasRoom && attached === sources.length;
    const body = { ready: isReady, attached, sources: sources.length, room: hasRoom };
    respond(response, isReady ? 200 : 503, JSON_TYPE, JSON.stringify(body));
  }

  /** Those of others are shown to operators only. */
  async #queries(client: Client): Promise<readonly unknown[]> {
    const totals = await this.#parts.desk.totals();
    return this.#parts.desk.queries
      .filter((query) => maySee(client, query))
      .map((query) => shown(query, totals.get(query.id)));
  }

  /** @throws FeedError 404 `UNKNOWN_QUERY` */
  #end({ response, id, client }: AllowedRequest): void {
    const query = this.#parts.desk.queries.find((one) => one.id === id);
    if (query === undefined || !maySee(client, query)) {
      const message = `queries: expected the id of a query that runs, got ${id.slice(0, 40)}`;
      throw new FeedError("UNKNOWN_QUERY", message, 404);
    }
    this.#parts.audit.ended(id, client);
    this.#parts.desk.end(id);
    response.writeHead(204).end();
  }
}

function tokenFacts({ grant }: Client): Record<string, unknown> {
  const { name, isOperator, hidden } = grant;
  return { name, operator: isOperator, hidden };
}

function maySee({ grant }: Client, query: DeskQuery): boolean {
  return grant.isOperator || query.client.grant.name === grant.name;
}

function shown(query: DeskQuery, totals: QueryTotals | undefined): Record<string, unknown> {
  const { id, client, transport, text, sources, beganMs, state } = query;
  return {
    id,
    state,
    address: client.address,
    token: client.grant.name,
    transport,
    query: text,
    sources,
    began: new Date(beganMs).toISOString(),
    rows: totals?.rows ?? 0,
    bytes: totals?.bytes ?? 0,
    dropped: totals?.dropped ?? 0,
    late: totals?.late ?? 0,
    cpu_seconds: (totals?.cpuMs ?? 0) / 1000,
    lag_seconds: totals?.lagMs === undefined ? null : totals.lagMs / 1000,
  };
}
