/** The containers of all runtimes of this machine: which run, which have started, which have ended. */

import { setImmediate as nextTurn } from "node:timers/promises";
import { Births } from "./births.ts";
import { type Claim, claimsOf, FIRST_USERS_RANK } from "./claims.ts";
import { ContainerNames } from "./container-names.ts";
import type { RuntimePlace } from "./places.ts";
import { Problems } from "./problems.ts";
import { type ProcessFacts, processKey, readProcess, startTicksOf } from "./process.ts";
import { jsonLine, type LocalContainer } from "./record.ts";
import { RuntimeWatch, type WatchCallbacks } from "./runtime-watch.ts";

/** How long a slow runtime may delay the first records, in ms. */
const FIRST_ANSWERS_MS = 1000;
/** Reading a process takes some 0.1 ms: after so many, others in this thread have their turn. */
const READS_PER_TURN = 32;

export interface FinderOptions {
  /** The runtimes to ask, in the order in which they are believed; asked for again each period, since users come and go. */
  readonly places: () => readonly RuntimePlace[];
  /** How often runtimes are asked and every record is repeated, in ms. */
  readonly periodMs: number;
  /** All that run, each period; those that started, changed or ended, at once. */
  readonly onContainers: (containers: readonly LocalContainer[]) => void;
  /** One line about a runtime that cannot be asked, or can be again. */
  readonly onProblem: (text: string) => void;
}

/** A container that runs. */
interface Running {
  /** What is believed of it. */
  readonly claim: Claim;
  readonly local: LocalContainer;
}

export class Finder {
  readonly #options: FinderOptions;
  readonly #callbacks: WatchCallbacks;
  readonly #births = new Births();
  readonly #names = new ContainerNames();
  readonly #unreadable: Problems;
  readonly #refusals: Problems;
  /** In the order in which their runtimes are believed. */
  #watches: readonly RuntimeWatch[] = [];
  readonly #following = new Set<Promise<void>>();
  /** By process: its id and start. */
  #running: ReadonlyMap<string, Running> = new Map();
  /** No record leaves before every runtime has answered once, so that each container gets its best name at once. */
  #isReady = false;
  #isStopped = false;
  #updating: Promise<void> = Promise.resolve();
  #onStop: () => void = () => {};

  constructor(options: FinderOptions) {
    this.#options = options;
    this.#callbacks = {
      answer: () => void this.#update(false),
      announced: (watch, announced) => {
        if (this.#births.announced(watch, announced)) void this.#update(false);
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

  /** Follows until `stop`; settles then, when nothing is left. */
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

  /** Looks for runtimes; gives those that are new. */
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

  /** @param isRound whether everything is read anew and every record repeated */
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
      this.#births.ended(process);
      // It may have been restarted, which not every runtime announces.
      if (claim.watch.found.some(({ initPid }) => initPid === local.initPid)) claim.watch.askSoon();
      return { ...local, endNs };
    });
    const current = [...now].flatMap(([process, { local }]) =>
      isRound || isChanged(before.get(process)?.local, local) ? local : [],
    );
    // Ends first: a namespace's number may be another's already.
    if (ended.length + current.length > 0) this.#options.onContainers([...ended, ...current]);
    if (this.#births.settle((process) => now.has(process))) void this.#update(false);
  }

  async #look(
    before: ReadonlyMap<string, Running>,
    isRound: boolean,
  ): Promise<ReadonlyMap<string, Running>> {
    const { byProcess, refusals } = claimsOf(this.#watches, this.#births.claims);
    this.#refusals.details(refusals);
    const found: Running[] = [];
    const unreadable = new Set<string>();
    let reads = 0;
    for (const [process, claim] of byProcess) {
      const known = before.get(process);
      if (++reads % READS_PER_TURN === 0) await nextTurn();
      const facts = factsOf(claim, known?.local, isRound, (reason) => unreadable.add(reason));
      if (facts === undefined) continue;
      // A runtime that is believed more goes on to name it: near a container's end, some forget it early.
      const best = known !== undefined && known.claim.rank < claim.rank ? known.claim : claim;
      found.push({ claim: best, local: { ...best.found, ...facts, endNs: 0n } });
    }
    if (isRound) this.#unreadable.details([...unreadable].map(unreadableText));
    const requests = found.map(({ claim }) => {
      const { name, type, id } = claim.found;
      return { name, type, id, isUsers: claim.rank >= FIRST_USERS_RANK };
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
 * What is known of a claim's process; `undefined` if it does not run any more, or cannot be read and never could.
 * @param isAnew reads everything, since a process may enter other namespaces; else only what is not known
 */
function factsOf(
  { found: { initPid, startTicks }, born }: Claim,
  known: LocalContainer | undefined,
  isAnew: boolean,
  onUnreadable: (reason: string) => void,
): ProcessFacts | undefined {
  if (known !== undefined && !isAnew)
    return startTicksOf(initPid) === startTicks ? processFactsOf(known) : undefined;
  const reading = readProcess(initPid);
  const isGone = reading.kind === "running" && reading.facts.startTicks !== startTicks;
  if (isGone || reading.kind === "gone") return known === undefined ? born : undefined;
  if (reading.kind !== "running") {
    if (reading.kind === "unreadable") onUnreadable(reading.reason);
    const isSame = known !== undefined && startTicksOf(initPid) === startTicks;
    return isSame ? processFactsOf(known) : undefined;
  }
  // A start is computed from clocks that differ a little each time.
  return known === undefined ? reading.facts : { ...reading.facts, startNs: known.startNs };
}

function processFactsOf(local: LocalContainer): ProcessFacts {
  const { startTicks, startNs, pidNs, mntNs, netNs, cgroupNs, initVpid } = local;
  return { startTicks, startNs, pidNs, mntNs, netNs, cgroupNs, initVpid };
}

function unreadableText(reason: string): string {
  return `their processes' namespaces cannot be read (${reason}), which takes root or CAP_SYS_PTRACE`;
}

/** Whether a record says anything else than the one before. */
function isChanged(before: LocalContainer | undefined, now: LocalContainer): boolean {
  return before === undefined || jsonLine(before) !== jsonLine(now);
}
