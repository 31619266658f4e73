/** `tracewire serve`: options of the command line and its file, a token where every user would reach the server, and reloads. */

import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Command } from "commander";
import { FeedError, SourceError } from "../base/errors.ts";
import { hasSpareProcessors } from "../query/threads.ts";
import type { NamedPlaces } from "../runtimes/place-kinds.ts";
import { isLoopbackHost } from "../server/access.ts";
import { LineFile } from "../server/line-file.ts";
import { type RunningServer, type ServeOptions, serve as startServer } from "../server/server.ts";
import type { TlsFiles } from "../server/tls-files.ts";
import { untilInterrupted } from "./interrupt.ts";
import { printAddress } from "./output.ts";
import { describeError, note } from "./report.ts";
import { configExposure, configuredOptions } from "./serve-config.ts";
import { type ListenPlace, limitsFrom } from "./serve-options.ts";

interface Options {
  readonly listen: ListenPlace;
  readonly socketMode?: number;
  readonly config?: string;
  readonly token?: string | false;
  readonly tokenFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly insecure?: true;
  readonly allowedOrigins: readonly string[];
  readonly allowedHosts: readonly string[];
  readonly hide: readonly string[];
  readonly audit?: string;
  readonly logFormat: "text" | "json";
  readonly from?: "beginning" | "now";
  readonly wait?: true;
  readonly retain: number;
  readonly reconnect: boolean;
  readonly clockOffset?: bigint;
  readonly containers?: "auto" | NamedPlaces;
}

interface CommandOptions extends ServeOptions {
  /** Asks for no token where it would make one. */
  readonly isOpen?: boolean | undefined;
}

/** How long the process may take to end, in ms. */
const END_MS = 8000;
/** Who may write to a socket may connect to it. */
const WRITABLE_BY_ALL = 0o002;
/** stderr */
const STDERR = 2;

/** What a server reads once: a change waits for its next start. */
const AT_START = [
  ...["listen", "socketMode", "tlsCert", "tlsKey", "tlsClientCa", "insecure", "audit", "logFormat"],
  ...["from", "wait", "reconnect", "clockOffset", "retain", "containers"],
] as const;

/** `tracewire serve`: serves until Ctrl-C or SIGTERM; SIGHUP reads files again. */
export async function serve(sources: readonly string[], command: Command): Promise<void> {
  const options = optionsOf(command);
  const log = logTo(LineFile.to(STDERR), options.logFormat);
  warn(options, log);
  const first = withOwnToken(serveOptions(options));
  let server: RunningServer | undefined;
  let isAsked = false;
  const readAgain = (): void => {
    isAsked = true;
    if (server === undefined) return;
    try {
      const again = optionsOf(command);
      warn(again, log);
      server.reload(reloaded(serveOptions(again), first));
      const later = changedAtStart(options, again);
      log(later.length === 0 ? "reloaded" : `reloaded; at the next start: ${later.join(", ")}`);
    } catch (error) {
      log(`not reloaded: ${describeError(error)}`);
    }
  };
  // From the first moment: a signal that comes while the server starts must not end it.
  process.on("SIGHUP", readAgain);
  const inThread = hasSpareProcessors(sources);
  server = await startServer(sources, { ...first, inThread, log });
  const link = first.token === undefined || !first.isOwn ? "" : `/#token=${first.token}`;
  printAddress(`${server.url}${link}`, log);
  if (process.stderr.isTTY === true) note("serving; Ctrl-C ends it");
  else log("serving");
  if (isAsked) readAgain();
  await untilInterrupted();
  setTimeout(() => process.exit(), END_MS).unref();
  await server.close();
  process.removeAllListeners("SIGHUP");
}

/** Tells what lies open that the server itself does not see. */
function warn(
  { config, socketMode = 0, token, tokenFile }: Options,
  log: (text: string) => void,
): void {
  const warning = config === undefined ? undefined : configExposure(config);
  if (warning !== undefined) log(warning);
  if ((socketMode & WRITABLE_BY_ALL) === 0 || token !== undefined || tokenFile !== undefined)
    return;
  const mode = socketMode.toString(8).padStart(4, "0");
  log(
    `warning: socket-mode ${mode}: every user of this machine can ask, and no token is asked for`,
  );
}

/**
 * Options for a server that runs, where it listens.
 * @throws FeedError `TOKEN_NEEDED` where it would have made a token of its own at its start
 */
function reloaded(again: CommandOptions, first: CommandOptions): ServeOptions {
  const { tokenFile, isOpen, token = first.token } = again;
  if (withOwnToken({ ...first, token, tokenFile, isOpen }).isOwn) {
    const message =
      "expected token or token-file as before, since every user reaches this address, got neither; no-token = true asks for none";
    throw new FeedError("TOKEN_NEEDED", message, 401);
  }
  return { ...again, token };
}

/** Names of options. */
function changedAtStart(before: Options, after: Options): readonly string[] {
  return AT_START.filter((name) => !isDeepStrictEqual(before[name], after[name])).map((name) =>
    name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
  );
}

/** What the command line says, and where it says nothing the configuration file. */
function optionsOf(command: Command): Options {
  const options = command.opts<Options>();
  if (options.config === undefined) return options;
  const said = [...configuredOptions(options.config)].filter(
    ([name]) => command.getOptionValueSource(name) !== "cli",
  );
  return { ...options, ...Object.fromEntries(said) };
}

function serveOptions(options: Options): CommandOptions {
  const { listen, socketMode: mode, token, retain: retainBytes, insecure } = options;
  const { tokenFile, allowedOrigins, allowedHosts, hide, audit } = options;
  const { from, wait, reconnect, containers } = options;
  return {
    ...listen,
    mode,
    token: typeof token === "string" ? token : undefined,
    tokenFile,
    tls: tlsFiles(options),
    insecure: insecure === true,
    allowedOrigins,
    allowedHosts,
    hide,
    audit,
    limits: limitsFrom(options as unknown as Record<string, unknown>),
    from,
    wait,
    reconnect,
    clockOffsetNs: options.clockOffset,
    retainBytes,
    containers,
    isOpen: token === false,
  };
}

function tlsFiles({
  tlsCert: cert,
  tlsKey: key,
  tlsClientCa: clientCa,
}: Options): TlsFiles | undefined {
  if (cert === undefined && key === undefined && clientCa === undefined) return undefined;
  if (cert !== undefined && key !== undefined) return { cert, key, clientCa };
  throw new SourceError(
    "TLS_FILES",
    "TLS: expected --tls-cert and --tls-key together, got one of them",
  );
}

/** Every user of the machine reaches loopback: what only root may read is not served there without a token. */
function withOwnToken(options: CommandOptions): CommandOptions & { readonly isOwn: boolean } {
  const { host = "127.0.0.1", path, token, tokenFile, tls, isOpen } = options;
  const asks = token !== undefined || tokenFile !== undefined || tls?.clientCa !== undefined;
  const isRoot = process.geteuid?.() === 0;
  const isLoopback = path === undefined && isLoopbackHost(host);
  if (!isRoot || asks || !isLoopback || isOpen === true) return { ...options, isOwn: false };
  return { ...options, token: randomBytes(16).toString("hex"), isOwn: true };
}

function logTo(file: LineFile, format: Options["logFormat"]): (text: string) => void {
  if (format === "text") return file.line;
  return (text) =>
    file.line(JSON.stringify({ time: new Date().toISOString(), level: "info", message: text }));
}
