/** The commands, their options and their help. What a command does is loaded when it runs, so that `--help` is quick. */

import { Argument, Command, Option } from "commander";
import type { Shell } from "./completion.ts";
import {
  address,
  bytes,
  count,
  duration,
  formatName,
  formatNames,
  list,
  runtimes,
  speed,
  textOrJson,
} from "./options.ts";
import { statedump } from "./program-statedump.ts";
import {
  addFormatAliases,
  containerOption,
  eventOption,
  executionOptions,
  fromOption,
  listenOption,
  reconnectOption,
  tokenOption,
  waitOption,
} from "./shared-options.ts";
import { timeOptions } from "./times.ts";
import { VERSION } from "./version.ts";

export function program(): Command {
  const root = new Command("tracewire")
    .description("A streaming query engine over live LTTng traces.")
    .version(VERSION)
    .exitOverride()
    .showSuggestionAfterError()
    .addHelpText(
      "after",
      `
Try it without LTTng:
  $ tracewire demo

A SOURCE is a live session, net://HOST[:PORT]/host/TARGET/SESSION (TARGET and SESSION may be globs),
or the directory of a recorded trace. Every command explains itself: tracewire tail --help

Exit status: 0 when everything was read, 1 after an error, 2 for a wrong command line, 3 when data was damaged or lost.`,
    );
  for (const command of [
    tail(),
    query(),
    queries(),
    ls(),
    info(),
    serve(),
    replay(),
    demo(),
    explain(),
    containers(),
    statedump(),
    completion(root),
    man(root),
  ]) {
    root.addCommand(command.copyInheritedSettings(root).exitOverride());
  }
  return root;
}

function tail(): Command {
  const command = new Command("tail")
    .description("Print events as they come; a recorded trace ends at its end.")
    .argument("<source...>", "live sessions or trace directories")
    .option("-w, --where <expr>", "only events for which this LTTng filter expression holds")
    .addOption(
      eventOption(
        "only events of these names; * stands for anything, !GLOB excludes; may be repeated",
      ),
    )
    .addOption(containerOption())
    .option("-s, --select <names>", "columns NAME or NAME:TYPE, with commas between them", list)
    .option("-n, --limit <n>", "stop after N events", count)
    .option("-d, --duration <time>", "end after this time, such as 10s", duration)
    .addOption(fromOption())
    .addOption(waitOption())
    .addOption(reconnectOption())
    .addOption(
      new Option("-f, --format <format>", `how to write events: ${formatNames()}`)
        .argParser(formatName)
        .default("text"),
    )
    .option("--delta", "babeltrace format: with the time since the event before")
    .option("-c, --count", "print only how many events matched, at the end")
    .addOption(new Option("--follow", "live sessions are followed anyway").hideHelp());
  for (const option of [...timeOptions(), ...executionOptions()]) command.addOption(option);
  addFormatAliases(command, formatName, "ndjson");
  return command
    .addHelpText(
      "after",
      `
Examples:
  $ tracewire tail net://localhost/host/web1/auto-20261122
  $ tracewire tail 'net://localhost/host/*/*' --where '$ctx.pid_ns == 4026532572' --format ndjson
  $ tracewire tail 'net://rack1/host/*/auto*' 'net://rack2/host/*/auto*' --wait
  $ tracewire tail ./trace --container some-redis --event 'syscall_entry_*'
  $ tracewire tail ./trace --event 'sched_*' --select timestamp,procname,next_comm --limit 20
  $ tracewire tail ./trace --where 'filename == "/etc/*" && ret < 0' --count
  $ tracewire tail ./trace --format babeltrace | diff - <(babeltrace2 --no-delta ./trace)`,
    )
    .action(async (sources: string[], options) => {
      const command = await import("./tail.ts");
      await command.tail(sources, options);
    });
}

