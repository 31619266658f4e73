/** Inspects containers one by one: a question that fails or stalls affects that container only. */

import { messageOf } from "../base/system-error.ts";
import type { FoundContainer, Listing } from "./runtime.ts";

/** How long a listing waits for answers, in ms; later answers go into the next listing. */
const PATIENCE_MS = 300;

/** A listing together with the results of inspections. */
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

/** Settles within a time limit of its own; `undefined` if the container is not running. */
export type Inspect = (key: string) => Promise<FoundContainer | undefined>;

interface Answer {
  readonly container?: FoundContainer | undefined;
  readonly problem?: string;
}

export class Inspections {
  readonly #parallel: number;
  readonly #asked = new Map<string, Promise<void>>();
  readonly #answers = new Map<string, Answer>();
  /** Inspected after all others. */
  #failed: ReadonlySet<string> = new Set();

  /** @param parallel questions at a time */
  constructor(parallel: number) {
    this.#parallel = parallel;
  }

  /** Inspects containers by key. Questions that are unanswered when it settles continue, and are not asked again. */
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
    // The next listing decides which of the remaining ones it still needs.
    queue.length = 0;
    return this.#listing(wanted);
  }

  async #ask(key: string, inspect: Inspect): Promise<void> {
    try {
      this.#answers.set(key, { container: await inspect(key) });
    } catch (error) {
      this.#answers.set(key, { problem: messageOf(error) });
    } finally {
      this.#asked.delete(key);
    }
  }

  /** Waits until everything is answered, for `PATIENCE_MS` at most. */
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
