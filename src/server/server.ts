/** The HTTP and WebSocket server: routes, access, and the queries that run. */

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { FeedError } from "../base/errors.ts";
import type { NamedPlaces } from "../runtimes/place-kinds.ts";
import { type AccessRules, checkAccess, checkAuthority, isLoopbackHost } from "./access.ts";
import { Admission } from "./admission.ts";
import { Engines } from "./engine/engines.ts";
import type { Asked, Call } from "./engine/messages.ts";
import { errorReport, httpStatus, isBug } from "./error-report.ts";
import { ANYONE, chosenSources } from "./grant.ts";
import { streamQuery } from "./http-query.ts";
import { admissionLimits, type Limits, limitsOf, queryLimits } from "./limits.ts";
import { PAGE, PAGE_POLICY } from "./page.ts";
import { type Client, QueryDesk } from "./query-desk.ts";
import { refuseUpgrade, respond, respondError, respondJson } from "./reply.ts";
import { readBody } from "./request-body.ts";
import { isToken, TOKEN_FORM } from "./token.ts";
import { WebSocketEndpoint } from "./ws-endpoint.ts";

export interface ServeOptions {
  /** Where to listen. Default `127.0.0.1`, where only this machine's programs reach it; elsewhere a token is needed. */
  readonly host?: string | undefined;
  /** Default 7447; 0 means any free port. */
  readonly port?: number | undefined;
  /** What clients must show, as `Authorization: Bearer TOKEN` or as WebSocket subprotocol `bearer.TOKEN`. Default none. */
  readonly token?: string | undefined;
  /** Live sessions: everything the relayds still have (for the first query), or what comes from now on, the default. */
  readonly from?: "beginning" | "now" | undefined;
  /** Waits for relayds and sessions that are not there, at first or after their end. Default false. */
  readonly wait?: boolean | undefined;
  /** Connects again when a connection to a relayd is lost. Default true. */
  readonly reconnect?: boolean | undefined;
  /** Follows live sessions in threads of their own. Default false. */
  readonly inThread?: boolean | undefined;
  /** Bytes of results that are kept for WebSocket clients that lose their connection, for a minute. Default none. */
  readonly retainBytes?: number | undefined;
  /**
   * Names containers of this machine as its runtimes report them, in live sessions that it records: `auto` asks those at
   * their usual places, else those that are named. Default: only container metadata of the traces.
   */
  readonly containers?: "auto" | NamedPlaces | undefined;
  /** Origins (`https://host[:port]`) of web pages elsewhere that may ask. Default none. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** What clients may use. Defaults: `DEFAULT_LIMITS`. */
  readonly limits?: Partial<Limits> | undefined;
  /** Called with what an operator should know, one line at a time. */
  readonly log?: ((text: string) => void) | undefined;
}

export interface RunningServer {
  /** `http://HOST:PORT` */
  readonly url: string;
  readonly port: number;
  /** Ends every query and connection and detaches from the relayds; settles when nothing is left. */
  close(): Promise<void>;
}

const DEFAULT_PORT = 7447;

/**
 * Serves queries on live sessions (one attachment for all queries, kept) and recorded traces (each query reads anew).
 *
 * @throws FeedError `TOKEN_NEEDED`, `BAD_TOKEN`; SourceError, ProtocolError for a source that cannot be served; whatever listening throws
 */
export async function serve(
  sources: readonly string[],
  options: ServeOptions = {},
): Promise<RunningServer> {
  const { host = "127.0.0.1", port = DEFAULT_PORT, from = "now" } = options;
  const {
    token,
    allowedOrigins = [],
    log = () => {},
    wait,
    reconnect,
    inThread,
    retainBytes = 0,
  } = options;
  requireToken(token, host);
  const follow = { from, wait, reconnect, inThread };
  const retain =
    retainBytes > 0 ? { bytes: retainBytes, used: new SharedArrayBuffer(8) } : undefined;
  const { containers } = options;
  const engines = await Engines.open({ sources, follow, containers, retain }, log);
  const rules = { isLoopback: isLoopbackHost(host), allowedOrigins, token };
  const queryServer = new QueryServer(engines, rules, log, limitsOf(options.limits ?? {}));
  try {
    return await queryServer.listen(host, port);
  } catch (error) {
    await queryServer.close();
    throw error;
  }
}

/** Traces show what a machine's processes do: they are not served to a whole network by a slip. */
function requireToken(token: string | undefined, host: string): void {
  if (token === undefined && !isLoopbackHost(host)) {
    const message = `listening on ${host}: expected a token (--token or TRACEWIRE_TOKEN), since other machines can reach this address, got none`;
    throw new FeedError("TOKEN_NEEDED", message, 401);
  }
  if (token !== undefined && !isToken(token))
    throw new FeedError("BAD_TOKEN", `token: expected ${TOKEN_FORM}, got something else`, 401);
}

export const ROUTES: readonly string[] = [
  "/",
  "/healthz",
  "/v1/complete",
  "/v1/containers",
  "/v1/query",
  "/v1/sessions",
];
/** These show nothing of the traces; the page asks for the token by itself. */
const OPEN_TO_ALL = ["/", "/healthz"];

class QueryServer {
  readonly #engines: Engines;
  readonly #desk: QueryDesk;
  readonly #rules: AccessRules;
  readonly #log: (text: string) => void;
  readonly #http: Server;
  readonly #webSockets: WebSocketEndpoint;
  #closing: Promise<void> | undefined;

