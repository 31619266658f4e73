/** How many queries run at once, and who is next: clients take turns, whichever of them asks most. */

import { FeedError } from "../base/errors.ts";

export interface AdmissionLimits {
  /** Queries that run at once. */
  readonly queries: number;
  /** Of one client. */
  readonly queriesPerClient: number;
  /** Queries that wait for their turn, of one client and four times as many in all. */
  readonly waitingPerClient: number;
  readonly waitMs: number;
}

interface Waiting {
  readonly admit: () => void;
}

const WAITING_CLIENTS = 4;

export class Admission {
  limits: AdmissionLimits;
  readonly #running = new Map<string, number>();
  #runningInAll = 0;
  /** By client, in the order in which they are next. */
  readonly #waiting = new Map<string, Waiting[]>();
  #waitingInAll = 0;

  constructor(limits: AdmissionLimits) {
    this.limits = limits;
  }

  get running(): number {
    return this.#runningInAll;
  }

  get waiting(): number {
    return this.#waitingInAll;
  }

  /** Whether another query would run at once. */
  get hasRoom(): boolean {
    return this.#runningInAll < this.limits.queries;
  }

  /**
   * Waits for a query's turn.
   * @param signal aborted when its client has gone
   * @returns what to call when the query is over
   * @throws FeedError 429 `TOO_MANY_QUERIES`
   */
  async admit(client: string, signal: AbortSignal): Promise<() => void> {
    if (!this.#mayRun(client)) await this.#turn(client, signal);
    else this.#count(client, 1);
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      this.#count(client, -1);
      this.#admitNext();
    };
  }

  #turn(client: string, signal: AbortSignal): Promise<void> {
    const { waitingPerClient, waitMs } = this.limits;
    const own = this.#waiting.get(client) ?? [];
    if (own.length >= waitingPerClient) return Promise.reject(this.#refusal(client));
    if (this.#waitingInAll >= waitingPerClient * WAITING_CLIENTS)
      return Promise.reject(tooMany("waiting", waitingPerClient * WAITING_CLIENTS));
    this.#waiting.set(client, own);
    this.#waitingInAll++;
    return new Promise((resolve, reject) => {
      const leave = (error: Error | undefined): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", gone);
        this.#waitingInAll--;
        if (error === undefined) return;
        own.splice(own.indexOf(waiting), 1);
        if (own.length === 0) this.#waiting.delete(client);
        reject(error);
      };
      const gone = (): void => leave(new FeedError("CLIENT_GONE", "query: its client went", 499));
      const waiting: Waiting = {
        admit: () => {
          leave(undefined);
          this.#count(client, 1);
          resolve();
        },
      };
      const timer = setTimeout(() => leave(this.#refusal(client)), waitMs);
      signal.addEventListener("abort", gone);
      own.push(waiting);
    });
  }

  /** The client that was served last is last. */
  #admitNext(): void {
    for (const [client, own] of [...this.#waiting]) {
      if (!this.#mayRun(client)) continue;
      const next = own.shift();
      this.#waiting.delete(client);
      if (own.length > 0) this.#waiting.set(client, own);
      next?.admit();
      if (!this.hasRoom) return;
    }
  }

  #mayRun(client: string): boolean {
    return this.hasRoom && (this.#running.get(client) ?? 0) < this.limits.queriesPerClient;
  }

  #count(client: string, change: number): void {
    const running = (this.#running.get(client) ?? 0) + change;
    if (running === 0) this.#running.delete(client);
    else this.#running.set(client, running);
    this.#runningInAll += change;
  }

  #refusal(client: string): FeedError {
    const { queries, queriesPerClient } = this.limits;
    const isOwn = (this.#running.get(client) ?? 0) >= queriesPerClient;
    return isOwn
      ? tooMany("max-queries-per-client", queriesPerClient)
      : tooMany("max-queries", queries);
  }
}

function tooMany(limit: string, most: number): FeedError {
  const message = `query: expected at most ${most} at once (limit ${limit}), got more; try again later`;
  return new FeedError("TOO_MANY_QUERIES", message, 429);
}
