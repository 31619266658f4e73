/** What is told of containers anywhere in recorded traces: read once, for as many queries as come. */

import { type Subscription, tap } from "rxjs";
import type { TraceOrigin } from "../base/item.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { Share } from "../feed/feed.ts";
import { canCompile } from "../query/executor.ts";
import type { ShareOptions } from "../source/source.ts";
import { Registry } from "./registry.ts";
import { type StateSpec, stateOf } from "./state-query.ts";

/** A query that waits for what is told. */
export interface Follower {
  /** All is told. */
  told(): void;
  failed(error: unknown): void;
}

/** How the traces are read. */
export type RecordedSpec = Pick<StateSpec, "hidesNamespaces" | "threads">;

export class RecordedState {
  readonly #another: (options: ShareOptions) => Share;
  readonly #spec: RecordedSpec;
  readonly #followers = new Set<Follower>();
  readonly #traceClasses = new Map<TraceOrigin, TraceClass>();
  #registry = new Registry();
  #reading: Subscription | undefined;
  #isTold = false;

  /**
   * @param another gives a part of the traces' feed
   * @param spec is kept, and so are its threads
   */
  constructor(another: (options: ShareOptions) => Share, spec: RecordedSpec = {}) {
    this.#another = another;
    this.#spec = spec;
  }

  get registry(): Registry {
    return this.#registry;
  }

  get traceClasses(): Iterable<TraceClass> {
    return this.#traceClasses.values();
  }

  /** Reads, unless all is told; the function that it gives ends that for this follower. */
  follow(follower: Follower): () => void {
    if (this.#isTold) {
      follower.told();
      return () => {};
    }
    this.#followers.add(follower);
    this.#reading ??= this.#read();
    return () => {
      this.#followers.delete(follower);
      if (this.#followers.size === 0 && !this.#isTold) this.#forget();
    };
  }

  #read(): Subscription {
    const { items, gate } = this.#another({ leavesPackets: canCompile("kernel") });
    const failed = (error: unknown): void => {
      const followers = [...this.#followers];
      this.#forget();
      for (const follower of followers) follower.failed(error);
    };
    const spec = { ...this.#spec, isLive: false, maxLag: 0 };
    const noted = items.pipe(
      tap((item) => {
        if (item.kind === "trace-class") this.#traceClasses.set(item.trace, item.traceClass);
      }),
    );
    return stateOf(spec, noted, this.#registry, undefined, gate).subscribe({
      error: failed,
      complete: () => {
        this.#isTold = true;
        for (const follower of this.#followers) follower.told();
        this.#followers.clear();
      },
    });
  }

  /** Who comes next reads from the beginning. */
  #forget(): void {
    this.#reading?.unsubscribe();
    this.#reading = undefined;
    this.#followers.clear();
    this.#traceClasses.clear();
    this.#registry = new Registry();
  }
}