  constructor(engines: Engines, rules: AccessRules, log: (text: string) => void, limits: Limits) {
    this.#engines = engines;
    this.#rules = rules;
    this.#log = log;
    const admission = new Admission(admissionLimits(limits));
    this.#desk = new QueryDesk(
      engines,
      admission,
      () => queryLimits(limits),
      () => {},
    );
    this.#webSockets = new WebSocketEndpoint(this.#desk, log);
    this.#http = createServer((request, response) => void this.#answer(request, response));
    this.#http.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  async listen(host: string, port: number): Promise<RunningServer> {
    this.#http.listen(port, host);
    await once(this.#http, "listening");
    const address = this.#http.address();
    const bound = typeof address === "object" && address !== null ? address.port : port;
    const name = host.includes(":") ? `[${host}]` : host;
    return { url: `http://${name}:${bound}`, port: bound, close: () => this.close() };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const closed = this.#http.listening ? once(this.#http, "close") : undefined;
    this.#http.close();
    this.#desk.endAll();
    await this.#webSockets.close();
    await this.#engines.close();
    this.#http.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("Cache-Control", "no-store");
    // A connection that breaks is a client that went: its query ends at "close".
    response.on("error", () => undefined);
    try {
      await this.#route(request, response);
    } catch (error) {
      this.#report(request, error);
      if (response.headersSent) response.destroy();
      else respondError(response, error);
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    checkAccess(request, this.#rules);
    const { origin } = request.headers;
    if (origin !== undefined && this.#rules.allowedOrigins.includes(origin)) {
      response.setHeader("Access-Control-Allow-Origin", origin);
      response.setHeader("Vary", "Origin");
    }
    const { pathname, searchParams } = targetOf(request);
    if (!ROUTES.includes(pathname)) throw notFound(pathname);
    if (request.method === "OPTIONS") {
      // A browser asks beforehand whether a page from elsewhere may send the token.
      response.writeHead(204, { "Access-Control-Allow-Headers": "Authorization", Allow: "GET" });
      response.end();
      return;
    }
    if (request.method !== "GET") {
      response.setHeader("Allow", "GET");
      throw new FeedError("BAD_METHOD", `${pathname}: expected GET, got ${request.method}`, 405);
    }
    if (!OPEN_TO_ALL.includes(pathname)) checkAuthority(request, this.#rules);
    const client = clientOf(request);
    switch (pathname) {
      case "/":
        response.setHeader("Content-Security-Policy", PAGE_POLICY);
        respond(response, 200, "text/html; charset=utf-8", PAGE);
        break;
      case "/healthz":
        respond(response, 200, "text/plain; charset=utf-8", "ok\n");
        break;
      case "/v1/query":
        await this.#query(request, client, response);
        break;
      default:
        respondJson(response, await this.#call(pathname, searchParams, client));
    }
  }

  /** @throws FeedError 404 `UNKNOWN_SOURCE`, and as the call does */
  async #call(pathname: string, search: URLSearchParams, client: Client): Promise<unknown> {
    const name = pathname.slice("/v1/".length) as Call["name"];
    const source = name === "sessions" ? undefined : (search.get("source") ?? undefined);
    const sources = chosenSources(client.grant, this.#engines.sources, source);
    const thread =
      name === "containers" ? this.#engines.threadFor(sources) : this.#engines.anyThread;
    const { hidden } = client.grant;
    return await thread.call({ name, search: search.toString(), sources, hidden });
  }

  async #query(request: IncomingMessage, client: Client, response: ServerResponse): Promise<void> {
    if (this.#closing !== undefined) throw closing();
    const { accept } = request.headers;
    const asked: Exclude<Asked, { kind: "frame" }> =
      request.method === "POST"
        ? { kind: "body", text: await readBody(request), accept }
        : { kind: "url", search: targetOf(request).search, accept };
    await streamQuery(asked, client, response, this.#desk, (error) => this.#report(request, error));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    try {
      checkAccess(request, this.#rules);
      const { pathname } = targetOf(request);
      if (pathname !== "/v1/query") throw notFound(pathname);
      checkAuthority(request, this.#rules);
      if (this.#closing !== undefined) throw closing();
      this.#webSockets.upgrade(request, socket, head, clientOf(request));
    } catch (error) {
      this.#report(request, error);
      refuseUpgrade(socket, error);
    }
  }

  #report(request: IncomingMessage, error: unknown): void {
    const what = `${request.method} ${request.url?.split("?")[0]}`;
    const status = httpStatus(error);
    if (isBug(error)) this.#log(`${what}: ${error.stack ?? error.message}`);
    // A client's slips are its own affair; strangers and failing relayds are the operator's.
    else if (status === 401 || status === 403 || status >= 500)
      this.#log(`${what}: ${errorReport(error).message}`);
  }
}

function clientOf(request: IncomingMessage): Client {
  return { address: request.socket.remoteAddress ?? "local", grant: ANYONE };
}

function closing(): FeedError {
  return new FeedError("CLOSING", "the server ends", 503);
}

/** @throws FeedError 400 `BAD_TARGET` */
function targetOf(request: IncomingMessage): URL {
  const target = request.url ?? "/";
  // Only the path and the parameters matter; a target may also be a whole URL, or nonsense.
  if (URL.canParse(target, "http://localhost")) return new URL(target, "http://localhost");
  throw new FeedError("BAD_TARGET", `request: expected a path, got ${target}`, 400);
}

function notFound(pathname: string): FeedError {
  const message = `request: expected one of ${ROUTES.join(", ")}, got ${pathname}`;
  return new FeedError("NOT_FOUND", message, 404);
}
