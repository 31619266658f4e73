/**
 * Watches pid files: runtimes write a container's first process id to a file some 10 ms before that process executes the
 * container's program. Events may arrive after a short container has exited: Podman's are up to a quarter of a second late.
 */

import { existsSync, type FSWatcher, watch } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readSmallFile } from "../base/small-file.ts";
import { isPlainName, pidOf } from "./answer.ts";
import type { OnChange } from "./runtime.ts";

export interface PidFiles {
  /** Directory with a subdirectory for each container, named by its id. */
  readonly folder: string;
  /** Path of the pid file in the subdirectory. */
  readonly file: string;
}

/** Polling interval and time limit for the pid file of a new container, in ms. */
const LOOK_MS = 5;
const LOOK_FOR_MS = 5000;
/** Polling interval for the directory, which does not exist before the first container, in ms. */
const RETRY_MS = 500;
/** Containers to poll for at a time. */
const MAX_AT_ONCE = 64;

/** Announces the first processes of new containers until `events` settles. */
export async function withPidFiles(
  events: Promise<void>,
  places: readonly (Promise<PidFiles | undefined> | PidFiles)[],
  onChange: OnChange,
): Promise<void> {
  let isOver = false;
  const over = events.then(() => {
    isOver = true;
  });
  const follow = async (place: Promise<PidFiles | undefined> | PidFiles): Promise<void> => {
    const files = await Promise.race([place, over]).catch(() => undefined);
    if (files) await followFiles(files, over, () => isOver, onChange);
  };
  await Promise.all([over, ...places.map(follow)]);
}

async function followFiles(
  { folder, file }: PidFiles,
  over: Promise<void>,
  isOver: () => boolean,
  onChange: OnChange,
): Promise<void> {
  const looking = new Map<string, Promise<void>>();
  const look = (id: string): void => {
    if (!isPlainName(id) || looking.has(id) || looking.size >= MAX_AT_ONCE) return;
    const looked = firstProcess(join(folder, id), file, isOver).then((initPid) => {
      looking.delete(id);
      if (initPid !== 0) onChange({ id, initPid });
    });
    looking.set(id, looked);
  };
  let watcher = watcherOf(folder, look);
  while (watcher === undefined && !isOver()) {
    await Promise.race([sleep(RETRY_MS), over]);
    watcher = watcherOf(folder, look);
  }
  await over;
  watcher?.close();
  await Promise.all(looking.values());
}

/** `undefined` if the directory does not exist. */
function watcherOf(folder: string, onName: (name: string) => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder);
    return watcher.on("change", (_, name) => onName(String(name ?? ""))).on("error", () => {});
  } catch {
    return undefined;
  }
}

/**
 * 0 if the file does not appear in time, or the container is removed.
 *
 * Reads synchronously, which takes some 20 us: each asynchronous step waits for a processor again, and on a busy machine the
 * process would have exited by then.
 */
async function firstProcess(folder: string, file: string, isOver: () => boolean): Promise<number> {
  const deadline = performance.now() + LOOK_FOR_MS;
  while (!isOver() && performance.now() < deadline) {
    const initPid = pidIn(join(folder, file));
    if (initPid !== 0) return initPid;
    if (!existsSync(folder)) return 0;
    await sleep(LOOK_MS);
  }
  return 0;
}

function pidIn(file: string): number {
  try {
    return pidOf(readSmallFile(file).trim());
  } catch {
    return 0;
  }
}
