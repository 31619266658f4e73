/** Commands that ask for events, and explain what is asked: their options and help. */

import { Command, Option } from "commander";
import { count, duration, formatName, formatNames, list } from "./options.ts";
import {
  addFollowOption,
  addFormatAliases,
  containerOption,
  eventOption,
  executionOptions,
  fromOption,
  pidOption,
  reconnectOption,
  waitOption,
} from "./shared-options.ts";
import { timeOptions } from "./times.ts";

export function tail(): Command {
  const command = new Command("tail")
    .description("Print events as they come; a recorded trace ends at its end.")
    .argument("<source...>", "live sessions, trace directories, or Arrow and Parquet files")
    .option(
      "-w, --where <expr>",
      "only events for which this LTTng filter expression holds; with stages (|>), a query",
    )
    .addOption(eventOption())
    .addOption(containerOption())
    .addOption(pidOption())
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
    .addOption(
      new Option(
        "--order <how>",
        "time: over all streams; none: at once, as packets come, each stream in its own order",
      ).choices(["time", "none"]),
    )
    .option("--delta", "babeltrace format: with the time since the event before")
    .option("-c, --count", "print only how many events matched, at the end");
  for (const option of [...timeOptions(), ...executionOptions()]) command.addOption(option);
  addFollowOption(command);
  addFormatAliases(command, formatName, "ndjson");
  return command
    .addHelpText(
      "after",
      `
Examples:
  $ tracewire tail net://localhost/host/web1/auto-20261122
  $ tracewire tail 'net://localhost/host/*/*' --where '$ctx.pid_ns == 4026532572' --format ndjson
  $ tracewire tail 'net://rack1/host/*/auto*' 'net://rack2/host/*/auto*' --wait
  $ tracewire tail ~/lttng-traces/auto-20261122-101500 --follow
  $ tracewire tail ./trace --container some-redis --event 'syscall_entry_*'
  $ tracewire tail ./trace --event 'sched_*' --select timestamp,procname,next_comm --limit 20
  $ tracewire tail ./trace --where 'filename == "/etc/*" && ret < 0' --count
  $ tracewire tail ./trace --where 'ret < 0 |> count() by event |> top 10 by count'
  $ tracewire tail net://localhost/host/web1/auto --order none
  $ tracewire tail ./errors/ --where 'ret == -13'          # what record wrote, or --format parquet
  $ tracewire tail ./trace --format babeltrace | diff - <(babeltrace2 --no-delta ./trace)`,
    )
    .action(async (sources: string[], options) => {
      const command = await import("./tail.ts");
      await command.tail(sources, options);
    });
}

export function query(): Command {
  const command = new Command("query")
    .description("Answer a question about events: tables, aggregates and windows.")
    .argument(
      "<source...>",
      "live sessions, trace directories, or Arrow and Parquet files, and the query behind them",
    )
    .addOption(eventOption())
    .addOption(containerOption())
    .addOption(pidOption())
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
  addFollowOption(command, ({ length }) => length - 1);
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
  $ tracewire query ./trace '$container.name == "web" |> syscalls |> where ret < 0 |> count() by syscall, errno'
  $ tracewire query net://localhost/host/web1/auto '|> count() by container, event every 1s'
  $ tracewire query ./trace '|> pair "app:begin" then "app:end" by id |> p99(dt)' --format csv`,
    )
    .action(async (words: string[], options) => {
      const run = await import("./query.ts");
      await run.query(words, options);
    });
}

export function queries(): Command {
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

export function explain(): Command {
  return new Command("explain")
    .description(
      "Show what a filter or a query means: plan, syntax tree, bytecode, what it becomes for each event class.",
    )
    .argument(
      "<source>",
      "a live session or trace directory, whose event classes the filter is linked to",
    )
    .argument("<expr>", "the filter expression, or a query")
    .addOption(queriesOption())
    .addOption(eventOption("only event classes of these names; may be repeated"))
    .addHelpText(
      "after",
      `
Examples:
  $ tracewire explain ./trace '$ctx.pid_ns == 4026532572 && ret < 0'
  $ tracewire explain ./trace 'filename == "/etc/*"' --event syscall_entry_openat
  $ tracewire explain ./trace '$container.name == "web" |> syscalls |> p99(dt) by syscall every 1s'`,
    )
    .action(async (source: string, expression: string, options) => {
      const command = await import("./explain.ts");
      await command.explain(source, expression, options);
    });
}

function queriesOption(): Option {
  return new Option(
    "--queries <folder>",
    "your own named queries (default: ~/.config/tracewire/queries)",
  );
}
