/** Finds the containers of all runtimes of this machine and reports starts, changes and ends. */

import { setImmediate as nextTurn } from "node:timers/promises";
import { type Claim, claimsOf, FIRST_USERS_RANK } from "./claims.ts";
import { ContainerNames } from "./container-names.ts";
import { EarlyStarts } from "./early-starts.ts";
import type { RuntimePlace } from "./places.ts";
import { Problems } from "./problems.ts";
import { type ProcessFacts, processKey, readProcess, startTicksOf } from "./process.ts";
import { jsonLine, type LocalContainer } from "./record.ts";
import { RuntimeWatch, type WatchCallbacks } from "./runtime-watch.ts";

/** How long a slow runtime may delay the first records, in ms. */
const FIRST_ANSWERS_MS = 1000;
/** Reading a process takes about 0.1 ms; the event loop gets a turn after this many. */
const READS_PER_TURN = 32;

export interface FinderOptions {
  /** The runtimes to ask, in order of priority. Called each period, because users log in and out. */
  readonly places: () => readonly RuntimePlace[];
  /** How often runtimes are asked and records repeated, in ms. */
  readonly periodMs: number;
  /** Called with all running containers each period, and at once with those that start, change or end. */
  readonly onContainers: (containers: readonly LocalContainer[]) => void;
  /** Called with one line when a runtime fails, and when it answers again. */
  readonly onProblem: (text: string) => void;
}

/** A running container. */
interface Running {
  readonly claim: Claim;
  readonly local: LocalContainer;
}

export class Finder {
  readonly #options: FinderOptions;
  readonly #callbacks: WatchCallbacks;
  readonly #earlyStarts = new EarlyStarts();
  readonly #names = new ContainerNames();
  readonly #unreadable: Problems;
  readonly #refusals: Problems;
  /** In order of priority. */
  #watches: readonly RuntimeWatch[] = [];
  readonly #following = new Set<Promise<void>>();
  /** By process: its id and start. */
  #running: ReadonlyMap<string, Running> = new Map();
  /** Set when every runtime has answered once: then the one with the highest priority has named each container. */
  #isReady = false;
  #isStopped = false;
  #updating: Promise<void> = Promise.resolve();
  #onStop: () => void = () => {};

  constructor(options: FinderOptions) {
    this.#options = options;
    this.#callbacks = {
      answer: () => void this.#update(false),
      announced: (watch, announced) => {
        if (this.#earlyStarts.announced(watch, announced)) void this.#update(false);
      },
      problem: options.onProblem,
    };
    this.#unreadable = new Problems("containers", options.onProblem);
    this.#refusals = new Problems("containers", options.onProblem);
    this.#discover();
  }

