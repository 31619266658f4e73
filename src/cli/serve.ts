import { randomBytes } from "node:crypto";
import { Command } from "commander";
import { SourceError } from "../base/errors.ts";
import { hasSpareProcessors } from "../query/threads.ts";
import type { NamedPlaces } from "../runtimes/place-kinds.ts";
import { isLoopbackHost } from "../server/access.ts";
import { LineFile } from "../server/line-file.ts";
import type { TlsFiles } from "../server/listener.ts";
import { type ServeOptions, serve as startServer } from "../server/server.ts";
import { untilInterrupted } from "./interrupt.ts";
import { printAddress } from "./output.ts";
import { describeError, note } from "./report.ts";
import { configArguments } from "./serve-config.ts";
import { addServeOptions, type ListenPlace, limitsFrom } from "./serve-options.ts";

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

/** How long the process may take to end, in ms. */
const END_MS = 8000;
/** stderr */
const STDERR = 2;

/** `tracewire serve`: serves until Ctrl-C or SIGTERM; SIGHUP reads files again. */
export async function serve(sources: readonly string[], command: Command): Promise<void> {
  const read = (): ServeOptions => serveOptions(optionsOf(command));
  const { logFormat } = optionsOf(command);
  const log = logTo(LineFile.to(STDERR), logFormat);
  const first = withOwnToken(read());
  const inThread = hasSpareProcessors(sources);
  const server = await startServer(sources, { ...first, inThread, log });
  const link = first.token === undefined || !first.isOwn ? "" : `/#token=${first.token}`;
  printAddress(`${server.url}${link}`, log);
  if (process.stderr.isTTY === true) note("serving; Ctrl-C ends it");
  else log("serving");
  process.on("SIGHUP", () => {
    try {
      const again = read();
      server.reload({ ...again, token: again.token ?? first.token });
      log("reloaded");
    } catch (error) {
      log(`not reloaded: ${describeError(error)}`);
    }
  });
  await untilInterrupted();
  setTimeout(() => process.exit(), END_MS).unref();
  await server.close();
  process.removeAllListeners("SIGHUP");
}

/** What the command line says, and where it says nothing the configuration file. */
function optionsOf(command: Command): Options {
  const options = command.opts<Options>();
  if (options.config === undefined) return options;
  const known = command.options.flatMap(({ long }) => (long ? [long.slice(2)] : []));
  const file = addServeOptions(new Command()).exitOverride();
  file.parse([...configArguments(options.config, known)], { from: "user" });
  const merged: Record<string, unknown> = { ...options };
  for (const [name, value] of Object.entries(file.opts())) {
    const isSaid = file.getOptionValueSource(name) === "cli";
    if (isSaid && command.getOptionValueSource(name) !== "cli") merged[name] = value;
  }
  return merged as unknown as Options;
}

function serveOptions(options: Options): ServeOptions {
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
    ...(token === false && { isOpen: true }),
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
function withOwnToken(
  options: ServeOptions & { readonly isOpen?: boolean },
): ServeOptions & { readonly isOwn: boolean } {
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
