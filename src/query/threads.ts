/** What threads a source is worth, and their start ahead of the query. */

import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import { MOST_OPEN_FILES } from "../ctf/data-files.ts";
import { filesBelow } from "../source/files-below.ts";
import { isLiveSource } from "../source/live-source.ts";
import type { Engine } from "./execution.ts";
import { canCompile } from "./executor.ts";
import { startWorkers } from "./scan-pool.ts";

/** Less than this is scanned before a thread has started. */
const WORTH_BYTES = 24 << 20;
/** Hardly any event takes more, with its part of the packet. */
const MOST_EVENT_BYTES = 128;
/** More could not be fed. */
const MAX_THREADS = 64;
/** Descriptors of a thread: its data files, and its event loop's. */
const THREAD_DESCRIPTORS = MOST_OPEN_FILES + 8;
/** Descriptors of the process without its threads. */
const OWN_DESCRIPTORS = MOST_OPEN_FILES + 24;

/**
 * Starts the threads that will scan recorded traces: none for live sessions, for the interpreter, or for traces that are
 * scanned sooner than a thread starts.
 *
 * @param count how many are wanted; default one less than there are processors, at least one
 * @param events the first so many are all that the query looks at
 */
export function startThreads(
  sources: readonly string[],
  engine: Engine,
  count: number = Math.max(1, availableParallelism() - 1),
  events: number = Number.POSITIVE_INFINITY,
): Worker[] {
  if (count === 0 || !canCompile(engine) || sources.some(isLiveSource)) return [];
  if (events * MOST_EVENT_BYTES < WORTH_BYTES) return [];
  return isWorthThreads(sources)
    ? startWorkers(Math.min(count, MAX_THREADS, threadsByFiles()))
    : [];
}

/** Threads that the limit of open files (`ulimit -n`) has room for. */
function threadsByFiles(): number {
  let limits: string;
  try {
    limits = readFileSync("/proc/self/limits", "utf8");
  } catch {
    return MAX_THREADS;
  }
  const most = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  return Math.max(0, Math.floor((most - OWN_DESCRIPTORS) / THREAD_DESCRIPTORS));
}

/** Whether a thread for each live source, which only fetches, has processors to run on while this one scans. */
export function hasSpareProcessors(sources: readonly string[]): boolean {
  return sources.filter(isLiveSource).length < availableParallelism();
}

function isWorthThreads(sources: readonly string[]): boolean {
  let bytes = 0;
  for (const source of sources) {
    for (const { stats } of filesBelow(source)) {
      bytes += stats.size;
      if (bytes >= WORTH_BYTES) return true;
    }
  }
  return false;
}
