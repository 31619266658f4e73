import type { IncomingMessage } from "node:http";
import { FeedError } from "../base/errors.ts";
import { printable } from "../base/printable.ts";

/** Characters of a header that a refusal repeats: enough to know it by. */
const MAX_SHOWN = 200;

/** Which requests the server accepts. */
export interface AccessRules {
  /** Bound to this machine only: then a foreign name in `Host` means that a web page rebound its own to us. */
  readonly isLoopback: boolean;
  /** Names that `Host` may have, besides those of this machine on loopback; none means any, elsewhere. */
  readonly allowedHosts: readonly string[];
  /** Origins (`https://host[:port]`) of web pages on other servers that may. */
  readonly allowedOrigins: readonly string[];
}

/**
 * Refuses what another site's page in the user's browser could send: browsers apply no same-origin rule to WebSockets,
 * and DNS rebinding goes round it for the rest. Programs send no `Origin` and pass.
 * @throws FeedError 400 `BAD_HOST`, 403 `FORBIDDEN_HOST`, `FORBIDDEN_ORIGIN`
 */
export function checkAccess(request: IncomingMessage, rules: AccessRules): void {
  const { host = "", origin } = request.headers;
  const hosts = request.headersDistinct["host"]?.length ?? 0;
  if (hosts > 1) {
    // RFC 9112 §3.2: whoever stands between may have gone by the other.
    throw new FeedError("BAD_HOST", `Host: expected it once, got it ${hosts} times`, 400);
  }
  checkHost(host, rules);
  if (origin === undefined || rules.allowedOrigins.includes(origin)) return;
  if (hostOf(origin) === host.toLowerCase()) return;
  const message = `Origin: expected this server's own or an allowed one, got ${printable(origin, MAX_SHOWN)}`;
  throw new FeedError("FORBIDDEN_ORIGIN", message, 403);
}

/**
 * Refuses what another site's page has its browser fetch without an `Origin`: images, scripts, links, forms. Pages of another
 * port of this machine are of another origin, too, though of the same site.
 * @throws FeedError 403 `FORBIDDEN_SITE`
 * @see Fetch Metadata Request Headers, https://www.w3.org/TR/fetch-metadata/
 */
export function checkSite(request: IncomingMessage, rules: AccessRules): void {
  const { origin, "sec-fetch-site": site } = request.headers;
  if (site === undefined || site === "same-origin" || site === "none") return;
  if (origin !== undefined && rules.allowedOrigins.includes(origin)) return;
  const message = `Sec-Fetch-Site: expected a request of this server's own page, got one of another (${printable(`${site}`, MAX_SHOWN)})`;
  throw new FeedError("FORBIDDEN_SITE", message, 403);
}

function checkHost(host: string, { isLoopback, allowedHosts }: AccessRules): void {
  const name = withoutPort(host).toLowerCase();
  if (allowedHosts.includes(name)) return;
  if (!isLoopback && allowedHosts.length === 0) return;
  if (isLoopback && isLoopbackHost(name)) return;
  const expected = [...(isLoopback ? ["localhost", "127.0.0.1", "[::1]"] : []), ...allowedHosts];
  const message = `Host: expected ${expected.join(" or ")}, got ${printable(host, MAX_SHOWN)}`;
  throw new FeedError("FORBIDDEN_HOST", message, 403);
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
