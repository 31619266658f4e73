/** How many queries, or other calls of engines, run at once, and who is next: clients take turns, whichever of them asks most. */

import { FeedError } from "../base/errors.ts";

export interface AdmissionLimits {
  /** Queries that run at once. */
  readonly queries: number;
  /** Of one client. */
  readonly queriesPerClient: number;
  /** Queries that wait for their turn, of one client and four times as many in all. */
  readonly waitingPerClient: number;
  readonly waitMs: number;
  /** What queries may take together, by their weights, bytes; a client has three quarters of it at most. */
  readonly memory: number;
}

/** What is admitted, and the names of its limits. */
export interface Admitted {
  readonly what: string;
  readonly inAll: string;
  readonly perClient: string;
}

const QUERIES: Admitted = {
  what: "query",
  inAll: "max-queries",
  perClient: "max-queries-per-client",
};
export const CALLS: Admitted = { what: "request", inAll: "calls", perClient: "calls-per-client" };

interface Waiting {
  readonly weight: number;
  readonly admit: () => void;
}

interface Share {
  readonly queries: number;
  readonly memory: number;
}

const NOTHING: Share = { queries: 0, memory: 0 };
const CLIENT_SHARE = 3 / 4;

const WAITING_CLIENTS = 4;

export class Admission {
  limits: AdmissionLimits;
  readonly #admitted: Admitted;
  readonly #running = new Map<string, Share>();
  #runningInAll = 0;
  #memoryInAll = 0;
  /** By client, in the order in which they are next. */
  readonly #waiting = new Map<string, Waiting[]>();
  #waitingInAll = 0;

  constructor(limits: AdmissionLimits, admitted: Admitted = QUERIES) {
    this.limits = limits;
    this.#admitted = admitted;
  }

  get running(): number {
    return this.#runningInAll;
  }

  get waiting(): number {
    return this.#waitingInAll;
  }

  /** Whether another query would run at once. */
  get hasRoom(): boolean {
    return this.#runningInAll < this.limits.queries && this.#memoryInAll < this.limits.memory;
  }

  /**
   * Waits for a query's turn.
   * @param weight about how much memory it will take, bytes
   * @param signal aborted when its client has gone
   * @returns what to call when the query is over
   * @throws FeedError 429 `TOO_MANY_QUERIES`
   */
  async admit(client: string, weight: number, signal: AbortSignal): Promise<() => void> {
    // One that would never fit runs alone.
    const most = Math.min(weight, this.limits.memory * CLIENT_SHARE);
    if (!this.#mayRun(client, most)) await this.#turn(client, most, signal);
    else this.#count(client, 1, most);
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      this.#count(client, -1, -most);
      this.#admitNext();
    };
  }

  #turn(client: string, weight: number, signal: AbortSignal): Promise<void> {
    const { waitingPerClient, waitMs } = this.limits;
    const own = this.#waiting.get(client) ?? [];
    if (own.length >= waitingPerClient) return Promise.reject(this.#refusal(client));
    if (this.#waitingInAll >= waitingPerClient * WAITING_CLIENTS)
      return Promise.reject(this.#tooMany("waiting", waitingPerClient * WAITING_CLIENTS));
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
        weight,
        admit: () => {
          leave(undefined);
          this.#count(client, 1, weight);
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
      const [next] = own;
      if (next === undefined || !this.#mayRun(client, next.weight)) continue;
      own.shift();
      this.#waiting.delete(client);
      if (own.length > 0) this.#waiting.set(client, own);
      next.admit();
      if (!this.hasRoom) return;
    }
  }

  #mayRun(client: string, weight: number): boolean {
    const { queriesPerClient, memory } = this.limits;
    const own = this.#running.get(client) ?? NOTHING;
    if (!this.hasRoom || own.queries >= queriesPerClient) return false;
    return this.#memoryInAll + weight <= memory && own.memory + weight <= memory * CLIENT_SHARE;
  }

  #count(client: string, change: number, weight: number): void {
    const own = this.#running.get(client) ?? NOTHING;
    const queries = own.queries + change;
    if (queries === 0) this.#running.delete(client);
    else this.#running.set(client, { queries, memory: own.memory + weight });
    this.#runningInAll += change;
    this.#memoryInAll += weight;
  }

  #refusal(client: string): FeedError {
    const { queries, queriesPerClient } = this.limits;
    const { inAll, perClient } = this.#admitted;
    const own = this.#running.get(client)?.queries ?? 0;
    if (own >= queriesPerClient) return this.#tooMany(perClient, queriesPerClient);
    if (!this.hasRoom) return this.#tooMany(inAll, queries);
    const message =
      "query: expected memory to be free (limit max-memory), got none; try again later";
    return new FeedError("NO_MEMORY", message, 429);
  }

  #tooMany(limit: string, most: number): FeedError {
    const message = `${this.#admitted.what}: expected at most ${most} at once (limit ${limit}), got more; try again later`;
    return new FeedError("TOO_MANY_QUERIES", message, 429);
  }
}
