import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { FeedError } from "../base/errors.ts";

/** Browsers cannot set headers on a WebSocket: there the token travels as a subprotocol, `bearer.TOKEN`. */
const SUBPROTOCOL_PREFIX = "bearer.";

/** What may stand in both places (RFC 6750 §2.1 and RFC 9110 §5.6.2), long enough not to be guessed by accident. */
const TOKEN = /^[\w.~+-]{8,256}$/;

/** What a token may be made of, for messages. */
export const TOKEN_FORM = "8 to 256 letters, digits or . _ ~ + -";

/** Whether a text can be a token. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/**
 * Lets a request pass that carries the server's token.
 * @throws FeedError 401 `TOKEN_MISSING`, `TOKEN_WRONG`
 */
export function checkToken(request: IncomingMessage, token: string): void {
  const offered = offeredTokens(request);
  if (offered.length === 0) {
    const message = "Authorization: expected Bearer and this server's token, got none";
    throw new FeedError("TOKEN_MISSING", message, 401);
  }
  // The digests are of one length, whatever was offered; no message repeats it.
  const wanted = digest(token);
  if (offered.some((one) => timingSafeEqual(digest(one), wanted))) return;
  throw new FeedError(
    "TOKEN_WRONG",
    "Authorization: expected this server's token, got another",
    401,
  );
}

/** The subprotocols that a client offers, without the one that is a token. */
export function offeredSubprotocols(request: IncomingMessage): readonly string[] {
  return allSubprotocols(request).filter((one) => !one.startsWith(SUBPROTOCOL_PREFIX));
}

function offeredTokens(request: IncomingMessage): readonly string[] {
  const header = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1];
  const subprotocols = allSubprotocols(request)
    .filter((one) => one.startsWith(SUBPROTOCOL_PREFIX))
    .map((one) => one.slice(SUBPROTOCOL_PREFIX.length));
  return header === undefined ? subprotocols : [header, ...subprotocols];
}

function allSubprotocols(request: IncomingMessage): readonly string[] {
  const header = request.headers["sec-websocket-protocol"];
  return header === undefined ? [] : header.split(",").map((one) => one.trim());
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
