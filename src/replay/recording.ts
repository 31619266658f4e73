import { basename, relative } from "node:path";
import { instant, nsFromOrigin } from "../ctf/clock.ts";
import { firstEventCycles } from "../ctf/events-begin.ts";
import { MetadataReader } from "../ctf/metadata.ts";
import type { StoredPacket } from "../ctf/stored-packet.ts";
import type { ClockClass } from "../ctf/trace-class.ts";
import { openTraces, type TraceDirectory } from "../ctf/trace-directory.ts";
import { findTraceDirectories } from "../ctf/trace-search.ts";

/** One data stream: its channel name, as a relayd gives it, and its packets in time order. */
export interface RecordedStream {
  readonly name: string;
  readonly classId: number;
  readonly clock: ClockClass | undefined;
  readonly packets: readonly StoredPacket[];
}

/** One trace directory, and where a relayd would show it. */
export interface RecordedTrace {
  readonly directory: TraceDirectory;
  /** Path in the session: `kernel`, `ust/uid/0/64-bit`. */
  readonly path: string;
  readonly host: string;
  readonly domain: string;
  /** The metadata as text, out of its packets. */
  readonly text: string;
  readonly streams: readonly RecordedStream[];
}

/** What is replayed as one session. */
export interface Recording {
  readonly sessionName: string;
  readonly traces: readonly RecordedTrace[];
  /** When the first buffer was opened, which can be seconds before the first event; ns since the Unix epoch. */
  readonly openNs: bigint;
  /** The first event, ns since the Unix epoch. */
  readonly beginNs: bigint;
  /** The end of the last packet, ns since the Unix epoch. */
  readonly endNs: bigint;
}

/**
 * Opens every trace at or below the directories.
 *
 * @throws SourceError when there is none; MetadataError when one cannot be read
 */
export async function loadRecording(directories: readonly string[]): Promise<Recording> {
  const traces: RecordedTrace[] = [];
  let sessionName: string | undefined;
  let openNs: bigint | undefined;
  let beginNs: bigint | undefined;
  let endNs: bigint | undefined;
  for (const root of directories) {
    const { opened, failures } = await openTraces(await findTraceDirectories(root));
    if (failures[0] !== undefined) throw failures[0].error;
    for (const directory of opened) {
      const trace = recordedTrace(root, directory);
      traces.push(trace);
      sessionName ??= environmentText(trace.directory, "trace_name");
      for (const { clock, packets } of trace.streams) {
        const first = await firstEventCycles(packets, trace.directory.traceClass);
        beginNs = least(beginNs, instant(clock, first ?? packets[0]?.begin));
        openNs = least(openNs, instant(clock, packets[0]?.begin));
        for (const { end } of packets) endNs = greatest(endNs, instant(clock, end));
      }
    }
  }
  sessionName ??= basename(directories[0] ?? "replay");
  beginNs ??= openNs ?? 0n;
  return { sessionName, traces, openNs: openNs ?? beginNs, beginNs, endNs: endNs ?? beginNs };
}

/** The clock value at an instant, rounded down. */
export function cyclesAt(clock: ClockClass, ns: bigint): bigint {
  return ((ns - nsFromOrigin(clock, 0n)) * clock.frequency) / 1_000_000_000n;
}

function recordedTrace(root: string, directory: TraceDirectory): RecordedTrace {
  const domain = environmentText(directory, "domain") ?? "ust";
  const inside = relative(root, directory.path);
  const reader = new MetadataReader();
  reader.append(directory.metadata);
  return {
    directory,
    path: inside !== "" ? inside : domain === "kernel" ? "kernel" : `ust/${basename(root)}`,
    host: environmentText(directory, "hostname") ?? "localhost",
    domain,
    text: reader.text,
    streams: directory.streams.map(({ path, streamClass, packets }) => ({
      name: basename(path),
      classId: streamClass.id,
      clock: streamClass.clock ?? directory.traceClass.clocks.values().next().value,
      packets,
    })),
  };
}

function environmentText(directory: TraceDirectory, key: string): string | undefined {
  const value = directory.traceClass.environment.get(key);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function least(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  return a === undefined || (b !== undefined && b < a) ? b : a;
}

function greatest(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}
