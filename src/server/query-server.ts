/** The running server: takes requests and WebSockets, decides what they may, and answers. */

import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { FeedError } from "../base/errors.ts";
import { type AccessRules, checkAccess, checkSite } from "./access.ts";
import { Admission, CALLS } from "./admission.ts";
import { Audit } from "./audit.ts";
import { Connections } from "./connections.ts";
import { Doorway } from "./doorway.ts";
import { Endpoints } from "./endpoints.ts";
import type { Engines } from "./engine/engines.ts";
import { errorReport, httpStatus, isBug } from "./error-report.ts";
import { FailedTokens } from "./failed-tokens.ts";
import { ANYONE, type Grant } from "./grant.ts";
import { Intake } from "./intake.ts";
import { admissionLimits, callLimits, type Limits, queryLimits } from "./limits.ts";
import type { LineFile } from "./line-file.ts";
import { httpServer, ignoreUpgrade, listen, type Place, reloadTls } from "./listener.ts";
import { Metrics } from "./metrics.ts";
import { type Client, QueryDesk } from "./query-desk.ts";
import { refuseUpgrade, respondError } from "./reply.ts";
import { RequestTurns } from "./request-turns.ts";
import { allowedMethods, checkMethod, type Route, routeOf } from "./routes.ts";
import type { ServerLog } from "./server-log.ts";
import type { TlsFiles } from "./tls-files.ts";
import type { Tokens } from "./token.ts";
import { WebSocketEndpoint } from "./ws-endpoint.ts";

/** What may change while it runs. */
export interface Settings extends Omit<AccessRules, "isLoopback"> {
  /** `undefined` asks for none. */
  readonly tokens: Tokens | undefined;
  /** Fields that no client may see. */
  readonly hidden: readonly string[];
  readonly limits: Limits;
}

export interface Surroundings {
  readonly isLoopback: boolean;
  readonly tls: TlsFiles | undefined;
  readonly log: ServerLog;
  readonly auditFile: LineFile | undefined;
}

/** How long queries may take to end with their account, in ms. */
const FINISH_MS = 3000;

export class QueryServer {
  #settings: Settings;
  readonly #around: Surroundings;
  readonly #engines: Engines;
  readonly #admission: Admission;
  /** Of what is asked beside queries: it takes turns, too. */
  readonly #calls: Admission;
  readonly #desk: QueryDesk;
  readonly #audit: Audit;
  readonly #metrics: Metrics;
  readonly #endpoints: Endpoints;
  readonly #connections: Connections;
  readonly #turns = new RequestTurns();
  readonly #failedTokens = new FailedTokens();
  readonly #door: Doorway;
  readonly #http: Server;
  readonly #webSockets: WebSocketEndpoint;
  #closing: Promise<void> | undefined;

