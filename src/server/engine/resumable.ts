import { randomBytes } from "node:crypto";
import { FeedError } from "../../base/errors.ts";
import type { Budget } from "./budget.ts";
import type { Delivery } from "./delivery.ts";

/** How long a query is kept after its client has gone, in ms. */
const PATIENCE_MS = 120_000;
/** So many queries wait for clients that have gone; those that have waited longest end first. Each holds memory and files. */
const MAX_HELD = 8;

interface Held {
  readonly delivery: Delivery;
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
  add(delivery: Delivery): string {
    const id = `${this.#number}-${randomBytes(16).toString("hex")}`;
    this.#held.set(id, { delivery, timer: undefined });
    return id;
  }

  /** The client has gone: the query waits for it, long enough for a minute without network and the attempts behind it. */
  hold(id: string): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    clearTimeout(held.timer);
    held.timer = setTimeout(() => this.forget(id), PATIENCE_MS);
    // The one that waits longest stands first.
    this.#held.delete(id);
    this.#held.set(id, held);
    const waiting = [...this.#held].filter(([, { timer }]) => timer !== undefined);
    for (const [oldest] of waiting.slice(0, Math.max(0, waiting.length - MAX_HELD)))
      this.forget(oldest);
  }

  /** @throws FeedError 410 `RESUME_UNKNOWN` */
  find(id: string): Delivery {
    const held = this.#held.get(id);
    if (held === undefined) throw unknownQuery(id);
    clearTimeout(held.timer);
    held.timer = undefined;
    return held.delivery;
  }

  /** Ends the query. */
  forget(id: string): void {
    const held = this.#held.get(id);
    clearTimeout(held?.timer);
    this.#held.delete(id);
    held?.delivery.stop();
  }

  close(): void {
    for (const id of [...this.#held.keys()]) this.forget(id);
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