function query(): Command {
  const command = new Command("query")
    .description("Answer a question about events: tables, aggregates and windows.")
    .argument("<source...>", "live sessions or trace directories, and the query behind them")
    .addOption(
      eventOption(
        "only events of these names; * stands for anything, !GLOB excludes; may be repeated",
      ),
    )
    .addOption(containerOption())
    .option("-d, --duration <time>", "end after this time, such as 10s", duration)
    .addOption(fromOption())
    .addOption(waitOption())
    .addOption(reconnectOption())
    .addOption(
      new Option("-f, --format <format>", `text is a table; also ${formatNames()}`)
        .argParser(formatName)
        .default("text"),
    );
  for (const option of [queriesOption(), ...timeOptions(), ...executionOptions()])
    command.addOption(option);
  addFormatAliases(command, formatName, "ndjson");
  return command
    .addHelpText(
      "after",
      `
A query is FILTER |> STAGE |> STAGE …: a filter, which may be empty, then a table
(events, syscalls, slices, blocked, wakeups, irqs, io, pages, net, pair … then …),
where, select, aggregates with by and every, sort, top, limit. @NAME is a query of "tracewire queries".

Examples:
  $ tracewire query ./trace '|> count() by event |> top 10 by count'
  $ tracewire query ./trace @cpu
  $ tracewire query ./trace '|> slices |> usage(dt) by container every 1s'
  $ tracewire query ./trace '|> syscalls |> count(), p50(dt), p99(dt) by syscall |> top 20 by p99_dt'
  $ tracewire query ./trace '$container.name == "web" |> syscalls |> where ret < 0 |> count() by syscall, ret'
  $ tracewire query net://localhost/host/web1/auto '|> count() by container, event every 1s'
  $ tracewire query ./trace '|> pair "app:begin" then "app:end" by id |> p99(dt)' --format csv`,
    )
    .action(async (words: string[], options) => {
      const run = await import("./query.ts");
      await run.query(words, options);
    });
}

function queries(): Command {
  return new Command("queries")
    .description("List the queries that have names, or print one.")
    .argument("[name]", "print the text of this one")
    .addOption(queriesOption())
    .addOption(
      new Option("-f, --format <format>", "how to write them")
        .choices(["text", "json"])
        .default("text"),
    )
    .addHelpText(
      "after",
      `
A query of your own is a file NAME.query in ~/.config/tracewire/queries: a line "# what it answers", then the query.

Examples:
  $ tracewire queries
  $ tracewire queries slow-syscalls
  $ tracewire query ./trace @slow-syscalls`,
    )
    .action(async (name: string | undefined, options) => {
      const command = await import("./queries.ts");
      command.queries(name, options);
    });
}

function queriesOption(): Option {
  return new Option(
    "--queries <folder>",
    "your own named queries (default: ~/.config/tracewire/queries)",
  );
}

function ls(): Command {
  const command = new Command("ls")
    .description("List a relay daemon's sessions.")
    .argument("<url>", "net://HOST[:PORT]")
    .addOption(
      new Option("-f, --format <format>", "how to write them")
        .choices(["text", "json"])
        .default("text"),
    )
    .addHelpText(
      "after",
      `
Examples:
  $ tracewire ls net://localhost
  $ tracewire ls net://localhost:5344 --format json | jq -r '.[].url'`,
    )
    .action(async (url: string, options) => {
      const command = await import("./ls.ts");
      await command.ls(url, options);
    });
  addFormatAliases(command, textOrJson, "json");
  return command;
}

function info(): Command {
  const command = new Command("info")
    .description("Show what traces hold: streams, clocks, event classes, amounts and losses.")
    .argument(
      "<source...>",
      "trace directories, or live sessions, which are listened to for two seconds",
    )
    .option("--fields", "with the fields of every event class and their types")
    .option("--json", "everything, for programs")
    .addHelpText(
      "after",
      `
Examples:
  $ tracewire info ./trace
  $ tracewire info ./trace --fields | less
  $ tracewire info ./trace --json | jq '.traces[].stream_classes[].event_classes[] | select(.events > 0) | .name'`,
    )
    .action(async (sources: string[], options) => {
      const command = await import("./info.ts");
      await command.info(sources, options);
    });
  addFormatAliases(command, textOrJson, "json");
  return command;
}

function containers(): Command {
  const command = new Command("containers")
    .description("List the containers of traces and their instances by time.")
    .argument("<source...>", "live sessions or trace directories")
    .option("--follow", "print container starts, names and exits as they happen")
    .option("--json", "as JSON")
    .addHelpText(
      "after",
      `
A container is a pid namespace with an init of its own, or what records name: events called
*lttng_statedump_container. Live sessions are listened to for three seconds.

Examples:
  $ tracewire containers ./trace
  $ tracewire containers ./trace --json | jq -r '.[] | select(.type == "docker") | .name'
  $ tracewire containers 'net://localhost/host/*/*' --follow`,
    )
    .action(async (sources: string[], options) => {
      const command = await import("./containers.ts");
      await command.containers(sources, options);
    });
  addFormatAliases(command, textOrJson, "json");
  return command;
}

