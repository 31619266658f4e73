import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { FeedError } from "../base/errors.ts";
import type { Client, QueryDesk } from "./query-desk.ts";
import type { RequestTurns } from "./request-turns.ts";
import { offeredSubprotocols } from "./token.ts";
import { WebSocketQuery } from "./ws-query.ts";

const SUBPROTOCOL = "tracewire.v1";

/** A frame from a client is a query at most; a message of many tiny fragments costs more memory than its bytes. */
const MAX_PAYLOAD = 64 * 1024;
const MAX_FRAGMENTS = 64;
/** A peer that answers no ping within one interval, in ms, is gone. */
const PING_INTERVAL = 20_000;
/** How long a closing handshake may take at the end, in ms. */
const GOODBYE_TIMEOUT = 500;

/** `WS /v1/query`: one query for each WebSocket. */
export class WebSocketEndpoint {
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // Arrow hardly shrinks in it, at a fiftieth of the speed.
    perMessageDeflate: false,
    maxPayload: MAX_PAYLOAD,
    maxFragments: MAX_FRAGMENTS,
    // One frame in each round of the event loop, whatever a client sends at once.
    allowSynchronousEvents: false,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  readonly #desk: QueryDesk;
  readonly #turns: RequestTurns;
  readonly #log: (text: string) => void;
  /** The queries by socket, and which sockets owe no pong. */
  readonly #queries = new Map<WebSocket, WebSocketQuery>();
  readonly #alive = new WeakSet<WebSocket>();
  readonly #heartbeat: NodeJS.Timeout;

  constructor(desk: QueryDesk, turns: RequestTurns, log: (text: string) => void) {
    this.#desk = desk;
    this.#turns = turns;
    this.#log = log;
    this.#heartbeat = setInterval(() => this.#beat(), PING_INTERVAL);
  }

  /** @throws FeedError 400 `BAD_SUBPROTOCOL` */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, client: Client): void {
    const offered = offeredSubprotocols(request);
    const hasOffer = request.headers["sec-websocket-protocol"] !== undefined;
    if (hasOffer && !offered.includes(SUBPROTOCOL)) {
      const message = `Sec-WebSocket-Protocol: expected ${SUBPROTOCOL} or none, got ${offered.join(", ") || "only a token"}`;
      throw new FeedError("BAD_SUBPROTOCOL", message, 400);
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) =>
      this.#accept(webSocket, socket, client),
    );
  }

  /** Ends every query; sockets that do not say goodbye in time are dropped. */
  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    const sockets = [...this.#queries.keys()];
    const closed = sockets.map((socket) => new Promise((done) => socket.on("close", done)));
    for (const query of this.#queries.values()) query.stop("the server ends");
    const timer = setTimeout(() => {
      for (const socket of sockets) socket.terminate();
    }, GOODBYE_TIMEOUT);
    await Promise.all(closed);
    clearTimeout(timer);
  }

  #accept(socket: WebSocket, connection: Duplex, client: Client): void {
    const turn = (work: () => void): void => this.#turns.add(client.address, work);
    const carrier = { socket, connection, turn };
    this.#queries.set(socket, new WebSocketQuery(carrier, client, this.#desk, this.#log));
    this.#alive.add(socket);
    socket.on("pong", () => this.#alive.add(socket));
    socket.on("close", () => this.#queries.delete(socket));
    // A frame too large, not UTF-8 …: ws closes the socket with the fitting code by itself.
    const { address } = client;
    socket.on("error", (error) => this.#log(`${address}: WS /v1/query: ${error.message}`));
  }

  #beat(): void {
    for (const socket of this.#queries.keys()) {
      if (!this.#alive.delete(socket)) socket.terminate();
      else socket.ping();
    }
  }
}
