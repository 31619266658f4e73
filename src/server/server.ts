/** The HTTP and WebSocket server, as programs start it. */

import { FeedError } from "../base/errors.ts";
import { systemReason } from "../base/system-error.ts";
import type { NamedPlaces } from "../runtimes/place-kinds.ts";
import { isLoopbackHost } from "./access.ts";
import { hostNameFrom, originFrom } from "./allowed.ts";
import { Engines } from "./engine/engines.ts";
import { type Limits, limitsOf } from "./limits.ts";
import { LineFile } from "./line-file.ts";
import { QueryServer, type Settings } from "./query-server.ts";
import { ServerLog } from "./server-log.ts";
import type { TlsFiles } from "./tls-files.ts";
import { isToken, TOKEN_FORM, Tokens, tokenFault } from "./token.ts";
import { readTokens } from "./token-file.ts";

export interface ServeOptions {
  /** Where to listen. Default `127.0.0.1`, where only this machine's programs reach it; elsewhere a token is needed. */
  readonly host?: string | undefined;
  /** Default 7447; 0 means any free port. */
  readonly port?: number | undefined;
  /** A Unix socket to listen on instead. */
  readonly path?: string | undefined;
  /** Its mode. Default 0600. */
  readonly mode?: number | undefined;
  /** PEM files: `cert`, `key` and, for clients that must show a certificate, `clientCa`. Read again by `reload`. */
  readonly tls?: TlsFiles | undefined;
  /** What clients must show, as `Authorization: Bearer TOKEN` or as WebSocket subprotocol `bearer.TOKEN`. Default none. */
  readonly token?: string | undefined;
  /** A file of tokens instead, each with what it may see; read again by `reload`. */
  readonly tokenFile?: string | undefined;
  /** Origins (`https://host[:port]`) of web pages elsewhere that may ask. Default none. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Names that `Host` may have. Default: those of this machine on loopback, any elsewhere. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Names of fields that no client may see. Default none. */
  readonly hide?: readonly string[] | undefined;
  /** What clients may use. Defaults: `DEFAULT_LIMITS`. */
  readonly limits?: Partial<Limits> | undefined;
  /** Sends tokens and rows over the network without TLS. Default true; the command asks for it by `--insecure`. */
  readonly insecure?: boolean | undefined;
  /** Live sessions: everything the relayds still have (for the first query), or what comes from now on, the default. */
  readonly from?: "beginning" | "now" | undefined;
  /** Waits for relayds and sessions that are not there, at first or after their end. Default false. */
  readonly wait?: boolean | undefined;
  /** Connects again when a connection to a relayd is lost. Default true. */
  readonly reconnect?: boolean | undefined;
  /** Added to all times, ns: for traces of wrong clocks. Default 0. */
  readonly clockOffsetNs?: bigint | undefined;
  /** Follows live sessions in threads of their own. Default false. */
  readonly inThread?: boolean | undefined;
  /** Bytes of results that are kept for WebSocket clients that lose their connection, for two minutes. Default none. */
  readonly retainBytes?: number | undefined;
  /**
   * Names containers of this machine as its runtimes report them, in live sessions that it records: `auto` asks those at
   * their usual places, else those that are named. Default: only container metadata of the traces.
   */
  readonly containers?: "auto" | NamedPlaces | undefined;
  /** A file to which a line of JSON is added for each query and refusal. Default none. */
  readonly audit?: string | undefined;
  /** Called with what an operator should know, one line at a time. */
  readonly log?: ((text: string) => void) | undefined;
}

/** What may change while the server runs. */
export type ReloadableOptions = Pick<
  ServeOptions,
  "token" | "tokenFile" | "allowedOrigins" | "allowedHosts" | "hide" | "limits"
>;

export interface RunningServer {
  /** `http://HOST:PORT`, or `unix:PATH` */
  readonly url: string;
  /** 0 of a Unix socket. */
  readonly port: number;
  /**
   * Takes other options, and reads tokens and certificates again; what runs goes on.
   * @throws FeedError `TOKEN_NEEDED`, `BAD_TOKEN_FILE`, `BAD_TLS`, `BAD_ORIGIN`, `BAD_HOST_NAME`; then the ones before stay
   */
  reload(options?: ReloadableOptions): void;
  /** Ends every query and connection and detaches from the relayds; settles when nothing is left. */
  close(): Promise<void>;
}

