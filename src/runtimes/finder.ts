/** All runtimes of this machine together: who runs now, who has begun, who has ended. */

import { setMaxListeners } from "node:events";
import { factsOf } from "./namespaces.ts";
import type { RuntimePlace } from "./places.ts";
import type { LocalContainer } from "./record.ts";
import type { FoundContainer } from "./runtime.ts";
import { RuntimeWatch } from "./runtime-watch.ts";

/** How long a slow runtime may keep the others waiting, at first. */
const FIRST_ANSWERS_MS = 1000;

export interface FinderOptions {
  readonly places: readonly RuntimePlace[];
  /** How often runtimes are asked and everything is told again, in ms. */
  readonly periodMs: number;
  /** Everyone who runs, each period; those who began or ended, at once. */
  readonly onContainers: (containers: readonly LocalContainer[]) => void;
  /** One line on a runtime that cannot be asked, or can be again. */
  readonly onProblem: (text: string) => void;
}

export class Finder {
  readonly #options: FinderOptions;
  readonly #watches: readonly RuntimeWatch[];
  readonly #end = new AbortController();
  /** Who runs, by process id and namespaces. */
  #running = new Map<string, LocalContainer>();
  #updating: Promise<void> = Promise.resolve();
  /** Nobody is told before all have answered once, so that everyone gets the name that stands first. */
  #isReady = false;

  constructor(options: FinderOptions) {
    this.#options = options;
    // Every runtime has some.
    setMaxListeners(0, this.#end.signal);
    this.#watches = options.places.map(
      (place) => new RuntimeWatch(place, () => void this.#update(false), options.onProblem),
    );
  }

  /** Asks everyone once. */
  async once(): Promise<readonly LocalContainer[]> {
    await Promise.all(this.#watches.map((watch) => watch.ask()));
    this.#isReady = true;
    await this.#update(true);
    return [...this.#running.values()];
  }

  /** Follows until `stop`; settles then, when nothing is left. */
  async follow(): Promise<void> {
    const { periodMs } = this.#options;
    const begin = (): void => {
      if (this.#isReady) return;
      this.#isReady = true;
      void this.#update(true);
    };
    const patience = setTimeout(begin, FIRST_ANSWERS_MS);
    void Promise.all(this.#watches.map(({ answered }) => answered)).then(begin);
    const timer = setInterval(() => void this.#update(true), periodMs);
    await Promise.all(this.#watches.map((watch) => watch.follow(periodMs, this.#end.signal)));
    clearTimeout(patience);
    clearInterval(timer);
    await this.#updating;
  }

  stop(): void {
    this.#end.abort();
  }

  /** @param tellsAll also of those who run as before */
  #update(tellsAll: boolean): Promise<void> {
    this.#updating = this.#updating.then(() => this.#tell(tellsAll));
    return this.#updating;
  }

  async #tell(tellsAll: boolean): Promise<void> {
    if (!this.#isReady) return;
    const before = this.#running;
    this.#running = await this.#look(before);
    const now = [...this.#running.entries()];
    const endNs = BigInt(Date.now()) * 1_000_000n;
    const ended = [...before].flatMap(([key, one]) =>
      this.#running.has(key) ? [] : { ...one, endNs },
    );
    const told = now.flatMap(([key, one]) =>
      tellsAll || before.get(key)?.name !== one.name ? one : [],
    );
    // Ends first: a namespace's number may be another's already.
    if (ended.length + told.length > 0) this.#options.onContainers([...ended, ...told]);
  }

  async #look(before: ReadonlyMap<string, LocalContainer>): Promise<Map<string, LocalContainer>> {
    const found = distinct(this.#watches.flatMap((watch) => watch.found));
    const facts = await Promise.all(found.map(({ initPid }) => factsOf(initPid)));
    const running = new Map<string, LocalContainer>();
    const names = new Set<string>();
    found.forEach((container, i) => {
      const fact = facts[i];
      if (fact === undefined) return;
      const key = `${container.initPid} ${fact.pidNs} ${fact.mntNs}`;
      const known = before.get(key);
      // A process's start is worked out from clocks that differ a little each time.
      const startNs = known?.startNs ?? fact.startNs;
      const name = distinctName(container, names);
      names.add(name);
      running.set(key, { ...container, ...fact, name, startNs, endNs: 0n });
    });
    return running;
  }
}

/** Without those that several runtimes tell of: the first one is right. */
function distinct(found: readonly FoundContainer[]): FoundContainer[] {
  const pids = new Set<number>();
  return found.filter(({ initPid }) => {
    const isNew = !pids.has(initPid);
    pids.add(initPid);
    return isNew;
  });
}

/** Runtimes know nothing of each other's names. */
function distinctName({ name, type, id }: FoundContainer, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  const withType = `${type}/${name}`;
  return taken.has(withType) ? `${withType}/${id.slice(0, 12)}` : withType;
}
