/**
 * Containers that end before their runtime can be asked about them.
 *
 * Docker's events name a container without its process; those of the containerd below announce the process without the name,
 * some 10 ms before it runs. Together they are a whole description, and the process is read while it waits.
 */

import type { BornClaim } from "./claims.ts";
import { type ProcessFacts, processKey, readProcess, startTicksOf } from "./process.ts";
import type { Announced, AnnouncedContainer } from "./runtime.ts";
import type { RuntimeWatch } from "./runtime-watch.ts";

/** More than this are not remembered, the oldest are forgotten. */
const MAX_REMEMBERED = 1000;
/** How long a container may run before its runtime lists it, in ms. */
const UNLISTED_MS = 10_000;

/** A process that waits to run, or has run. */
interface Process {
  readonly initPid: number;
  readonly facts: ProcessFacts;
  /** Runtimes that have named it. */
  readonly named: Set<RuntimeWatch>;
}

interface Birth {
  readonly claim: BornClaim;
  readonly atMs: number;
}

export class Births {
  /** By id of the container. */
  readonly #processes = new Map<string, Process>();
  /** By runtime and id. */
  readonly #containers = new Map<string, readonly [RuntimeWatch, AnnouncedContainer]>();
  readonly #births = new Set<Birth>();
  /** Processes whose end is recorded: an announcement of them comes late. */
  readonly #ended = new Map<string, true>();

  /** @returns whether a container is known now that was not before */
  announced(watch: RuntimeWatch, announced: Announced): boolean {
    if (!("initPid" in announced)) {
      remember(this.#containers, `${watch.title} ${announced.id}`, [watch, announced]);
      return this.#join(watch, announced);
    }
    // Only root's runtimes say which process is a container's.
    if (!watch.isSystems) return false;
    const { id, initPid } = announced;
    const reading = readProcess(initPid);
    if (reading.kind !== "running") return false;
    remember(this.#processes, id, { initPid, facts: reading.facts, named: new Set() });
    const joined = [...this.#containers.values()].map(
      ([by, container]) => container.id === id && this.#join(by, container),
    );
    return joined.includes(true);
  }

  /** Containers that their runtimes need not list: not yet, or not any more. */
  get claims(): readonly BornClaim[] {
    return [...this.#births].map(({ claim }) => claim);
  }

  /** The end of a process has been recorded. */
  ended(process: string): void {
    remember(this.#ended, process, true);
    for (const birth of this.#births) if (processOf(birth) === process) this.#births.delete(birth);
  }

  /**
   * Forgets what its runtime knows by now.
   *
   * @param isCurrent whether the latest records say that a process runs
   * @returns whether one of these has exited
   */
  settle(isCurrent: (process: string) => boolean): boolean {
    let hasEnds = false;
    for (const birth of this.#births) {
      const { claim, atMs } = birth;
      const { initPid, startTicks } = claim.found;
      const isRunning = startTicksOf(initPid) === startTicks;
      const isEnd = !isRunning && isCurrent(processOf(birth));
      hasEnds ||= isEnd;
      const isOld = performance.now() > atMs + UNLISTED_MS;
      const isListed = claim.watch.listedAtMs > atMs + UNLISTED_MS;
      if (isOld && (isRunning ? isListed : !isEnd)) this.#births.delete(birth);
    }
    return hasEnds;
  }

  #join(watch: RuntimeWatch, container: AnnouncedContainer): boolean {
    const process = this.#processes.get(container.id);
    if (process === undefined || process.named.has(watch)) return false;
    process.named.add(watch);
    const { initPid, facts } = process;
    const found = watch.bound({ ...container, initPid }, facts.startTicks);
    const birth = { claim: { watch, found, born: facts }, atMs: performance.now() };
    if (this.#ended.has(processOf(birth))) return false;
    this.#births.add(birth);
    return true;
  }
}

function processOf({ claim: { found } }: Birth): string {
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
