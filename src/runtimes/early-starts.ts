/**
 * Containers that may exit before their runtime answers a question about them.
 *
 * Docker's events carry a container's id and name, but no process id. containerd's events and pid files carry id and process id
 * some 10 ms before the process executes the container's program. The two are joined by id, and namespaces are read at once.
 */

import type { EarlyClaim } from "./claims.ts";
import { type ProcessFacts, processKey, readProcess, startTicksOf } from "./process.ts";
import type { Announced, AnnouncedContainer } from "./runtime.ts";
import type { RuntimeWatch } from "./runtime-watch.ts";

/** Entries of each kind; the oldest are dropped. */
const MAX_REMEMBERED = 1000;
/** A runtime lists a container at the latest this long after its start, in ms. */
const UNLISTED_MS = 10_000;

/** A first process, read before or while it executes. */
interface Process {
  readonly initPid: number;
  readonly facts: ProcessFacts;
  /** Runtimes whose description has been joined. */
  readonly named: Set<RuntimeWatch>;
}

interface EarlyStart {
  readonly claim: EarlyClaim;
  readonly atMs: number;
}

export class EarlyStarts {
  /** By id of the container. */
  readonly #processes = new Map<string, Process>();
  /** By runtime and id. */
  readonly #containers = new Map<string, readonly [RuntimeWatch, AnnouncedContainer]>();
  readonly #starts = new Set<EarlyStart>();
  /** Processes whose end is recorded: later announcements of them are ignored. */
  readonly #ended = new Map<string, true>();

  /** Ignores runtimes of unprivileged users. @returns whether this completes the description of a container */
  announced(watch: RuntimeWatch, announced: Announced): boolean {
    if (!watch.isTrusted) return false;
    if (!("initPid" in announced)) {
      remember(this.#containers, `${watch.title} ${announced.id}`, [watch, announced]);
      return this.#join(watch, announced);
    }
    const { id, initPid } = announced;
    const reading = readProcess(initPid);
    if (reading.kind !== "running") return false;
    remember(this.#processes, id, { initPid, facts: reading.facts, named: new Set() });
    const joined = [...this.#containers.values()].map(
      ([by, container]) => container.id === id && this.#join(by, container),
    );
    return joined.includes(true);
  }

  /** Containers that their runtimes may not list, because they have just started or have exited. */
  get claims(): readonly EarlyClaim[] {
    return [...this.#starts].map(({ claim }) => claim);
  }

  /** Called when the end of a process is recorded. */
  ended(process: string): void {
    remember(this.#ended, process, true);
    for (const one of this.#starts) if (processOf(one) === process) this.#starts.delete(one);
  }

  /**
   * Drops containers that their runtimes list by now.
   *
   * @param isCurrent whether a process is running according to the latest records
   * @returns whether one of those has exited, so that its end must be recorded
   */
  settle(isCurrent: (process: string) => boolean): boolean {
    let hasEnds = false;
    for (const one of this.#starts) {
      const { claim, atMs } = one;
      const { initPid, startTicks } = claim.found;
      const isRunning = startTicksOf(initPid) === startTicks;
      const isEnd = !isRunning && isCurrent(processOf(one));
      hasEnds ||= isEnd;
      const isOld = performance.now() > atMs + UNLISTED_MS;
      const isListed = claim.watch.listedAtMs > atMs + UNLISTED_MS;
      if (isOld && (isRunning ? isListed : !isEnd)) this.#starts.delete(one);
    }
    return hasEnds;
  }

  #join(watch: RuntimeWatch, container: AnnouncedContainer): boolean {
    const process = this.#processes.get(container.id);
    if (process === undefined || process.named.has(watch)) return false;
    process.named.add(watch);
    const { initPid, facts } = process;
    const found = watch.bound({ ...container, initPid }, facts.startTicks);
    const start = { claim: { watch, found, early: facts }, atMs: performance.now() };
    if (this.#ended.has(processOf(start))) return false;
    this.#starts.add(start);
    return true;
  }
}

function processOf({ claim: { found } }: EarlyStart): string {
  return processKey(found);
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MAX_REMEMBERED) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
