/** How many threads a query over recorded traces is worth, and their start ahead of it. */

import { type Dirent, readdirSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { isLiveUrl } from "../relay/url.ts";
import { canCompile, type Engine } from "./executor.ts";
import { startWorkers } from "./scan-pool.ts";

/** Less than this is scanned before a thread has started. */
const WORTH_BYTES = 24 << 20;
const MAX_DEPTH = 16;
/** More could not be fed. */
const MAX_THREADS = 64;

/**
 * Starts the threads that will scan recorded traces: none for live sessions, for the interpreter, or for traces that are
 * scanned sooner than a thread starts.
 *
 * @param count how many are wanted; default one less than there are processors, at least one
 */
export function startThreads(
  sources: readonly string[],
  engine: Engine,
  count: number = Math.max(1, availableParallelism() - 1),
): Worker[] {
  if (count === 0 || !canCompile(engine) || sources.some(isLiveUrl)) return [];
  let bytes = 0;
  for (const source of sources) bytes += bytesBelow(source, WORTH_BYTES - bytes, 0);
  return bytes < WORTH_BYTES ? [] : startWorkers(Math.min(count, MAX_THREADS));
}

/** Bytes of files at and below a path, counted until they are enough. What cannot be read counts nothing. */
function bytesBelow(path: string, enough: number, depth: number): number {
  let entries: Dirent[];
  try {
    entries = readdirSync(path, { withFileTypes: true });
  } catch {
    return 0;
  }
  let bytes = 0;
  for (const entry of entries) {
    if (bytes >= enough) break;
    const below = join(path, entry.name);
    if (entry.isFile()) bytes += statSync(below, { throwIfNoEntry: false })?.size ?? 0;
    else if (entry.isDirectory() && depth < MAX_DEPTH)
      bytes += bytesBelow(below, enough - bytes, depth + 1);
  }
  return bytes;
}
