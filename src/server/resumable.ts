import { randomBytes } from "node:crypto";
import { FeedError } from "../base/errors.ts";
import type { Delivery } from "./delivery.ts";
import { Budget } from "./sent-batches.ts";

/** How long a query is kept after its client has gone, in ms. */
const PATIENCE_MS = 60_000;

interface Held {
  readonly delivery: Delivery;
  timer: NodeJS.Timeout | undefined;
}

/** Queries that outlive their connection for a while, so that their clients can come back and go on. */
export class Resumable {
  /** For all of them together. */
  readonly budget: Budget;
  readonly #held = new Map<string, Held>();

  /** @param bytes of results that may be kept in all */
  constructor(bytes: number) {
    this.budget = new Budget(bytes);
  }

  /** Gives the name under which its client can ask for it again: any client that knows it gets the rows. */
  add(delivery: Delivery): string {
    const id = randomBytes(16).toString("hex");
    this.#held.set(id, { delivery, timer: undefined });
    return id;
  }

  /** The client has gone: the query waits for it, for a minute. */
  hold(id: string): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    clearTimeout(held.timer);
    held.timer = setTimeout(() => this.forget(id), PATIENCE_MS);
  }

  /** @throws FeedError 410 `RESUME_UNKNOWN` */
  find(id: string): Delivery {
    const held = this.#held.get(id);
    if (held === undefined) {
      const message = `resume: expected a query that ran within the last ${PATIENCE_MS / 1000} s, got ${id.slice(0, 40)}; ask anew`;
      throw new FeedError("RESUME_UNKNOWN", message, 410);
    }
    clearTimeout(held.timer);
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
