/** Where the server listens: an address or a Unix socket, with or without TLS. */

import { once } from "node:events";
import { chmodSync, lstatSync, type Stats, unlinkSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import { connect, type Server as NetServer, type Socket } from "node:net";
import { FeedError } from "../base/errors.ts";
import { systemReason } from "../base/system-error.ts";
import { BACKLOG } from "./doorway.ts";
import { type TlsFiles, tlsOptions } from "./tls-files.ts";

export interface Place {
  readonly host: string;
  readonly port: number;
  /** A Unix socket instead. */
  readonly path?: string | undefined;
  /** Its mode. Default 0600: its owner's programs only. */
  readonly mode?: number | undefined;
}

/** A handshake, and a request's head, come within this time, and its body within three times as much, in ms. */
const HEAD_MS = 10_000;
const CHECK_MS = 2000;
const SOCKET_MODE = 0o600;
/** `sun_path` without the byte that ends it: unix(7), and the BSDs' 104. */
const MAX_SOCKET_PATH = process.platform === "linux" ? 107 : 103;

const TIMES = {
  headersTimeout: HEAD_MS,
  requestTimeout: 3 * HEAD_MS,
  connectionsCheckingInterval: CHECK_MS,
  keepAliveTimeout: HEAD_MS,
} as const;

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** @throws FeedError `BAD_TLS` */
export function httpServer(
  tls: TlsFiles | undefined,
  answer: Answer,
  warn: (text: string) => void,
): Server | TlsServer {
  if (tls === undefined) return createServer(TIMES, answer);
  return createTlsServer({ ...TIMES, handshakeTimeout: HEAD_MS, ...tlsOptions(tls, warn) }, answer);
}

/**
 * Takes certificates anew from their files; connections that are open go on as they are.
 * @throws FeedError `BAD_TLS`; then the ones before stay
 */
export function reloadTls(
  server: Server | TlsServer,
  tls: TlsFiles,
  warn: (text: string) => void,
): void {
  if ("setSecureContext" in server) server.setSecureContext(tlsOptions(tls, warn));
}

/**
 * Listens; a socket that a server before left behind is removed, one that a program still has is not.
 * @throws FeedError `BAD_SOCKET_PATH`; whatever listening throws
 */
export async function listen(server: NetServer, { host, port, path, mode }: Place): Promise<void> {
  if (path === undefined) {
    server.listen({ port, host, backlog: BACKLOG });
    await once(server, "listening");
    return;
  }
  const bytes = Buffer.byteLength(path);
  // What is longer would be cut off, and be a socket of another name.
  if (bytes > MAX_SOCKET_PATH) {
    const message = `listening on ${path}: expected a path of at most ${MAX_SOCKET_PATH} bytes, got ${bytes}`;
    throw new FeedError("BAD_SOCKET_PATH", message, 500);
  }
  await removeStale(path);
  // Until the mode is set, only the owner may connect.
  const before = process.umask(0o177);
  try {
    server.listen({ path, backlog: BACKLOG });
    await once(server, "listening");
  } finally {
    process.umask(before);
  }
  chmodSync(path, mode ?? SOCKET_MODE);
}

async function removeStale(path: string): Promise<void> {
  const stats = statsOf(path);
  if (stats?.isSocket() !== true) return;
  const isStale = await new Promise<boolean>((resolve) => {
    const socket = connect(path);
    socket.on("connect", () => {
      socket.destroy();
      resolve(false);
    });
    // Any other error comes of a program that has it: of datagrams, with a full queue, of another user.
    socket.on("error", ({ code }: NodeJS.ErrnoException) => resolve(code === "ECONNREFUSED"));
  });
  if (isStale) unlinkSync(path);
}

/** @throws FeedError `BAD_SOCKET_PATH` */
function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    const got = systemReason(cause as NodeJS.ErrnoException);
    const message = `listening on ${path}: expected a path that a socket can be made at, got ${got}`;
    throw new FeedError("BAD_SOCKET_PATH", message, 500, { cause });
  }
}

/**
 * Gives a request that offers another protocol back to the server, without the offer: it is answered as any other.
 * @see RFC 9110 §7.8: a server may ignore Upgrade
 */
export function ignoreUpgrade(
  server: Server,
  { method, url, httpVersion, rawHeaders }: IncomingMessage,
  socket: Socket,
  head: Buffer,
): void {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (!/^(upgrade|connection|http2-settings)$/i.test(name))
      lines.push(`${name}: ${rawHeaders[i + 1]}`);
  }
  socket.unshift(head);
  socket.unshift(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"));
  server.emit("encrypted" in socket ? "secureConnection" : "connection", socket);
}
