import { SourceError } from "../base/errors.ts";
import { DEFAULT_LIVE_PORT } from "./abi.ts";

/**
 * A relayd, and which of its sessions: `net://HOST[:PORT]` or `net://HOST[:PORT]/host/TARGET/SESSION`, as babeltrace2
 * writes them. Nothing is percent-decoded.
 */
export interface LiveUrl {
  /** Without brackets, if an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** IPv4 or IPv6 only, by `net4://` and `net6://`. */
  readonly family?: 4 | 6 | undefined;
  /** `undefined` when the URL names a relayd only. Both may hold `*` globs. */
  readonly selection: { readonly target: string; readonly session: string } | undefined;
}

const FORM = "net://HOST[:PORT][/host/TARGET/SESSION]";
const SCHEME = /^net([46])?:\/\//;

/** Whether a source that a user wrote is meant as a live one. */
export function isLiveUrl(text: string): boolean {
  return SCHEME.test(text);
}

/** The URL that a user may have meant by a path that is none: `HOST:PORT/host/TARGET/SESSION`, or another scheme. */
export function meantUrl(text: string): string | undefined {
  const bare = /^(?:\[[0-9a-fA-F:.]+\]|[^/:[\]]+)(?::\d+)?\/host\/[^/]+\/[^/]+$/;
  if (bare.test(text)) return `net://${text}`;
  const other = /^[a-z][a-z0-9+.-]*:\/{1,3}(.+)$/i.exec(text);
  return other === null ? undefined : `net://${other[1]}`;
}

/** A name of a host or session as a URL selects it, and nothing else: stars stand for themselves. */
export function escapedName(name: string): string {
  return name.replaceAll(/[*\\]/g, "\\$&");
}

/** @throws SourceError `BAD_URL` with what is wrong and the form expected */
export function parseLiveUrl(text: string): LiveUrl {
  const scheme = SCHEME.exec(text);
  if (scheme === null) throw badUrl(text, "it does not begin with net://");
  const rest = text.slice(scheme[0].length);
  const family = scheme[1] === undefined ? {} : { family: Number(scheme[1]) as 4 | 6 };
  const slash = rest.indexOf("/");
  const authority = slash === -1 ? rest : rest.slice(0, slash);
  const path = slash === -1 ? "" : rest.slice(slash);
  return { ...parseAuthority(text, authority), ...family, selection: parsePath(text, path) };
}

/** The shortest text that `parseLiveUrl` reads as this URL. */
export function printLiveUrl(url: LiveUrl): string {
  const port = url.port === DEFAULT_LIVE_PORT ? "" : `:${url.port}`;
  const path =
    url.selection === undefined ? "" : `/host/${url.selection.target}/${url.selection.session}`;
  return `net${url.family ?? ""}://${bracketed(url.host)}${port}${path}`;
}

/** `HOST:PORT` for messages. */
export function printPeer(host: string, port: number): string {
  return `${bracketed(host)}:${port}`;
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function parseAuthority(text: string, authority: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([^:]*))?$/.exec(authority);
  if (match === null) {
    throw badUrl(text, `"${authority}" is not HOST[:PORT]; IPv6 addresses need brackets`);
  }
  const host = match[1] ?? match[2] ?? "";
  if (host === "") throw badUrl(text, "the host is missing");
  const portText = match[3];
  if (portText === undefined) return { host, port: DEFAULT_LIVE_PORT };
  const port = Number(portText);
  if (!/^\d+$/.test(portText) || port < 1 || port > 65_535) {
    throw badUrl(text, `"${portText}" is not a port (1…65535)`);
  }
  return { host, port };
}

function parsePath(text: string, path: string): LiveUrl["selection"] {
  if (path === "" || path === "/") return undefined;
  const [, host, target, session, ...more] = path.split("/");
  if (host !== "host") throw badUrl(text, `expected /host/ after the relayd, got "${path}"`);
  if (target === undefined || target === "") throw badUrl(text, "the traced host is missing");
  if (session === undefined || session === "") throw badUrl(text, "the session name is missing");
  if (more.length > 0) throw badUrl(text, "a session name cannot contain a slash");
  return { target, session };
}

function badUrl(text: string, why: string): SourceError {
  return new SourceError("BAD_URL", `reading the URL "${text}": ${why}; expected ${FORM}`);
}