  /** Asks every runtime once. */
  async once(): Promise<readonly LocalContainer[]> {
    await Promise.all(this.#watches.map((watch) => watch.once()));
    this.#isReady = true;
    await this.#update(true);
    this.#unreadable.end();
    this.#refusals.end();
    return [...this.#running.values()].map(({ local }) => local);
  }

  /** Follows until `stop`; then settles when everything has ended. */
  async follow(): Promise<void> {
    const { periodMs } = this.#options;
    const begin = (): void => {
      if (this.#isReady) return;
      this.#isReady = true;
      void this.#update(true);
    };
    for (const watch of this.#watches) this.#follow(watch);
    const patience = setTimeout(begin, FIRST_ANSWERS_MS);
    void Promise.all(this.#watches.map(({ answered }) => answered)).then(begin);
    const timer = setInterval(() => {
      for (const watch of this.#discover()) this.#follow(watch);
      void this.#update(true);
    }, periodMs);
    await new Promise<void>((resolve) => {
      this.#onStop = resolve;
      if (this.#isStopped) resolve();
    });
    clearTimeout(patience);
    clearInterval(timer);
    for (const watch of this.#watches) watch.stop();
    await Promise.all(this.#following);
    await this.#updating;
  }

  stop(): void {
    this.#isStopped = true;
    this.#onStop();
  }

  /** Updates the list of runtimes; returns new ones. */
  #discover(): readonly RuntimeWatch[] {
    const { places } = this.#options;
    const before = new Map(this.#watches.map((watch) => [watch.title, watch]));
    const byTitle = new Map(places().map((place) => [place.runtime.title, place]));
    const now = [...byTitle].map(
      ([title, place]) => before.get(title) ?? new RuntimeWatch(place, this.#callbacks),
    );
    const left = this.#watches.filter((watch) => !now.includes(watch));
    for (const watch of left) if (watch.found.length === 0) watch.stop();
    const news = now.filter((watch) => !before.has(watch.title));
    this.#watches = [...now, ...left.filter((watch) => watch.found.length > 0)];
    return news;
  }

  #follow(watch: RuntimeWatch): void {
    const following = watch.follow(this.#options.periodMs);
    this.#following.add(following);
    void following.then(() => this.#following.delete(following));
  }

  /** @param isRound whether to read every process again and to repeat every record */
  #update(isRound: boolean): Promise<void> {
    this.#updating = this.#updating.then(() => this.#emit(isRound));
    return this.#updating;
  }

  async #emit(isRound: boolean): Promise<void> {
    if (!this.#isReady || this.#isStopped) return;
    const before = this.#running;
    const now = await this.#look(before, isRound);
    if (this.#isStopped) return;
    this.#running = now;
    const endNs = BigInt(Date.now()) * 1_000_000n;
    const ended = [...before].flatMap(([process, { claim, local }]) => {
      if (now.has(process)) return [];
      this.#earlyStarts.ended(process);
      // It may be restarting, which not every runtime announces.
      if (claim.watch.found.some(({ initPid }) => initPid === local.initPid)) claim.watch.askSoon();
      return { ...local, endNs };
    });
    const current = [...now].flatMap(([process, { local }]) =>
      isRound || isChanged(before.get(process)?.local, local) ? local : [],
    );
    // Ends first: a started container may have the namespace inode of an ended one.
    if (ended.length + current.length > 0) this.#options.onContainers([...ended, ...current]);
    if (this.#earlyStarts.settle((process) => now.has(process))) void this.#update(false);
  }

  async #look(
    before: ReadonlyMap<string, Running>,
    isRound: boolean,
  ): Promise<ReadonlyMap<string, Running>> {
    const { byProcess, refusals } = claimsOf(this.#watches, this.#earlyStarts.claims);
    this.#refusals.details(refusals);
    const found: Running[] = [];
    const unreadable = new Set<string>();
    let reads = 0;
    for (const [process, claim] of byProcess) {
      const known = before.get(process);
      if (++reads % READS_PER_TURN === 0) await nextTurn();
      const facts = factsOf(claim, known?.local, isRound, (reason) => unreadable.add(reason));
      if (facts === undefined) continue;
      // The runtime with the highest priority keeps naming it: some stop listing a container before it has exited.
      const best = known !== undefined && known.claim.rank < claim.rank ? known.claim : claim;
      found.push({ claim: best, local: { ...best.found, ...facts, endNs: 0n } });
    }
    if (isRound) this.#unreadable.details([...unreadable].map(unreadableText));
    const requests = found.map(({ claim }) => {
      const { name, type, id } = claim.found;
      return { name, type, id, isUserOwned: claim.rank >= FIRST_USERS_RANK };
    });
    const names = this.#names.of(requests);
    return new Map(
      found.map(({ claim, local }, i) => {
        const named = { ...local, name: names[i] ?? local.name };
        return [processKey(local), { claim, local: named }];
      }),
    );
  }
}

/**
 * What is known of a claim's process; `undefined` if it has exited, or could never be read.
 * @param isAnew whether to read a known process again, because it may have entered other namespaces
 */
function factsOf(
  { found: { initPid, startTicks }, early }: Claim,
  known: LocalContainer | undefined,
  isAnew: boolean,
  onUnreadable: (reason: string) => void,
): ProcessFacts | undefined {
  if (known !== undefined && !isAnew)
    return startTicksOf(initPid) === startTicks ? processFactsOf(known) : undefined;
  const reading = readProcess(initPid);
  const isGone = reading.kind === "running" && reading.facts.startTicks !== startTicks;
  if (isGone || reading.kind === "gone") return known === undefined ? early : undefined;
  if (reading.kind !== "running") {
    if (reading.kind === "unreadable") onUnreadable(reading.reason);
    const isSame = known !== undefined && startTicksOf(initPid) === startTicks;
    return isSame ? processFactsOf(known) : undefined;
  }
  // Computed from two clocks, the start in ns differs a little with each reading.
  return known === undefined ? reading.facts : { ...reading.facts, startNs: known.startNs };
}

function processFactsOf(local: LocalContainer): ProcessFacts {
  const { startTicks, startNs, pidNs, mntNs, netNs, cgroupNs, initVpid, group } = local;
  return { startTicks, startNs, pidNs, mntNs, netNs, cgroupNs, initVpid, group };
}

function unreadableText(reason: string): string {
  return `cannot read the namespaces of their processes (${reason}): needs root or CAP_SYS_PTRACE`;
}

/** Whether a record differs from the previous one of its container. */
function isChanged(before: LocalContainer | undefined, now: LocalContainer): boolean {
  return before === undefined || jsonLine(before) !== jsonLine(now);
}
