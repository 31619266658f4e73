/** Commands that analyse traces by container: their options and help. */

import { Command, Option } from "commander";
import {
  analysisFormatName,
  count,
  duration,
  formatName,
  formatNames,
  positiveCount,
  windowLength,
} from "./options.ts";
import {
  addFollowOption,
  addFormatAliases,
  containerOption,
  fromOption,
  maxLagOption,
  pidOption,
  reconnectOption,
  waitOption,
} from "./shared-options.ts";
import { timeOptions } from "./times.ts";

/** As `top/views.ts` has them, which is loaded when the command runs. */
export const TOP_VIEWS = [
  "containers",
  "processes",
  "threads",
  "syscalls",
  "files",
  "sched",
  "io",
  "net",
  "irq",
  "memory",
] as const;

/** What commands with a screen or tables of windows have in common. */
function commonOptions(): readonly Option[] {
  return [
    fromOption(),
    waitOption(),
    reconnectOption(),
    maxLagOption(),
    new Option("--color <when>", "colours").choices(["auto", "always", "never"]).default("auto"),
    new Option("-q, --quiet", "no notes on stderr"),
  ];
}

export function top(): Command {
  const command = new Command("top")
    .description("Show what containers, processes and threads do, as top does.")
    .argument("<source...>", "live sessions, trace directories, or Arrow and Parquet files")
    .addOption(
      new Option("--view <name>", "what to show first").choices(TOP_VIEWS).default("containers"),
    )
    .option("-w, --where <expr>", "only what this filter of the query language selects")
    .addOption(containerOption())
    .addOption(pidOption())
    .option(
      "--every <time>",
      "windows of the numbers, such as 2s (default: 2s; recorded: all the time)",
      windowLength,
    )
    .option("--sort <column>", "the column to sort by, the largest first")
    .option("--once", "print one table, and end")
    .option("-n, --count <n>", "without a terminal: end after N windows", count)
    .option(
      "-d, --duration <time>",
      "without a terminal: end after this time, such as 10s",
      duration,
    )
    .addOption(
      new Option(
        "-f, --format <format>",
        `without a terminal: text is a table; also ${formatNames()}`,
      )
        .argParser(formatName)
        .default("text"),
    );
  for (const option of [...timeOptions(), ...commonOptions()])
    if (option.long !== "--date") command.addOption(option);
  addFollowOption(command, (words) => (endsWithView(words) ? words.length - 1 : words.length));
  addFormatAliases(command, formatName, "ndjson");
  return command
    .addHelpText(
      "after",
      `
Keys: 1…0 views, Enter opens a row, Backspace goes back, < > r sort, / filters, Space pauses,
left and right move the window, ? explains, q quits. The last argument may be a view.

Examples:
  $ tracewire top net://localhost/host/web1/auto
  $ tracewire top net://localhost/host/web1/auto syscalls --every 5s
  $ tracewire top ./trace --begin 10:15 --end 10:20
  $ tracewire top ./trace processes --container web --once
  $ tracewire top ./trace --every 1s --format csv > containers.csv`,
    )
    .action(async (words: string[], options) => {
      const run = await import("./top.ts");
      const isView = endsWithView(words);
      const sources = isView ? words.slice(0, -1) : words;
      await run.top(sources, isView ? { ...options, view: words.at(-1) } : options);
    });
}

/** A view may stand behind the sources. */
function endsWithView(words: readonly string[]): boolean {
  return words.length > 1 && (TOP_VIEWS as readonly string[]).includes(words.at(-1)!);
}

/** As `analyses/analyses.ts` has them. */
export const ANALYSIS_NAMES = [
  "cputop",
  "memtop",
  "syscallstats",
  "schedstats",
  "iolatency",
  "iousage",
  "irqstats",
] as const;

export function analyze(): Command {
  const command = new Command("analyze")
    .description(
      "Analyse recorded traces by container: processor time, memory, system calls, latencies.",
    )
    .argument("<words...>", `trace directories, and an analysis: ${ANALYSIS_NAMES.join(", ")}`)
    .addOption(
      new Option("--by <what>", "one table only, by this").choices([
        "container",
        "process",
        "thread",
        "cpu",
      ]),
    )
    .option("--every <time>", "a table for each window, such as 5s", windowLength)
    .option("-w, --where <expr>", "only what this filter of the query language selects")
    .addOption(containerOption())
    .option("--limit <n>", "rows of a table (default: 10 as text, else all)", positiveCount)
    .option("--freq", "text: distributions of the latencies, too")
    .option("--ascii", "text: bars of # instead of blocks")
    .addOption(
      new Option("-f, --format <format>", `text; lami, which Trace Compass reads; ${formatNames()}`)
        .argParser(analysisFormatName)
        .default("text"),
    )
    .addOption(
      new Option("--color <when>", "colours").choices(["auto", "always", "never"]).default("auto"),
    )
    .option("-q, --quiet", "no progress and notes on stderr")
    .addOption(new Option("--mi-version").hideHelp())
    .addOption(new Option("--metadata").hideHelp())
    .addOption(new Option("--test-compatibility").hideHelp())
    .addOption(new Option("--output-progress").hideHelp());
  for (const option of timeOptions()) if (option.long !== "--date") command.addOption(option);
  return command
    .addHelpText(
      "after",
      `
In Trace Compass, add an external analysis with the command: tracewire analyze cputop --format lami

Examples:
  $ tracewire analyze ./trace cputop
  $ tracewire analyze ./trace memtop --by container
  $ tracewire analyze ./trace schedstats --container web --freq
  $ tracewire analyze ./trace syscallstats --by process --every 10s --format csv
  $ tracewire analyze ./trace irqstats --format lami | jq '.results[0].data'`,
    )
    .action(async (words: string[], options) => {
      const run = await import("./analyze.ts");
      await run.analyze(words, options);
    });
}

export function strace(): Command {
  const command = new Command("strace")
    .description("Print system calls as strace does, of containers or processes.")
    .argument("<source...>", "live sessions or trace directories")
    .addOption(containerOption())
    .addOption(pidOption())
    .option(
      "-e, --expr <set>",
      "trace=NAME,… or trace=%file, %desc, %process, %network, %signal, %ipc, %memory, %creds, %clock, %stat; /REGEX; ! excludes",
    )
    .option("--slower <time>", "only calls that took this long, such as 10ms", duration)
    .option("--failed", "only calls that failed")
    .option("-c, --summary", "print only how many calls, errors, and how much time")
    .option("-n, --limit <n>", "stop after N calls", count)
    .option("-d, --duration <time>", "end after this time, such as 10s", duration)
    .addOption(
      new Option("-f, --format <format>", "how to write calls")
        .choices(["text", "json"])
        .default("text"),
    );
  for (const option of [...timeOptions(), ...commonOptions()])
    if (option.long !== "--date" && option.long !== "--color") command.addOption(option);
  return command
    .addHelpText(
      "after",
      `
A line is a call in strace's grammar, when it ends: [pid TID] TIME name(arguments) = result <seconds>.
Descriptors have their path where the trace says it (state dump, open, dup, fork). The contexts pid and tid
have to be recorded: lttng add-context --kernel --type pid --type tid --type procname

Examples:
  $ tracewire strace ./trace --container web
  $ tracewire strace net://localhost/host/web1/auto --container web -e trace=%file --failed
  $ tracewire strace ./trace --pid 1119 --slower 10ms
  $ tracewire strace ./trace --container web -c`,
    )
    .action(async (sources: string[], options) => {
      const run = await import("./strace.ts");
      await run.strace(sources, options);
    });
}
