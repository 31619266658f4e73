/** The options of `serve`: on its command line, and by the same names in its configuration file. */

import { type Command, InvalidArgumentError, Option } from "commander";
import { DEFAULT_LIMITS, type Limits } from "../server/limits.ts";
import {
  type Address,
  address,
  bytes,
  collectNames,
  count,
  duration,
  pathOption,
  runtimes,
} from "./options.ts";
import { fromOption, reconnectOption, waitOption } from "./shared-options.ts";
import { clockOffsetOption } from "./times.ts";

export type ListenPlace = Address | { readonly path: string };

const USUAL = "127.0.0.1:7447";

/** `unix:PATH`, or an address. */
function place(text: string): ListenPlace {
  if (!text.startsWith("unix:")) return address(text);
  const path = text.slice("unix:".length);
  if (!path.startsWith("/")) throw new InvalidArgumentError("expected unix:/PATH.");
  return { path };
}

/** `0660` */
function mode(text: string): number {
  if (!/^0?[0-7]{3}$/.test(text)) throw new InvalidArgumentError("expected a mode such as 0660.");
  return Number.parseInt(text, 8);
}

function most(text: string): number {
  return text === "none" ? Number.POSITIVE_INFINITY : count(text);
}

function mostBytes(text: string): number {
  return text === "none" ? Number.POSITIVE_INFINITY : bytes(text);
}

/** A server with none of it would refuse every query. */
function some(parse: (text: string) => number): (text: string) => number {
  return (text) => {
    const value = parse(text);
    if (value > 0) return value;
    throw new InvalidArgumentError("expected more than 0, since nothing could be asked.");
  };
}

/** Each limit: its option, how its value is read, and what it is. */
const LIMITS: readonly (readonly [string, keyof Limits, (text: string) => number, string])[] = [
  ["max-queries <count>", "maxQueries", some(count), "queries that run at once"],
  ["max-queries-per-client <count>", "maxQueriesPerClient", some(count), "of one token or address"],
  ["max-memory <bytes>", "maxMemory", some(bytes), "memory of all queries together"],
  ["max-waiting <count>", "maxWaiting", count, "queries of a client that wait for their turn"],
  ["max-wait <time>", "maxWaitMs", duration, "how long they wait"],
  ["max-cpu <time>", "maxCpuMs", some(duration), "processor time of a query on recorded traces"],
  ["max-rows <count>", "maxRows", most, "rows of one result"],
  ["max-bytes <bytes>", "maxBytes", some(mostBytes), "bytes of one result"],
  ["max-columns <count>", "maxColumns", some(count), "columns of one result"],
  ["max-groups <count>", "maxGroups", count, "groups of an aggregate; the others share one row"],
  ["max-filter-cost <steps>", "maxFilterCost", count, "steps of a filter for each event"],
  ["max-stall <time>", "stallMs", some(duration), "how long a client may take nothing"],
  ["max-connections <count>", "maxConnections", some(count), "connections of one address"],
];

/** Adds them to a command. */
export function addServeOptions(command: Command): Command {
  command
    .addOption(
      new Option("-l, --listen <address>", "HOST:PORT or unix:PATH to listen on")
        .argParser(place)
        .default(place(USUAL), USUAL),
    )
    .addOption(new Option("--socket-mode <mode>", "of a Unix socket").argParser(mode))
    .option("--config <file>", "options, a line each: NAME = VALUE; read again at SIGHUP")
    .addOption(
      new Option("--token <token>", "what clients must show; others can see it in ps").env(
        "TRACEWIRE_TOKEN",
      ),
    )
    .option("--no-token", "as root, on loopback: ask clients for none")
    .option(
      "--token-file <file>",
      "tokens, each with what it may see; read again at SIGHUP",
      pathOption,
    )
    .option("--tls-cert <file>", "certificate, PEM; read again at SIGHUP", pathOption)
    .option("--tls-key <file>", "its key", pathOption)
    .option(
      "--tls-client-ca <file>",
      "clients must show a certificate of these authorities",
      pathOption,
    )
    .option("--insecure", "tokens and rows over the network without TLS")
    .addOption(list("--allowed-origins <origins>", "web pages elsewhere that may ask"))
    .addOption(list("--allowed-hosts <names>", "names that requests may be for"))
    .addOption(list("--hide <fields>", "fields that no client may see"))
    .option("--audit <file>", "a line of JSON for each query and refusal")
    .addOption(
      new Option("--log-format <format>", "of what goes to stderr")
        .choices(["text", "json"])
        .default("text"),
    )
    .addOption(fromOption())
    .addOption(waitOption())
    .addOption(reconnectOption())
    .addOption(clockOffsetOption())
    .option(
      "--retain <bytes>",
      "results kept for WebSocket clients that lose their connection, such as 64MiB",
      bytes,
      0,
    )
    .option(
      "--containers <where>",
      "live sessions of this machine: name containers by its runtimes, auto or RUNTIME:PATH,…",
      runtimes,
    );
  for (const [flags, name, parse, description] of LIMITS)
    command.addOption(
      new Option(`--${flags}`, description)
        .argParser(parse)
        .default(DEFAULT_LIMITS[name], shownLimit(name)),
    );
  return command;
}

/** What the command line says of limits. */
export function limitsFrom(options: Readonly<Record<string, unknown>>): Limits {
  const entries = LIMITS.map(([flags, name]) => [name, options[optionName(flags)]]);
  return Object.fromEntries(entries) as unknown as Limits;
}

function optionName(flags: string): string {
  return flags.split(" ")[0]!.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

function shownLimit(name: keyof Limits): string {
  const value = DEFAULT_LIMITS[name];
  if (!Number.isFinite(value)) return "none";
  if (name === "maxMemory") return `${value / 2 ** 20}MiB`;
  if (name.endsWith("Ms")) return `${value / 1000}s`;
  // Not by Intl, which every command would load: 15 ms.
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

function list(flags: string, description: string): Option {
  return new Option(flags, description).argParser(collectNames).default([], "none");
}
