import type { IncomingMessage } from "node:http";
import { FeedError } from "../base/errors.ts";
import { checkToken } from "./token.ts";

/** Which requests the server accepts. */
export interface AccessRules {
  /** Bound to this machine only: then a foreign name in `Host` means that a web page rebound its own to us. */
  readonly isLoopback: boolean;
  /** Origins (`https://host[:port]`) of web pages on other servers that may. */
  readonly allowedOrigins: readonly string[];
  /** What clients must show; `undefined` accepts every request. */
  readonly token: string | undefined;
}

/**
 * Refuses what a stranger's web page in the user's browser could send: browsers apply no same-origin rule to WebSockets,
 * and DNS rebinding goes round it for the rest. Programs send no `Origin` and pass.
 * @throws FeedError 403 `FORBIDDEN_HOST`, `FORBIDDEN_ORIGIN`
 */
export function checkAccess(request: IncomingMessage, rules: AccessRules): void {
  const { host = "", origin } = request.headers;
  if (rules.isLoopback && !isLoopbackHost(withoutPort(host))) {
    const message = `Host: expected localhost, 127.0.0.1 or [::1], got ${host}`;
    throw new FeedError("FORBIDDEN_HOST", message, 403);
  }
  if (origin === undefined || rules.allowedOrigins.includes(origin)) return;
  if (hostOf(origin) === host.toLowerCase()) return;
  const message = `Origin: expected this server's own or an allowed one, got ${origin}`;
  throw new FeedError("FORBIDDEN_ORIGIN", message, 403);
}

/**
 * Refuses clients that may not see the traces.
 * @throws FeedError 401 `TOKEN_MISSING`, `TOKEN_WRONG`
 */
export function checkAuthority(request: IncomingMessage, rules: AccessRules): void {
  if (rules.token !== undefined) checkToken(request, rules.token);
}

/** Whether an address or name is this machine's own and reachable from nowhere else. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  return bare === "localhost" || bare === "::1" || /^127(\.\d{1,3}){3}$/.test(bare);
}

function withoutPort(host: string): string {
  return host.replace(/:\d*$/, "");
}

function hostOf(origin: string): string | undefined {
  return /^https?:\/\/(.+)$/.exec(origin)?.[1]?.toLowerCase();
}
