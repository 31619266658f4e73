/** What recorded traces were when they were opened: a text that is another as soon as one of their files is. */

import { type BigIntStats, statSync } from "node:fs";
import { crc32 } from "node:zlib";
import { instant } from "./clock.ts";
import type { StoredStream, TraceDirectory } from "./trace-directory.ts";

/** Traces of more files are not stamped: looking at each would take long. */
const MOST_FILES = 10_000;
/** A file that changed this lately may change again without another time: file systems count in steps of up to 2 s. */
const SETTLED_MS = 2000;

/** @returns `undefined` where files are too many, cannot be looked at or may still be written */
export function traceStamp(traces: readonly TraceDirectory[]): string | undefined {
  const paths = new Set(traces.flatMap(({ streams }) => streams.flatMap(pathsOf)));
  if (paths.size > MOST_FILES) return undefined;
  const settled = BigInt(Date.now() - SETTLED_MS) * 1_000_000n;
  const lines = traces.flatMap(linesOf);
  for (const path of paths) {
    const stats = statsOf(path);
    if (stats === undefined || stats.ctimeNs > settled || stats.mtimeNs > settled) return undefined;
    const { dev, ino, size, mtimeNs, ctimeNs } = stats;
    lines.push(JSON.stringify([path, ...[dev, ino, size, mtimeNs, ctimeNs].map(String)]));
  }
  return lines.join("\n");
}

/** Files may vanish or be forbidden meanwhile: who reads them says so. */
function statsOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

function pathsOf({ packets }: StoredStream): readonly string[] {
  return packets.map(({ path }) => path);
}

/** The metadata, and of each stream its clock and how much of it was found: a file may have grown since it was opened. */
function linesOf({ path, metadata, streams }: TraceDirectory): readonly string[] {
  return [
    JSON.stringify([path, metadata.length, crc32(metadata)]),
    ...streams.map(({ path, streamClass, packets }) => {
      const last = packets.at(-1);
      const found = [packets.length, last?.path, last?.byteOffset, last?.bytes];
      return JSON.stringify([path, String(instant(streamClass.clock, 0n)), ...found]);
    }),
  ];
}
