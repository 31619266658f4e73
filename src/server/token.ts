/** Tokens that clients show: read from a file, of which only digests are kept. */

import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { FeedError } from "../base/errors.ts";
import type { Grant } from "./grant.ts";

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

/** Why a text can be no token, without saying what it is. */
export function tokenFault(text: string): string {
  const isOfLength = text.length >= 8 && text.length <= 256;
  return isOfLength ? "one with other characters" : `${text.length} characters`;
}

interface KnownToken {
  readonly grant: Grant;
  /** ms since the Unix epoch. */
  readonly expiresMs: number;
}

/** The tokens that a server accepts, by the digest of each. */
export class Tokens {
  readonly #byDigest: ReadonlyMap<string, KnownToken>;

  constructor(known: ReadonlyMap<string, KnownToken>) {
    this.#byDigest = known;
  }

  /** One token that may do everything. */
  static single(token: string): Tokens {
    const grant: Grant = { name: "token", sources: undefined, hidden: [], isOperator: true };
    return new Tokens(new Map([[digestOf(token), { grant, expiresMs: Number.POSITIVE_INFINITY }]]));
  }

  /**
   * What the client of a request may do.
   * @throws FeedError 401 `TOKEN_MISSING`, `TOKEN_WRONG`, `TOKEN_EXPIRED`
   */
  grantOf(request: IncomingMessage): Grant {
    const offered = offeredTokens(request);
    if (offered.length === 0) {
      const message = "Authorization: expected Bearer and this server's token, got none";
      throw new FeedError("TOKEN_MISSING", message, 401);
    }
    for (const one of offered) {
      // A digest says nothing of its token, however long the look-up takes; no message repeats either.
      const known = this.#byDigest.get(digestOf(one));
      if (known === undefined) continue;
      if (known.expiresMs > Date.now()) return known.grant;
      const message = `Authorization: expected a token that is valid, got ${known.grant.name}, which has expired`;
      throw new FeedError("TOKEN_EXPIRED", message, 401);
    }
    throw new FeedError(
      "TOKEN_WRONG",
      "Authorization: expected this server's token, got another",
      401,
    );
  }
}

/** SHA-256, as hexadecimal digits. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
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
