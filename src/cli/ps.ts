/** `tracewire ps`: the processes of a source by container, at its end or at a time. */

import { sharedSource } from "../analyses/source.ts";
import { printable } from "../base/printable.ts";
import { isoText } from "../base/time.ts";
import { holds, namedBy } from "../filter/container-condition.ts";
import {
  type ContainedProcess,
  type ProcessReading,
  readProcesses,
} from "../processes/read-processes.ts";
import { parseTimeBound } from "../source/time-bound.ts";
import { note, report, reportIncomplete, warn } from "./report.ts";
import { table } from "./table.ts";
import { terminalWidth, wrapped } from "./wrap.ts";

export interface PsOptions {
  readonly at?: string;
  readonly container: readonly string[];
  readonly utc?: true;
  readonly namespaces?: true;
  readonly format: "text" | "json";
}

/** How long a live session is listened to, in ms; its state dump comes with its start. */
const LIVE_MS = 3000;

export async function ps(sources: readonly string[], options: PsOptions): Promise<void> {
  const source = sharedSource(sources, { from: "beginning" }, LIVE_MS, report);
  const end =
    options.at === undefined ? undefined : parseTimeBound(options.at, options.utc === true);
  const stop = source.feed.isLive
    ? new Promise<void>((resolve) => void setTimeout(resolve, LIVE_MS))
    : new Promise<void>(() => {});
  const container = namedBy(options.container);
  const reading = await readProcesses({ ...source, end, container, onNote: note, stop });
  const { processes, losses, atNs } = reading;
  await source.feed.close();
  const shown = processes
    .filter((one) => container === undefined || holds(container, { name: one.container }))
    .sort((a, b) => compared(a.container, b.container) || a.pid - b.pid);
  if (options.format === "json")
    process.stdout.write(`${JSON.stringify(shown.map(jsonOf), undefined, 2)}\n`);
  else process.stdout.write(wrapped(textOf(shown, options), terminalWidth()));
  if (atNs !== undefined && options.format === "text") note(`at ${isoText(atNs)}`);
  if (shown.length === 0) note(`no processes: ${whyNone(reading, end !== undefined)}`);
  if (!losses.isEmpty) warn(`lost: ${losses}; processes may be missing, or have ended`);
  if (losses.isIncomplete) reportIncomplete();
}

function whyNone({ processes, atNs }: ProcessReading, isAtTime: boolean): string {
  if (processes.length > 0) return "none is in such a container then";
  const until = isAtTime && atNs === undefined ? " until that time" : "";
  return `the trace has no lttng_statedump_process_* and sched_process_* events of any${until}`;
}

function compared(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function textOf(processes: readonly ContainedProcess[], { namespaces }: PsOptions): string {
  const rows = processes.map((one) => [
    one.container === "" ? "-" : printable(one.container),
    String(one.pid),
    String(one.vpid),
    String(one.ppid),
    String(one.threads),
    one.startNs === undefined ? "-" : isoText(one.startNs).slice(11, 23),
    one.namespaces["pid"] === undefined ? "-" : String(one.namespaces["pid"]),
    ...(namespaces ? [namespaceText(one)] : []),
    printable(one.name),
  ]);
  const head = ["container", "pid", "vpid", "ppid", "threads", "started", "pid_ns"];
  return table([...head, ...(namespaces ? ["namespaces"] : []), "name"], rows, [1, 2, 3, 4, 6]);
}

function namespaceText({ namespaces }: ContainedProcess): string {
  return Object.entries(namespaces)
    .filter(([type]) => type !== "pid")
    .map(([type, inode]) => `${type}:${inode}`)
    .join(" ");
}

function jsonOf({ startNs, host: _, namespaces, ...one }: ContainedProcess): unknown {
  return { ...one, start: startNs === undefined ? null : isoText(startNs), namespaces };
}
