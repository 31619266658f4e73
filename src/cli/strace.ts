/** `tracewire strace`: the system calls of a trace in strace's words. */

import { sharedSource } from "../analyses/source.ts";
import { printable } from "../base/printable.ts";
import { isoText } from "../base/time.ts";
import { namedBy } from "../filter/container-condition.ts";
import { parseProcess, processText } from "../language/process-filter.ts";
import { runStrace } from "../strace/run-strace.ts";
import { CallSummary } from "../strace/summary.ts";
import { traceSet } from "../strace/trace-set.ts";
import type { TracedCall } from "../strace/tracer.ts";
import { spanText } from "../top/status-text.ts";
import { GRACE_MS, note, report, reportIncomplete, warn } from "./report.ts";
import type { FollowOptions } from "./rows-options.ts";
import { askedRange } from "./times.ts";

export interface StraceOptions extends FollowOptions {
  readonly pid: readonly string[];
  readonly expr?: string;
  readonly slower?: number;
  readonly failed?: true;
  readonly summary?: true;
  readonly limit?: number;
  readonly format: "text" | "json";
}

const NS_PER_MS = 1e6;

export async function strace(sources: readonly string[], options: StraceOptions): Promise<void> {
  const { from, wait, reconnect, clockOffset, maxLag, slower, failed, limit } = options;
  const isWanted = traceSet(options.expr);
  const settings = { from, wait, reconnect, clockOffsetNs: clockOffset };
  const source = sharedSource(sources, settings, maxLag, report);
  const { begin, end } = askedRange(options, source.feed.isLive);
  const summary = new CallSummary();
  const leastNs = slower === undefined ? undefined : BigInt(Math.round(slower * NS_PER_MS));
  const write = writer(options);
  let shown = 0;
  const running = runStrace({
    ...source,
    base: { begin, end },
    container: namedBy(options.container),
    processes: options.pid.map(parseProcess),
    isWanted,
    maxLagMs: maxLag,
    onNote: options.quiet ? () => {} : note,
    onCall: (call) => {
      if (limit !== undefined && shown >= limit) return;
      if (leastNs !== undefined && (call.ns === undefined || call.ns < leastNs)) return;
      if (failed && !call.isFailed) return;
      shown++;
      if (options.summary) summary.add(call);
      else write(call);
      if (shown === limit) setImmediate(() => running.stop());
    },
  });
  const stop = (): void => running.stop();
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  const timer = options.duration === undefined ? undefined : setTimeout(stop, options.duration);
  try {
    const { losses, unpaired, unseen } = await running.ended;
    if (options.summary) process.stdout.write(String(summary));
    const isWhole = limit === undefined || shown < limit;
    if (isWhole && !options.quiet)
      for (const one of unseen) note(`process ${processText(one)} has no events here`);
    if (shown === 0 && !options.quiet) note("no system calls are what was asked for");
    if (!losses.isEmpty) warn(`lost: ${losses}; ${unpaired} system calls have no entry or no exit`);
    if (losses.isIncomplete) reportIncomplete();
  } catch (error) {
    report(error);
  }
  clearTimeout(timer);
  process.off("SIGINT", stop);
  process.off("SIGTERM", stop);
  await source.feed.close();
  setTimeout(() => process.exit(), GRACE_MS).unref();
}

/** One call a line. */
function writer({ utc, format }: StraceOptions): (call: TracedCall) => void {
  if (format === "json")
    return (call) => void process.stdout.write(`${JSON.stringify(jsonOf(call))}\n`);
  return ({ tid, beginNs, text }) => {
    const time = spanText(beginNs, undefined, utc === true, 6);
    process.stdout.write(`[pid ${String(tid).padStart(5)}] ${time} ${printable(text)}\n`);
  };
}

function jsonOf({
  name,
  beginNs,
  ns,
  pid,
  tid,
  command,
  container,
  result,
  isFailed,
  text,
}: TracedCall): unknown {
  return {
    timestamp: isoText(beginNs),
    dt: ns === undefined ? null : Number(ns),
    container,
    pid,
    tid,
    procname: command,
    syscall: name,
    ret: result ?? null,
    failed: isFailed,
    text,
  };
}
