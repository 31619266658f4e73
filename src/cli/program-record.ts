/** Commands that write files: their options and help. */

import { Command, Option } from "commander";
import { bytes, count, duration, list, pathOption } from "./options.ts";
import {
  addFollowOption,
  containerOption,
  eventOption,
  executionOptions,
  fromOption,
  pidOption,
  reconnectOption,
  waitOption,
} from "./shared-options.ts";
import { clockOffsetOption, timeOptions } from "./times.ts";

/** Formats of files that programs read; each segment is whole by itself. */
const RECORDED_FORMATS: readonly string[] = ["arrow", "parquet", "ndjson", "csv"];

export function record(): Command {
  const command = new Command("record")
    .description("Record events into files: whole ones by size or time, the oldest may give way.")
    .argument("<source...>", "live sessions or trace directories")
    .requiredOption(
      "-t, --to <folder>",
      "where the files go; a recording there is gone on with",
      pathOption,
    )
    .addOption(
      new Option("-f, --format <format>", "of the files")
        .choices([...RECORDED_FORMATS, "ctf"])
        .default("arrow"),
    )
    .addOption(
      new Option("--segment-size <size>", "a file ends when it has so many bytes")
        .argParser(bytes)
        .default(64 << 20, "64MiB"),
    )
    .option("--segment-time <time>", "files end at whole multiples of it, such as 1m", duration)
    .addOption(
      new Option("--max-size <size>", "of all files; beyond it the oldest are deleted").argParser(
        bytes,
      ),
    )
    .option("--keep <n>", "files; beyond it the oldest are deleted", count)
    .option("-w, --where <expr>", "only events for which this LTTng filter expression holds")
    .addOption(eventOption())
    .addOption(containerOption())
    .addOption(pidOption())
    .option("-s, --select <names>", "columns NAME or NAME:TYPE, with commas between them", list)
    .option("-d, --duration <time>", "end after this time, such as 10s", duration)
    .addOption(fromOption())
    .addOption(waitOption())
    .addOption(reconnectOption());
  for (const option of [...timeOptions(), ...executionOptions()]) command.addOption(option);
  addFollowOption(command);
  return command
    .addHelpText(
      "after",
      `
Files are called NUMBER-FIRST-LAST.FORMAT, with the times of their first and last rows in nanoseconds. A file that is being
written begins with .part- and is renamed when it is whole and on the disk. Started again with the same folder, a recording
goes on behind its last row. When the disk is full, rows are counted and it is tried again every second. With --format ctf, each
is a folder with a trace of its own, which every reader takes; all of them together are one trace.

Examples:
  $ tracewire record net://localhost/host/web1/auto-20261122 --to /var/log/web1 --container web --segment-time 1m --max-size 10GiB
  $ tracewire record ./trace --to ./errors --where 'ret < 0' --format parquet
  $ duckdb -c "select container, count(*) from './errors/*.parquet' group by 1"`,
    )
    .action(async (sources: string[], options) => {
      const { record } = await import("./record.ts");
      await record(sources, options);
    });
}

export function cut(): Command {
  const command = new Command("cut")
    .description("Write a trace of the records that pass, as CTF that every reader takes.")
    .argument("<source...>", "trace directories")
    .requiredOption("-t, --to <folder>", "where the trace goes; it must not be there", pathOption)
    .option("-w, --where <expr>", "only events for which this LTTng filter expression holds")
    .addOption(eventOption())
    .addOption(containerOption())
    .addOption(pidOption())
    .option("--bare", "exactly the records that pass: none more for the names of containers")
    .addOption(
      new Option("--classes <which>", "event classes that the metadata declare")
        .choices(["occurring", "all"])
        .default("occurring"),
    )
    .addOption(
      new Option(
        "--uuid <which>",
        "of the trace: as it is, or a new one, so that readers do not take both for one trace",
      )
        .choices(["keep", "new"])
        .default("keep"),
    )
    .option("-q, --quiet", "no status lines on stderr");
  for (const option of timeOptions()) if (option.long !== "--date") command.addOption(option);
  return command
    .addHelpText(
      "after",
      `
Records are copied as they are; clock and environment stay, and so does the version of CTF. Packets without a record are left
out, unless they say what was discarded. Without --bare, state dump and container records are kept, too. The trace is whole or
not there.

Examples:
  $ tracewire cut ./trace --to ./web --container web --begin 10:15 --end 10:20
  $ tracewire cut ./trace --to ./errors --where 'ret < 0' --bare
  $ babeltrace2 ./errors`,
    )
    .action(async (sources: string[], options) => {
      const { cut } = await import("./cut.ts");
      await cut(sources, options);
    });
}

export function convert(): Command {
  const command = new Command("convert")
    .description("Convert whole traces into Arrow, Parquet, NDJSON or CSV, or into one CTF trace.")
    .argument("<source...>", "trace directories")
    .requiredOption("-t, --to <path>", "file or folder to write; it must not be there", pathOption)
    .addOption(
      new Option("-f, --format <format>", "of the files (default: what --to ends with)").choices([
        "ctf",
        ...RECORDED_FORMATS,
      ]),
    )
    .addOption(
      new Option(
        "--segment-size <size>",
        "a file has the rows of about so many bytes of the traces",
      )
        .argParser(bytes)
        .default(64 << 20, "64MiB"),
    )
    .option("-s, --select <names>", "columns NAME or NAME:TYPE, with commas between them", list)
    .addOption(clockOffsetOption())
    .option("-q, --quiet", "no status lines on stderr");
  return command
    .addHelpText(
      "after",
      `
A folder gets files called NUMBER-FIRST-LAST.FORMAT, as record writes them, made by as many threads as there are processors; a
name that ends with a format gets one file. Traces with container records get a column container. What is written is whole or
not there. CTF stays the version that it is, and packets stay as they are, without what pads them; index files are made anew.

Examples:
  $ tracewire convert ./trace --to ./trace.parquet
  $ tracewire convert ./trace --to ./rows --format arrow --segment-size 256MiB
  $ tracewire convert ./rotated --to ./joined --format ctf`,
    )
    .action(async (sources: string[], options) => {
      const { convert } = await import("./convert.ts");
      await convert(sources, options);
    });
}