const DEFAULT_PORT = 7447;

/**
 * Serves queries on live sessions (one attachment for all queries, kept) and recorded traces (equal queries that begin together are run once).
 *
 * @throws FeedError `TOKEN_NEEDED`, `BAD_TOKEN`, `BAD_TOKEN_FILE`, `BAD_TLS`, `BAD_AUDIT_FILE`, `BAD_SOCKET_PATH`, `BAD_ORIGIN`,
 * `BAD_HOST_NAME`; SourceError, ProtocolError for a source that
 * cannot be served; whatever listening throws
 */
export async function serve(
  sources: readonly string[],
  options: ServeOptions = {},
): Promise<RunningServer> {
  const { host = "127.0.0.1", port = DEFAULT_PORT, path, mode, tls, from } = options;
  const { wait, reconnect, inThread, retainBytes = 0, containers, audit } = options;
  requireSafety(options, host);
  const log = new ServerLog(options.log ?? (() => {}));
  const settings = settingsOf(options, log.line);
  const auditFile = audit === undefined ? undefined : auditTo(audit);
  const follow = { from, wait, reconnect, inThread, clockOffsetNs: options.clockOffsetNs };
  const retain =
    retainBytes > 0 ? { bytes: retainBytes, used: new SharedArrayBuffer(8) } : undefined;
  const engines = await Engines.open({ sources, follow, containers, retain }, log.line);
  const isLoopback = path === undefined && isLoopbackHost(host);
  let server: QueryServer | undefined;
  try {
    server = new QueryServer(engines, settings, { isLoopback, tls, log, auditFile });
    const place = { host, port, path, mode };
    const { url, port: bound } = await server.listen(place);
    const running = server;
    return {
      url,
      port: bound,
      reload: (changed = options) => {
        const { token, tokenFile } = changed;
        requireSafety({ ...options, token, tokenFile }, host);
        running.reload(settingsOf(changed, log.line));
      },
      close: () => running.close(),
    };
  } catch (error) {
    await (server?.close() ?? engines.close());
    throw error;
  }
}

/** @throws FeedError `BAD_AUDIT_FILE` */
function auditTo(path: string): LineFile {
  try {
    return LineFile.append(path);
  } catch (cause) {
    const got = systemReason(cause as NodeJS.ErrnoException);
    const message = `audit: ${path}: expected a file that lines can be added to, got ${got}`;
    throw new FeedError("BAD_AUDIT_FILE", message, 500, { cause });
  }
}

/** @throws FeedError `BAD_TOKEN`, `BAD_TOKEN_FILE`, `BAD_ORIGIN`, `BAD_HOST_NAME` */
function settingsOf(options: ReloadableOptions, warn: (text: string) => void): Settings {
  const { token, tokenFile, allowedOrigins = [], allowedHosts = [], hide = [] } = options;
  if (token !== undefined && !isToken(token))
    throw new FeedError(
      "BAD_TOKEN",
      `token: expected ${TOKEN_FORM}, got ${tokenFault(token)}`,
      401,
    );
  const tokens = tokenFile === undefined ? undefined : readTokens(tokenFile, warn);
  return {
    tokens: tokens ?? (token === undefined ? undefined : Tokens.single(token)),
    allowedOrigins: allowedOrigins.map(originFrom),
    allowedHosts: allowedHosts.map(hostNameFrom),
    hidden: hide,
    limits: limitsOf(options.limits ?? {}),
  };
}

/** Traces show what a machine's processes do: they are not served to a whole network by a slip. */
function requireSafety(options: ServeOptions, host: string): void {
  const { path, token, tokenFile, tls, insecure = true } = options;
  if (path !== undefined || isLoopbackHost(host)) return;
  const asks = token !== undefined || tokenFile !== undefined || tls?.clientCa !== undefined;
  if (!asks) {
    const message = `listening on ${host}: expected a token (--token-file, --token or TRACEWIRE_TOKEN) or --tls-client-ca, since other machines can reach this address, got none`;
    throw new FeedError("TOKEN_NEEDED", message, 401);
  }
  if (tls !== undefined || insecure) return;
  const message = `listening on ${host}: expected --tls-cert and --tls-key, since others on the way can read tokens and rows, got neither; --insecure does without`;
  throw new FeedError("TLS_NEEDED", message, 401);
}
