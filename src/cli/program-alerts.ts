/** Commands for processes, alerts and the tracer: their options and help. */

import { Command, Option } from "commander";
import { collectNames, duration, positiveCount, textOrJson, webAddress } from "./options.ts";
import {
  addFollowOption,
  addFormatAliases,
  addRuntimeOptions,
  containerOption,
  fromOption,
  maxLagOption,
  reconnectOption,
  waitOption,
} from "./shared-options.ts";
import { timeOptions } from "./times.ts";

export function ps(): Command {
  const command = new Command("ps")
    .description(
      "List the processes of traces by container, with their ids on the host and inside.",
    )
    .argument("<source...>", "live sessions or trace directories")
    .option("--at <time>", "as they were at this time; default: at the end, live: now")
    .addOption(containerOption())
    .option("--namespaces", "with all their namespaces")
    .option("--utc", "times in UTC instead of local ones")
    .addOption(
      new Option("-f, --format <format>", "how to write them")
        .choices(["text", "json"])
        .default("text"),
    );
  addFormatAliases(command, textOrJson, "json");
  return command
    .addHelpText(
      "after",
      `
Read from the state dump (lttng_statedump_process_*) and from sched_process_fork, exec and exit.
Live sessions are listened to for three seconds.

Examples:
  $ tracewire ps ./trace
  $ tracewire ps ./trace --container web --at 10:15:30
  $ tracewire ps ./trace --format json | jq -r '.[] | select(.vpid == 1) | .container'`,
    )
    .action(async (sources: string[], options) => {
      const run = await import("./ps.ts");
      await run.ps(sources, options);
    });
}

export function watch(): Command {
  const command = new Command("watch")
    .description("Raise an alert when a query has rows: run a command, send a request, or end.")
    .argument("<source...>", "live sessions or trace directories, and the query behind them")
    .addOption(containerOption())
    .option(
      "--exec <command>",
      "run this in a shell; the alert is JSON on its input, and TRACEWIRE_STATE, _ROWS, _TIME",
    )
    .option("--webhook <url>", "send the alert as JSON by POST", webAddress)
    .option("--exit", "end with the first alert: status 0; 1 if none came")
    .option(
      "--after <n>",
      "raise after N answers with rows, one behind the other",
      positiveCount,
      1,
    )
    .addOption(
      new Option("--clear-after <time>", "clear when nothing came for this long")
        .argParser(duration)
        .default(10_000, "10s"),
    )
    .addOption(
      new Option("--interval <time>", "least time between two alerts; others are counted")
        .argParser(duration)
        .default(60_000, "1m"),
    )
    .option("-d, --duration <time>", "end after this time, such as 10s", duration)
    .addOption(fromOption())
    .addOption(waitOption())
    .addOption(reconnectOption())
    .addOption(maxLagOption())
    .option("-q, --quiet", "no notes on stderr");
  for (const option of timeOptions()) if (option.long !== "--date") command.addOption(option);
  addFollowOption(command, ({ length }) => length - 1);
  return command
    .addHelpText(
      "after",
      `
Each alert is also a line of JSON on stdout: state (raised, cleared), query, time, rows, row_count, suppressed.

Examples:
  $ tracewire watch net://localhost/host/web1/auto 'ret == -28 |> syscalls' --exec 'mail -s "disk full" ops'
  $ tracewire watch net://localhost/host/web1/auto '|> syscalls |> p99(dt) by container every 10s |> where p99_dt > 50ms' --after 3 --webhook http://alerts/hook
  $ tracewire watch ./trace '$event.name == "sched_process_exit" && comm == "redis-server"' --exit && echo "it ended"`,
    )
    .action(async (words: string[], options) => {
      const run = await import("./watch.ts");
      await run.watch(words, options);
    });
}

export function enable(): Command {
  const command = new Command("enable")
    .description("Print or run the lttng commands that record only what happens in a container.")
    .argument("<event...>", "events, as lttng enable-event takes them; syscalls with --kernel")
    .addOption(containerOption())
    .addOption(
      new Option(
        "-p, --pid <ids>",
        "the namespace of this process of this machine; may be repeated",
      )
        .argParser(collectNames)
        .default([], "none"),
    )
    .option("-u, --userspace", "events of user-space programs (default)")
    .option("-k, --kernel", "events of the kernel")
    .option("-s, --session <name>", "the recording session (default: lttng's current one)")
    .option("--channel <name>", "the channel (default: lttng's)")
    .option("--run", "run the commands, not only print them")
    .option("--follow", "change the rules as containers come and go, until Ctrl-C");
  return addRuntimeOptions(command)
    .addHelpText(
      "after",
      `
Namespaces are those of now: a container that starts again has others. With --follow its rules follow it; the containers need not
run yet. Rules are enabled a moment after a container's start: events before are not recorded. Without --channel, --follow makes the
channel "tracewire" with its contexts, for which the session must not have been started yet. With --channel, that channel must be
there; its rules of the same event names are replaced. When one of several containers ends, the rules are made anew, and the others miss
the time between two commands. Ctrl-C disables the rules; the session goes on, with what it has recorded.

Examples:
  $ tracewire enable --container web 'my_app:*'
  $ tracewire enable --container web --kernel syscalls sched_switch --session auto --run
  $ tracewire enable --container web --follow --run --session auto 'my_app:*'
  $ tracewire enable --pid 1119 '*' --channel app | sh`,
    )
    .action(async (events: string[], options) => {
      const run = await import("./enable.ts");
      await run.enable(events, options);
    });
}
