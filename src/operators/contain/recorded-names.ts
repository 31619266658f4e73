/** What recorded traces say of containers, anywhere in them: read once, for as many queries as come. */

import { type Subscription, tap } from "rxjs";
import type { TraceOrigin } from "../../base/item.ts";
import { Registry } from "../../containers/registry.ts";
import type { TraceClass } from "../../ctf/trace-class.ts";
import type { DecodedItem } from "../../feed/decoded-item.ts";
import type { FeedSubscription } from "../../feed/feed.ts";
import type { ReadOptions } from "../../source/source.ts";
import { type StateSpec, stateOf } from "./state-query.ts";

/** A query that waits for the names. */
export interface NameFollower {
  ready(): void;
  failed(error: unknown): void;
}

export class RecordedNames {
  readonly #another: (options: ReadOptions) => FeedSubscription;
  readonly #threads: StateSpec["threads"];
  readonly #followers = new Set<NameFollower>();
  readonly #traceClasses = new Map<TraceOrigin, TraceClass>();
  #registry = new Registry();
  #reading: Subscription | undefined;
  #isReady = false;

  /**
   * @param another gives a part of the traces' feed
   * @param threads that read it; they are kept
   */
  constructor(another: (options: ReadOptions) => FeedSubscription, threads?: StateSpec["threads"]) {
    this.#another = another;
    this.#threads = threads;
  }

  get registry(): Registry {
    return this.#registry;
  }

  get traceClasses(): Iterable<TraceClass> {
    return this.#traceClasses.values();
  }

  /** Reads the traces, unless that is done; the function that it gives ends that for this follower. */
  follow(follower: NameFollower): () => void {
    if (this.#isReady) {
      follower.ready();
      return () => {};
    }
    this.#followers.add(follower);
    this.#reading ??= this.#read();
    return () => {
      this.#followers.delete(follower);
      if (this.#followers.size === 0 && !this.#isReady) this.#forget();
    };
  }

  #read(): Subscription {
    const { items, gate } = this.#another({ deferPacketReads: true });
    const failed = (error: unknown): void => {
      const followers = [...this.#followers];
      this.#forget();
      for (const follower of followers) follower.failed(error);
    };
    const spec = { threads: this.#threads, isLive: false, maxLag: 0 };
    const noted = items.pipe(
      tap((item: DecodedItem) => {
        if (item.kind === "trace-class") this.#traceClasses.set(item.trace, item.traceClass);
      }),
    );
    return stateOf(spec, noted, this.#registry, undefined, gate).subscribe({
      error: failed,
      complete: () => {
        this.#isReady = true;
        for (const follower of this.#followers) follower.ready();
        this.#followers.clear();
      },
    });
  }

  /** The next follower reads from the beginning. */
  #forget(): void {
    this.#reading?.unsubscribe();
    this.#reading = undefined;
    this.#followers.clear();
    this.#traceClasses.clear();
    this.#registry = new Registry();
  }
}
