/** Questions about single containers: one that fails or stalls costs that container alone. */

import type { FoundContainer, Listing } from "./runtime.ts";

/** How long a listing waits for answers, in ms; what comes later belongs to the next one. */
const PATIENCE_MS = 300;

/** A listing with what was found by inspection. */
export function joined(
  { containers, problems }: Pick<Listing, "containers" | "problems">,
  ...inspected: readonly Listing[]
): Listing {
  return {
    containers: [...containers, ...inspected.flatMap((listing) => listing.containers)],
    problems: [...problems, ...inspected.flatMap((listing) => listing.problems)],
    isPending: inspected.some(({ isPending }) => isPending),
  };
}

/** `undefined` if the container does not run (any more). Has a time limit of its own. */
export type Inspect = (key: string) => Promise<FoundContainer | undefined>;

interface Answer {
  readonly container?: FoundContainer | undefined;
  readonly problem?: string;
}

export class Inspections {
  readonly #parallel: number;
  readonly #asked = new Map<string, Promise<void>>();
  readonly #answers = new Map<string, Answer>();
  /** These failed last time: others are asked before them. */
  #failed: ReadonlySet<string> = new Set();

  /** @param parallel most questions under way at once */
  constructor(parallel: number) {
    this.#parallel = parallel;
  }

  /** Asks about containers, each by its key. Questions still unanswered afterwards go on, and count as asked next time. */
  async of(keys: readonly string[], inspect: Inspect): Promise<Listing> {
    const wanted = new Set(keys);
    for (const key of this.#answers.keys()) if (!wanted.has(key)) this.#answers.delete(key);
    const news = [...wanted].filter((key) => !this.#asked.has(key) && !this.#answers.has(key));
    const isFailed = (key: string): boolean => this.#failed.has(key);
    const queue = [...news.filter((key) => !isFailed(key)), ...news.filter(isFailed)];
    const work = async (): Promise<void> => {
      while (this.#asked.size < this.#parallel) {
        const key = queue.shift();
        if (key === undefined) break;
        const asked = Promise.resolve().then(() => this.#ask(key, inspect));
        this.#asked.set(key, asked);
        void asked.then(work);
      }
    };
    await work();
    await this.#settled(() => queue.length === 0);
    // Later listings begin with what they still want.
    queue.length = 0;
    return this.#listing(wanted);
  }

  async #ask(key: string, inspect: Inspect): Promise<void> {
    try {
      this.#answers.set(key, { container: await inspect(key) });
    } catch (error) {
      this.#answers.set(key, { problem: error instanceof Error ? error.message : String(error) });
    } finally {
      this.#asked.delete(key);
    }
  }

  /** Waits until everything is answered, as long as patience lasts. */
  async #settled(isQueueEmpty: () => boolean): Promise<void> {
    let onTimeout: () => void = () => {};
    const timeout = new Promise<void>((resolve) => {
      onTimeout = resolve;
    });
    let isOver = false;
    const timer = setTimeout(() => {
      isOver = true;
      onTimeout();
    }, PATIENCE_MS);
    while (!isOver && (this.#asked.size > 0 || !isQueueEmpty()))
      await Promise.race([timeout, ...this.#asked.values()]);
    clearTimeout(timer);
  }

  #listing(wanted: ReadonlySet<string>): Listing {
    const containers: FoundContainer[] = [];
    const problems: string[] = [];
    const failed = new Set<string>();
    let isPending = false;
    for (const key of wanted) {
      const answer = this.#answers.get(key);
      this.#answers.delete(key);
      if (answer === undefined) isPending = true;
      if (answer?.container !== undefined) containers.push(answer.container);
      if (answer?.problem === undefined) continue;
      problems.push(answer.problem);
      failed.add(key);
    }
    this.#failed = failed;
    return { containers, problems, isPending };
  }
}
