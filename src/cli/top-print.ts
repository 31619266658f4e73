/** `tracewire top` without a screen: tables as text, or windows in a format for programs. */

import { printWindows } from "../analyses/printed.ts";
import { lengthOf, sharedSource, spanOf } from "../analyses/source.ts";
import { checkedFilter } from "../analyses/user-filter.ts";
import { viewBatch, viewSchema } from "../analyses/view-batch.ts";
import { namedBy } from "../filter/container-condition.ts";
import { NO_BYTES } from "../format/batch-writer.ts";
import { formatNamed } from "../format/formats.ts";
import { ofProcesses, parseProcess } from "../language/process-filter.ts";
import { hasColors } from "./colors.ts";
import { ExitCode, GRACE_MS, note, report, reportIncomplete, warn } from "./report.ts";
import { ResultTable } from "./result-table.ts";
import { rowWriter } from "./row-writer.ts";
import { askedRange } from "./times.ts";
import { everyOf, type TopOptions } from "./top-options.ts";
import { viewOf } from "./top-view.ts";

export async function printed(sources: readonly string[], options: TopOptions): Promise<void> {
  const view = viewOf(options);
  const {
    from,
    wait,
    reconnect,
    clockOffset,
    maxLag,
    where,
    pid = [],
    every,
    once,
    count,
  } = options;
  const settings = { from, wait, reconnect, clockOffsetNs: clockOffset };
  const source = sharedSource(sources, settings, maxLag, report);
  const { feed } = source;
  const { begin, end } = askedRange(options, feed.isLive);
  const base = { container: namedBy(options.container), begin, end };
  const isWindowed = feed.isLive || every !== undefined;
  const writer = await writerOf(options);
  const order = { by: view.sort, isReversed: false };
  let hasBegun = false;
  const write = async (bytes: Uint8Array | Promise<Uint8Array>): Promise<void> =>
    void process.stdout.write(await bytes);
  let writing = Promise.resolve();
  const later = (make: () => Uint8Array | Promise<Uint8Array>): void => {
    writing = writing.then(() => write(make()));
  };
  const begun = (): void => {
    if (!hasBegun) later(() => writer.begin(viewSchema(view, isWindowed)));
    hasBegun = true;
  };
  const printing = printWindows(
    {
      view,
      scope: { filter: ofProcesses(checkedFilter(where), pid.map(parseProcess)) ?? "" },
      time: isWindowed ? everyOf(options) : lengthOf(await spanOf(source, base)),
      base,
      maxWindows: MAX_WINDOWS,
      most: once === true ? 1 : (count ?? Number.POSITIVE_INFINITY),
      forgets: true,
    },
    { ...source, maxLagMs: maxLag, onTraceClass: () => {} },
    (window) => {
      begun();
      const batch = viewBatch(view, window, order, isWindowed);
      later(() => (batch.rows === 0 ? NO_BYTES : writer.batch(batch)));
    },
  );
  const stop = (): void => printing.stop();
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  const timer = options.duration === undefined ? undefined : setTimeout(stop, options.duration);
  try {
    const { losses, notes } = await printing.ended;
    begun();
    later(() => writer.end());
    await writing;
    if (options.quiet !== true) for (const text of notes) note(text);
    if (!losses.isEmpty) warn(`lost: ${losses}; the numbers are of what was recorded`);
    if (losses.isIncomplete) reportIncomplete();
  } catch (error) {
    report(error);
    process.exitCode ??= ExitCode.failed;
  }
  clearTimeout(timer);
  process.off("SIGINT", stop);
  process.off("SIGTERM", stop);
  await feed.close();
  setTimeout(() => process.exit(), GRACE_MS).unref();
}

/** Windows that wait for a query which is behind: printed ones are forgotten. */
const MAX_WINDOWS = 100_000;

async function writerOf(
  options: TopOptions,
): Promise<ReturnType<typeof rowWriter> extends Promise<infer W> ? W : never> {
  const format = formatNamed(options.format);
  if (format.name !== "text")
    return rowWriter(format, { ...options, event: [], settle: 0, engine: "kernel" }, {});
  const { stdout } = process;
  return new ResultTable({
    isRedrawn: false,
    isColored: options.color === "always" || (options.color === "auto" && hasColors(stdout)),
    size: () => (stdout.isTTY ? { columns: stdout.columns, rows: stdout.rows } : undefined),
    sets: "windows",
  });
}