  constructor(engines: Engines, settings: Settings, around: Surroundings) {
    this.#engines = engines;
    this.#settings = settings;
    this.#around = around;
    const { limits } = settings;
    this.#admission = new Admission(admissionLimits(limits));
    this.#audit = new Audit(around.auditFile);
    this.#connections = new Connections(limits.maxConnections);
    const admission = this.#admission;
    this.#desk = new QueryDesk(
      engines,
      admission,
      () => queryLimits(this.#settings.limits),
      (end) => {
        this.#metrics.onQueryEnd(end);
        this.#audit.query(end);
      },
    );
    const watched = { engines, admission, desk: this.#desk, connections: this.#connections };
    const linesLeftOut = (): number => around.log.leftOut + this.#audit.leftOut;
    this.#metrics = new Metrics({ ...watched, linesLeftOut });
    this.#calls = new Admission(callLimits(limits), CALLS);
    this.#endpoints = new Endpoints({
      ...watched,
      metrics: this.#metrics,
      audit: this.#audit,
      calls: this.#calls,
    });
    this.#webSockets = new WebSocketEndpoint(this.#desk, this.#turns, around.log.line);
    const answer = (request: IncomingMessage, response: ServerResponse): void =>
      this.#take(request, response);
    this.#http = httpServer(around.tls, answer, around.log.line);
    this.#http.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    const entered = around.tls === undefined ? "connection" : "secureConnection";
    this.#http.on(entered, (socket: Socket) => Intake.attach(socket));
    this.#door = new Doorway(
      (socket) => {
        this.#turns.onConnection();
        // With TLS, too, before its handshake: what never greets has a descriptor.
        this.#connections.accept(socket);
      },
      (socket) => void this.#http.emit("connection", socket),
    );
    // What cannot be parsed is its sender's affair; Node answers 400 by itself.
    this.#http.on("tlsClientError", () => undefined);
  }

  async listen(place: Place): Promise<{ readonly url: string; readonly port: number }> {
    const { server } = this.#door;
    await listen(server, place);
    // It begins to watch the times of its requests, as if it listened itself.
    this.#http.emit("listening");
    if (place.path !== undefined) return { url: `unix:${place.path}`, port: 0 };
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : place.port;
    const name = place.host.includes(":") ? `[${place.host}]` : place.host;
    const scheme = this.#around.tls === undefined ? "http" : "https";
    return { url: `${scheme}://${name}:${port}`, port };
  }

  /** @throws FeedError `BAD_TLS`, Error of the audit file; then nothing has changed */
  reload(settings: Settings): void {
    const { tls, auditFile } = this.#around;
    auditFile?.reopen();
    if (tls !== undefined) reloadTls(this.#http, tls, this.#around.log.line);
    this.#settings = settings;
    this.#admission.limits = admissionLimits(settings.limits);
    this.#calls.limits = callLimits(settings.limits);
    this.#connections.limit = settings.limits.maxConnections;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { server } = this.#door;
    const closed = server.listening ? once(server, "close") : undefined;
    server.close();
    this.#door.close();
    this.#http.close();
    await this.#desk.finish(FINISH_MS);
    await this.#webSockets.close();
    await this.#engines.close();
    this.#http.closeAllConnections();
    this.#metrics.close();
    await this.#around.auditFile?.written(FINISH_MS);
    await closed;
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    // A connection that breaks is a client that went: its query ends at "close".
    response.on("error", () => undefined);
    Intake.of(request.socket)?.begin(request, response);
    const answer = (): void => void this.#answer(request, response);
    // Whoever asks whether the server is alive need not wait for others.
    if (request.url === "/healthz") answer();
    else this.#turns.add(addressOf(request), answer);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // It went while it waited for its turn.
    if (response.destroyed) return;
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("Cache-Control", "no-store");
    response.setHeader("Referrer-Policy", "no-referrer");
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
    response.on("close", () => this.#metrics.onAnswer(response.statusCode));
    // The request may have lost its socket when it is reported.
    const address = addressOf(request);
    try {
      await this.#route(request, response);
    } catch (error) {
      this.#report(request, address, error);
      if (response.headersSent) response.destroy();
      else respondError(response, error);
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    checkAccess(request, this.#rules);
    const { origin } = request.headers;
    if (origin !== undefined && this.#settings.allowedOrigins.includes(origin)) {
      response.setHeader("Access-Control-Allow-Origin", origin);
      response.setHeader("Cross-Origin-Resource-Policy", "cross-origin");
      response.setHeader("Vary", "Origin");
    }
    const target = targetOf(request);
    const { route, id } = routeOf(target.pathname);
    if (route.mayBeLinked !== true) checkSite(request, this.#rules);
    response.setHeader("Allow", allowedMethods(route));
    if (request.method === "OPTIONS") {
      // A browser asks beforehand whether a page from elsewhere may send the token.
      response.writeHead(204, {
        "Access-Control-Allow-Headers": "Authorization, Content-Type",
        "Access-Control-Allow-Methods": allowedMethods(route),
      });
      response.end();
      return;
    }
    checkMethod(route, request.method);
    const client = this.#clientOf(request, route);
    const isClosing = this.#closing !== undefined;
    const { address } = client;
    const later = (error: unknown): void => this.#report(request, address, error, client);
    await this.#endpoints.answer({
      request,
      response,
      target,
      route,
      id,
      client,
      isClosing,
      later,
    });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, parsed: Buffer): void {
    const rest = Intake.of(socket as Socket)?.release();
    const head = rest === undefined ? parsed : Buffer.concat([parsed, rest]);
    if (request.headers.upgrade?.toLowerCase() !== "websocket") {
      ignoreUpgrade(this.#http, request, socket as Socket, head);
      return;
    }
    socket.on("error", () => socket.destroy());
    const address = addressOf(request);
    this.#turns.add(address, () => this.#upgradeNow(request, socket, head, address));
  }

  #upgradeNow(request: IncomingMessage, socket: Duplex, head: Buffer, address: string): void {
    if (socket.destroyed) return;
    try {
      checkAccess(request, this.#rules);
      const { pathname } = targetOf(request);
      const { route } = routeOf(pathname);
      if (route.path !== "/v1/query") {
        const message = `WebSocket: expected /v1/query, got ${pathname}`;
        throw new FeedError("NOT_FOUND", message, 404);
      }
      checkSite(request, this.#rules);
      const client = this.#clientOf(request, route);
      if (this.#closing !== undefined) throw new FeedError("CLOSING", "the server ends", 503);
      this.#webSockets.upgrade(request, socket, head, client);
    } catch (error) {
      this.#report(request, address, error);
      refuseUpgrade(socket, error);
    }
  }

  get #rules(): AccessRules {
    const { allowedHosts, allowedOrigins } = this.#settings;
    return { isLoopback: this.#around.isLoopback, allowedHosts, allowedOrigins };
  }

  /**
   * Who asks, and may.
   * @throws FeedError 401 as `Tokens.grantOf`, 403 `OPERATORS_ONLY`, 429 `TOO_MANY_FAILURES`
   */
  #clientOf(request: IncomingMessage, route: Route): Client {
    const address = addressOf(request);
    if (route.isOpen === true) return { address, grant: ANYONE };
    const granted = this.#grantOf(request, address);
    if (route.isOperators === true && !granted.isOperator) {
      const message = `${route.path}: expected a token of an operator, got ${granted.name}`;
      throw new FeedError("OPERATORS_ONLY", message, 403);
    }
    const { hidden } = this.#settings;
    const grant = { ...granted, hidden: [...new Set([...hidden, ...granted.hidden])] };
    return { address, grant };
  }

  #grantOf(request: IncomingMessage, address: string): Grant {
    const { tokens } = this.#settings;
    if (tokens === undefined) return this.#certifiedGrant(request);
    this.#failedTokens.check(address);
    try {
      const grant = tokens.grantOf(request);
      this.#failedTokens.forget(address);
      return grant;
    } catch (error) {
      if (error instanceof FeedError && error.code === "TOKEN_WRONG")
        this.#failedTokens.add(address);
      throw error;
    }
  }

  /** A client certificate has been checked by TLS; its name counts its queries. */
  #certifiedGrant(request: IncomingMessage): Grant {
    if (this.#around.tls?.clientCa === undefined) return ANYONE;
    const { subject } = (request.socket as TLSSocket).getPeerCertificate();
    const name = [subject?.CN ?? "-"].flat()[0] ?? "-";
    return { ...ANYONE, name };
  }

  #report(request: IncomingMessage, address: string, error: unknown, client?: Client): void {
    const what = `${address}: ${request.method} ${request.url?.split("?")[0]}`;
    const status = httpStatus(error);
    const log = this.#around.log.line;
    if (isBug(error)) log(`${what}: ${error.stack ?? error.message}`);
    // A client's slips are its own affair; strangers and failing relayds are the operator's.
    else if (status === 401 || status === 403 || status === 429 || status >= 500)
      log(`${what}: ${errorReport(error).message}`);
    if (status === 401 || status === 403 || status === 429)
      this.#audit.refusal(request, client ?? address, error);
  }
}

/** Of a request whose connection is still there; of a Unix socket `local`. */
function addressOf({ socket }: IncomingMessage): string {
  return (socket as Socket | null)?.remoteAddress ?? "local";
}

/** @throws FeedError 400 `BAD_TARGET` */
function targetOf(request: IncomingMessage): URL {
  const target = request.url ?? "/";
  // Only the path and the parameters matter; a target may also be a whole URL, or nonsense.
  if (URL.canParse(target, "http://localhost")) return new URL(target, "http://localhost");
  throw new FeedError("BAD_TARGET", `request: expected a path, got ${target}`, 400);
}