function serve(): Command {
  return new Command("serve")
    .description("Serve queries over HTTP and WebSocket, as Arrow, NDJSON or CSV.")
    .argument("<source...>", "live sessions or trace directories")
    .addOption(listenOption("127.0.0.1:7447"))
    .addOption(tokenOption())
    .addOption(fromOption())
    .addOption(waitOption())
    .addOption(reconnectOption())
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
    )
    .addHelpText(
      "after",
      `
Examples:
  $ tracewire serve net://localhost/host/web1/auto-20261122
  $ tracewire serve 'net://localhost/host/*/*' --containers auto
  $ TRACEWIRE_TOKEN=$(openssl rand -hex 16) tracewire serve ./trace --listen 0.0.0.0:7447
  $ curl -N -H 'Accept: application/x-ndjson' 'http://127.0.0.1:7447/v1/query?events=sched_switch&limit=5'
  $ python3 -c 'import pyarrow.ipc as ipc, urllib.request as u
    print(ipc.open_stream(u.urlopen("http://127.0.0.1:7447/v1/query?limit=10")).read_all())'`,
    )
    .action(async (sources: string[], options) => {
      const command = await import("./serve.ts");
      await command.serve(sources, options);
    });
}

function replay(): Command {
  return new Command("replay")
    .description("Serve recorded traces over the live protocol, as a relay daemon would.")
    .argument("<directory...>", "trace directories")
    .addOption(listenOption("127.0.0.1:5344"))
    .option(
      "--speed <factor>",
      "1 is its own pace; 10 is ten times faster; max does not wait",
      speed,
      1,
    )
    .option("--loop", "begin again after the end, with clocks that go on")
    .option("--now", "move times, so that the first event happens when a viewer attaches")
    .option("--session <name>", "session name (default: the trace's own)")
    .addHelpText(
      "after",
      `
Examples:
  $ tracewire replay ./trace --speed max
  $ babeltrace2 --input-format=lttng-live net://127.0.0.1:5344
  $ tracewire replay ./trace --loop --now --listen :6000`,
    )
    .action(async (directories: string[], options) => {
      const command = await import("./replay.ts");
      await command.replay(directories, options);
    });
}

function demo(): Command {
  return new Command("demo")
    .description(
      "Replay a recorded session with six containers, and serve queries on it. Needs no LTTng.",
    )
    .addOption(listenOption("127.0.0.1:7447"))
    .addOption(
      new Option("--relay <address>", "HOST:PORT of the live session, another one if it is taken")
        .argParser(address)
        .default(address("127.0.0.1:5344"), "127.0.0.1:5344"),
    )
    .addOption(tokenOption())
    .addHelpText(
      "after",
      `
Examples:
  $ tracewire demo
  $ tracewire demo --listen :8080`,
    )
    .action(async (options) => {
      const command = await import("./demo.ts");
      await command.demo(options);
    });
}

function explain(): Command {
  return new Command("explain")
    .description(
      "Show what a filter means: syntax tree, bytecode, and what it becomes for each event class.",
    )
    .argument(
      "<source>",
      "a live session or trace directory, whose event classes the filter is linked to",
    )
    .argument("<expr>", "the filter expression")
    .addOption(eventOption("only event classes of these names; may be repeated"))
    .addHelpText(
      "after",
      `
Examples:
  $ tracewire explain ./trace '$ctx.pid_ns == 4026532572 && ret < 0'
  $ tracewire explain ./trace 'filename == "/etc/*"' --event syscall_entry_openat`,
    )
    .action(async (source: string, expression: string, options) => {
      const command = await import("./explain.ts");
      await command.explain(source, expression, options);
    });
}

function completion(root: Command): Command {
  return new Command("completion")
    .description("Print a script that completes commands and options in a shell.")
    .addArgument(new Argument("<shell>", "the shell").choices(["bash", "zsh", "fish"]))
    .addHelpText(
      "after",
      `
Examples:
  $ source <(tracewire completion bash)
  $ tracewire completion zsh > "\${fpath[1]}/_tracewire"
  $ tracewire completion fish > ~/.config/fish/completions/tracewire.fish`,
    )
    .action(async (shell: Shell) => {
      const { completionScript } = await import("./completion.ts");
      process.stdout.write(completionScript(root, shell));
    });
}

function man(root: Command): Command {
  return new Command("man")
    .description("Print the manual page.")
    .addHelpText(
      "after",
      `
Examples:
  $ tracewire man | man -l -
  $ tracewire man > ~/.local/share/man/man1/tracewire.1`,
    )
    .action(async () => {
      const { manualPage } = await import("./man.ts");
      process.stdout.write(manualPage(root));
    });
}
