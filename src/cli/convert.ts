/** `tracewire convert`: whole traces into files of another kind. */

import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { SourceError } from "../base/errors.ts";
import { PART_PREFIX } from "../base/part-name.ts";
import { convertRows, SlicesDiffer } from "../convert/convert-rows.ts";
import { writeFailed } from "../convert/row-file.ts";
import { openRecorded } from "../ctf/recorded.ts";
import type { OpenedTraces } from "../ctf/trace-directory.ts";
import { cutTraces } from "../cut/cut.ts";
import { findFormat } from "../format/formats.ts";
import { segmentPaths } from "../segments/find.ts";
import { isLiveSource } from "../source/live-source.ts";
import { reportDamage } from "./damage.ts";
import { untilInterrupted } from "./interrupt.ts";
import { note, reportIncomplete, warn } from "./report.ts";
import { describeBytes, progressLine } from "./status.ts";

export interface ConvertOptions {
  readonly to: string;
  readonly format?: string;
  readonly segmentSize: number;
  readonly select?: readonly string[];
  readonly clockOffset?: bigint;
  readonly quiet?: true;
}

/** Formats of rows that files are made of. */
export const ROW_FORMATS: readonly string[] = ["arrow", "parquet", "ndjson", "csv"];

export async function convert(sources: readonly string[], options: ConvertOptions): Promise<void> {
  checkSources(sources);
  const { format, name } = targetOf(options);
  const to = resolve(options.to);
  if (existsSync(to))
    throw new SourceError(
      "CONVERT_EXISTS",
      `${options.to}: expected no such file or directory, got one`,
    );
  const opened = await openRecorded(sources, options.clockOffset);
  reportDamage(opened);
  const stop = untilInterrupted();
  const isWhole = await (format === "ctf"
    ? intoCtf(sources, options, opened, stop)
    : intoRows(sources, options, { format, name, to, opened, stop }));
  if (isWhole) return;
  warn("stopped: nothing is left of what was written");
  reportIncomplete();
}

/** @throws SourceError `CONVERT_SOURCE` */
function checkSources(sources: readonly string[]): void {
  const live = sources.find(isLiveSource);
  if (live === undefined && segmentPaths(sources) === undefined) return;
  const got = live ?? "files of rows, which tail and query write in any format";
  throw new SourceError("CONVERT_SOURCE", `convert: expected recorded traces, got ${got}`);
}

/** @throws SourceError `CONVERT_FORMAT` */
function targetOf({ to, format, select }: ConvertOptions): {
  readonly format: string;
  readonly name: string | undefined;
} {
  const ending = findFormat(extname(to).slice(1))?.name;
  const named = ending !== undefined && ROW_FORMATS.includes(ending) ? ending : undefined;
  const chosen = format ?? named;
  if (chosen === undefined)
    throw new SourceError(
      "CONVERT_FORMAT",
      `convert: expected --format ctf, ${ROW_FORMATS.join(", ")}, or a file's name that ends with one of the last, got ${to}`,
    );
  if (chosen === "ctf" && select !== undefined)
    throw new SourceError("CONVERT_SELECT", "--select: expected files of rows, got --format ctf");
  return { format: chosen, name: named === chosen ? basename(to) : undefined };
}

async function intoCtf(
  sources: readonly string[],
  { to, quiet }: ConvertOptions,
  opened: OpenedTraces,
  stop: Promise<unknown>,
): Promise<boolean> {
  let isStopped = false;
  void stop.then(() => {
    isStopped = true;
  });
  const progress = quiet === true ? undefined : progressLine(process.stderr);
  const losses = new Map<string, string>();
  let bytes = 0;
  try {
    const totals = await cutTraces({
      opened,
      sources,
      to,
      scan: undefined,
      alwaysKept: [],
      isStopped: () => isStopped,
      onProgress: (done, total) => {
        bytes = done;
        progress?.show((seconds) => describeBytes(done, total, seconds));
      },
      onLoss: (path, { message }) => losses.set(path, message),
    });
    progress?.end();
    if (totals === undefined) return false;
    for (const [path, message] of losses) warn(`${path}: ${message}`);
    if (losses.size > 0) reportIncomplete();
    const count = totals.traces === 1 ? "1 trace" : `${totals.traces} traces`;
    if (quiet !== true) note(`${to}: ${count}, ${bytes} bytes of packets read`);
    return true;
  } finally {
    progress?.end();
  }
}

interface RowsTarget {
  readonly format: string;
  /** Of the one file; `undefined`: a directory of files. */
  readonly name: string | undefined;
  readonly to: string;
  readonly opened: OpenedTraces;
  readonly stop: Promise<unknown>;
}

/** Whether it was not stopped. */
async function intoRows(
  sources: readonly string[],
  options: ConvertOptions,
  target: RowsTarget,
): Promise<boolean> {
  try {
    return await writeRows(sources, options, target, options.segmentSize);
  } catch (error) {
    if (!(error instanceof SlicesDiffer)) throw error;
    note("events lie outside the times of their packets: all rows go into one file");
    return writeRows(sources, options, target, undefined);
  }
}

async function writeRows(
  sources: readonly string[],
  { select, clockOffset = 0n, quiet }: ConvertOptions,
  { format, name, to, opened, stop }: RowsTarget,
  sliceBytes: number | undefined,
): Promise<boolean> {
  const folder = join(dirname(to), `${PART_PREFIX}${basename(to)}-${crypto.randomUUID()}`);
  try {
    mkdirSync(dirname(to), { recursive: true });
    mkdirSync(folder);
  } catch (error) {
    throw writeFailed(to, error as NodeJS.ErrnoException);
  }
  const progress = quiet === true ? undefined : progressLine(process.stderr);
  try {
    const converted = await convertRows({
      spec: { sources, clockOffsetNs: clockOffset, format, select, folder, to },
      opened,
      sliceBytes: name === undefined ? sliceBytes : undefined,
      name,
      stop,
      onProgress: (done, total) => progress?.show((seconds) => describeBytes(done, total, seconds)),
    });
    progress?.end();
    if (converted === undefined) return false;
    renameSync(name === undefined ? folder : join(folder, name), to);
    const { rows, losses, lost, notes } = converted.result;
    for (const text of losses) warn(text);
    if (lost !== "") {
      warn(`lost: ${lost}`);
      reportIncomplete();
    }
    if (quiet === true) return true;
    for (const text of notes) note(text);
    const { files } = converted;
    note(`${to}: ${rows} rows in ${files} ${files === 1 ? "file" : "files"}`);
    return true;
  } finally {
    progress?.end();
    rmSync(folder, { recursive: true, force: true });
  }
}
