/** What recorded traces say of containers, anywhere in them: read once, for as many queries as come. */

import { concatMap, defer, EMPTY, type Observable, type Subscription, tap } from "rxjs";
import { Registry } from "../../containers/registry.ts";
import type { TraceClass } from "../../ctf/trace-class.ts";
import type { OpenedTraces } from "../../ctf/trace-directory.ts";
import type { DecodedItem } from "../../feed/decoded-item.ts";
import type { Feed } from "../../feed/feed.ts";
import { KeptState, StateLog } from "./kept-state.ts";
import { type StateSpec, stateOf } from "./state-query.ts";
import { StateReader } from "./state-reader.ts";

/** A query that waits for the names. */
export interface NameFollower {
  ready(): void;
  failed(error: unknown): void;
}

/** The traces: `traces` where what is found of them may be kept for a next run. */
export type NamedTraces = Pick<Feed, "share"> & Partial<Pick<Feed, "traces">>;

export class RecordedNames {
  readonly #traces: NamedTraces;
  readonly #threads: StateSpec["threads"];
  readonly #followers = new Set<NameFollower>();
  #traceClasses: TraceClass[] = [];
  #registry = new Registry();
  #reading: Subscription | undefined;
  #isReady = false;

  /** @param threads that read the traces; they are kept */
  constructor(traces: NamedTraces, threads?: StateSpec["threads"]) {
    this.#traces = traces;
    this.#threads = threads;
  }

  get registry(): Registry {
    return this.#registry;
  }

  get traceClasses(): readonly TraceClass[] {
    return this.#traceClasses;
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
    return defer(() => this.#opened())
      .pipe(concatMap((opened) => this.#readOnce(opened)))
      .subscribe({
        error: (error) => {
          const followers = [...this.#followers];
          this.#forget();
          for (const follower of followers) follower.failed(error);
        },
        complete: () => {
          this.#isReady = true;
          for (const follower of this.#followers) follower.ready();
          this.#followers.clear();
        },
      });
  }

  async #opened(): Promise<OpenedTraces | undefined> {
    return this.#traces.traces?.();
  }

  /** Takes what an earlier run has kept of the traces, or reads them and keeps that. */
  #readOnce(opened: OpenedTraces | undefined): Observable<never> {
    const kept = opened && KeptState.of(opened);
    const rows = kept?.read();
    if (opened === undefined || rows === undefined) return this.#scan(kept);
    this.#traceClasses = opened.opened.map(({ traceClass }) => traceClass);
    const reader = new StateReader(this.#registry);
    for (const { columns, batches } of rows) {
      reader.layout(columns);
      for (const batch of batches) reader.read(batch);
    }
    return EMPTY;
  }

  #scan(kept: KeptState | undefined): Observable<never> {
    const { items, gate } = this.#traces.share({ deferPacketReads: true });
    const log = kept && new StateLog();
    const spec = { threads: this.#threads, isLive: false, maxLag: 0, log };
    const noted = items.pipe(
      tap((item: DecodedItem) => {
        if (item.kind === "trace-class") this.#traceClasses.push(item.traceClass);
      }),
    );
    const keep = (): void => {
      const rows = log?.take();
      if (rows !== undefined) kept?.write(rows);
    };
    return stateOf(spec, noted, this.#registry, undefined, gate).pipe(tap({ complete: keep }));
  }

  /** The next follower reads from the beginning. */
  #forget(): void {
    this.#reading?.unsubscribe();
    this.#reading = undefined;
    this.#followers.clear();
    this.#traceClasses = [];
    this.#registry = new Registry();
  }
}
