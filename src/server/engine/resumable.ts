import { randomBytes } from "node:crypto";
import { FeedError } from "../../base/errors.ts";
import type { Budget } from "./budget.ts";
import type { Sink } from "./delivery.ts";
import type { KeptQuery } from "./kept-query.ts";

/** How long a query is kept after its client has gone, in ms. */
const PATIENCE_MS = 120_000;
/** So many queries wait for clients that have gone; those that have waited longest end first. */
const MAX_HELD = 1000;
/** So many of them work meanwhile, and hold memory. */
const MAX_RUNNING = 8;

interface Held {
  readonly query: KeptQuery;
  /** Its client: the one that came last, if the connection before is dead but not known to be. */
  sink: Sink;
  /** Set while its client is gone. */
  timer: NodeJS.Timeout | undefined;
}

/** Queries that outlive their connection for a while, so that their clients can come back and go on. */
export class Resumable {
  /** For all of them together. */
  readonly budget: Budget;
  readonly #number: number;
  readonly #held = new Map<string, Held>();

  /**
   * @param budget of results that are kept
   * @param number of the thread, which the names of its queries begin with
   */
  constructor(budget: Budget, number: number) {
    this.budget = budget;
    this.#number = number;
  }

  /** Gives the name under which its client can ask for it again: any client that knows it gets the rows. */
  add(query: KeptQuery, sink: Sink): string {
    const id = `${this.#number}-${randomBytes(16).toString("hex")}`;
    this.#held.set(id, { query, sink, timer: undefined });
    return id;
  }

  /** The client has gone: the query waits for it, long enough for a minute without network and the attempts behind it. */
  hold(id: string): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    clearTimeout(held.timer);
    held.query.suspend();
    held.timer = setTimeout(() => this.forget(id), PATIENCE_MS);
    // The one that waits longest stands first.
    this.#held.delete(id);
    this.#held.set(id, held);
    this.#forgetOldest(MAX_HELD, () => true);
    this.#forgetOldest(MAX_RUNNING, ({ isRunning }) => isRunning);
  }

  /** Whether a query is sent there. */
  isOf(id: string, sink: Sink): boolean {
    return this.#held.get(id)?.sink === sink;
  }

  /**
   * A query for its client, which is back or about to lose its connection.
   * @throws FeedError 410 `RESUME_UNKNOWN`
   */
  take(id: string, sink: Sink): KeptQuery {
    const held = this.#held.get(id);
    if (held === undefined) throw unknownQuery(id);
    clearTimeout(held.timer);
    held.timer = undefined;
    held.sink = sink;
    return held.query;
  }

  /** Ends the query. */
  forget(id: string): void {
    const held = this.#held.get(id);
    clearTimeout(held?.timer);
    this.#held.delete(id);
    held?.query.stop();
  }

  close(): void {
    for (const id of [...this.#held.keys()]) this.forget(id);
  }

  /** Keeps so many of those that wait and are meant. */
  #forgetOldest(most: number, isMeant: (query: KeptQuery) => boolean): void {
    const waiting = [...this.#held].filter(
      ([, { timer, query }]) => timer !== undefined && isMeant(query),
    );
    for (const [oldest] of waiting.slice(0, Math.max(0, waiting.length - most)))
      this.forget(oldest);
  }
}

/** The number of the thread that a query with this name runs in. */
export function engineOf(id: string): number | undefined {
  const number = /^(\d{1,4})-/.exec(id)?.[1];
  return number === undefined ? undefined : Number(number);
}

export function unknownQuery(id: string): FeedError {
  const message = `resume: expected a query that ran within the last ${PATIENCE_MS / 1000} s, got ${id.slice(0, 40)}; ask anew`;
  return new FeedError("RESUME_UNKNOWN", message, 410);
}
