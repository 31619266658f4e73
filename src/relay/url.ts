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
  /** `undefined` when the URL names a relayd only. Both may hold `*` globs. */
  readonly selection: { readonly target: string; readonly session: string } | undefined;
}

const FORM = "net://HOST[:PORT][/host/TARGET/SESSION]";

/** Whether a source that a user wrote is meant as a live one. */
export function isLiveUrl(text: string): boolean {
  return /^net[46]?:\/\//.test(text);
}

/** @throws SourceError `BAD_URL` with what is wrong and the form expected */
export function parseLiveUrl(text: string): LiveUrl {
  if (!text.startsWith("net://")) throw badUrl(text, "it does not begin with net://");
  const rest = text.slice("net://".length);
  const slash = rest.indexOf("/");
  const authority = slash === -1 ? rest : rest.slice(0, slash);
  const path = slash === -1 ? "" : rest.slice(slash);
  return { ...parseAuthority(text, authority), selection: parsePath(text, path) };
}

/** The shortest text that `parseLiveUrl` reads as this URL. */
export function printLiveUrl(url: LiveUrl): string {
  const port = url.port === DEFAULT_LIVE_PORT ? "" : `:${url.port}`;
  const path =
    url.selection === undefined ? "" : `/host/${url.selection.target}/${url.selection.session}`;
  return `net://${bracketed(url.host)}${port}${path}`;
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
