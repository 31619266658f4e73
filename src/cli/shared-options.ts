/** Options that several commands share. */

import { type Command, Option } from "commander";
import { asFollowed } from "../source/live-source.ts";
import { address, collect, collectNames, count, duration } from "./options.ts";

/** How a query is executed. */
export function executionOptions(): readonly Option[] {
  return [
    maxLagOption(),
    new Option(
      "--name-wait <time>",
      "live sessions: how long rows of a container without a name wait for it (default: 10s with a condition on containers, else 1s)",
    ).argParser(duration),
    new Option(
      "--settle <time>",
      "live sessions as Arrow: how long the first rows wait for columns that nothing declares yet",
    )
      .argParser(duration)
      .default(5000, "5s"),
    new Option(
      "--dict <mode>",
      "arrow format: names as plain texts, which every reader takes, or as growing dictionaries, which are smaller",
    )
      .choices(["plain", "delta"])
      .default("plain"),
    new Option("--color <when>", "colours").choices(["auto", "always", "never"]).default("auto"),
    new Option("--engine <name>", "scan engine: compiled code or reference interpreter")
      .choices(["kernel", "interpreter"])
      .default("kernel"),
    new Option(
      "--workers <count>",
      "threads that scan recorded traces; 0: none (default: processors less one)",
    ).argParser(count),
    new Option("-q, --quiet", "no status lines on stderr"),
  ];
}

export function maxLagOption(): Option {
  const description = "live sessions: how long a silent stream may hold the others up";
  return new Option("--max-lag <time>", description).argParser(duration).default(5000, "5s");
}

export function containerOption(): Option {
  return new Option(
    "--container <names>",
    "only events of these containers, [HOST] for none; * stands for anything, !NAME excludes; may be repeated",
  )
    .argParser(collectNames)
    .default([], "all");
}

export function pidOption(): Option {
  return new Option(
    "-p, --pid <ids>",
    "only these processes: by their ids on the host, or in a container, 8@web; may be repeated",
  )
    .argParser(collectNames)
    .default([], "all");
}

export function eventOption(
  description: string = "only events of these names; * stands for anything, !GLOB excludes; may be repeated",
): Option {
  return new Option("-e, --event <globs>", description).argParser(collectNames).default([], "all");
}

export function fromOption(): Option {
  return new Option("--from <where>", "live sessions: where to begin")
    .choices(["beginning", "now"])
    .default(undefined, "now; of directories that are followed, beginning");
}

/**
 * Adds `--follow`: directories among the command's sources are read as they grow.
 * @param sources how many of the command's words are sources; default all
 */
export function addFollowOption(
  command: Command,
  sources: (words: readonly string[]) => number = ({ length }) => length,
  description: string = "directories: read what is there, then what comes, until Ctrl-C",
): Command {
  command.option("--follow", description);
  return command.hook("preAction", (_, acting) => {
    if (acting.opts()["follow"] !== true) return;
    const [words, ...others] = acting.processedArgs as [string[], ...unknown[]];
    const count = sources(words);
    const followed = words.map((word, i) => (i < count ? asFollowed(word) : word));
    acting.processedArgs = [followed, ...others];
  });
}

export function waitOption(): Option {
  const description = "live sessions: wait for what is not there, now or after its end";
  return new Option("--wait", description);
}

export function reconnectOption(): Option {
  const description = "live sessions: end with an error when a connection is lost";
  return new Option("--no-reconnect", description);
}

export function listenOption(usual: string): Option {
  return new Option("-l, --listen <address>", "HOST:PORT to listen on")
    .argParser(address)
    .default(address(usual), usual);
}

export function tokenOption(): Option {
  const description = "what clients must show; needed to listen beyond loopback";
  return new Option("--token <token>", description).env("TRACEWIRE_TOKEN");
}

/** `-o json` and `--json`, which users of other programs try; help does not show them. */
export function addFormatAliases(
  command: Command,
  parse: (text: string) => string,
  json: string,
): void {
  const set = (format: string): void => {
    command.setOptionValueWithSource("format", format, "cli");
  };
  const has = (flag: string): boolean => command.options.some(({ long }) => long === flag);
  command.addOption(new Option("-o, --output <format>").argParser(parse).hideHelp());
  command.on("option:output", (text: string) => set(parse(text)));
  if (!has("--format"))
    command.addOption(new Option("-f, --format <format>").argParser(parse).hideHelp());
  if (!has("--json")) {
    command.addOption(new Option("--json").hideHelp());
    command.on("option:json", () => set(json));
  }
}

/** Which runtimes of this machine are asked, and where. */
export function addRuntimeOptions(command: Command): Command {
  command.option("--only-named", "ask only the runtimes named below, at no usual place");
  for (const [name, argument] of [
    ["docker", "socket"],
    ["podman", "socket"],
    ["containerd", "socket"],
    ["cri", "socket"],
    ["lxd", "socket"],
    ["incus", "socket"],
    ["lxc", "directory"],
  ])
    command.addOption(
      new Option(`--${name} <${argument}>`, `${name}: its ${argument}; may be repeated`)
        .argParser(collect)
        .default([], "the usual places"),
    );
  return command;
}
