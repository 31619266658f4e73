/** Queries whose clients may come back: what they do meanwhile, and how they go on. */

import type { Delivery, Sink } from "./delivery.ts";
import type { Meter } from "./meter.ts";
import { sourceChanged } from "./range-gone.ts";
import type { SharedDelivery, SharedPlan } from "./shared-delivery.ts";

/** What a client that is back gets. */
export interface Resumed {
  readonly delivery: Delivery;
  /** Sends the first of it; what goes wrong here ends the query. */
  begin(): void;
}

export interface KeptQuery {
  readonly isLive: boolean;
  /** Whether it works, and holds memory and files, while its client is away. */
  readonly isRunning: boolean;
  /** Its client has gone. */
  suspend(): void;
  /**
   * Its client is back, and has everything up to the batch `seq`.
   * @throws FeedError 410 `SOURCE_CHANGED`
   */
  goOn(sink: Sink, seq: number, meter: Meter): Resumed;
  stop(): void;
}

/** A query that goes on meanwhile: of a live session, which would not send the same again. */
export class ContinuedQuery implements KeptQuery {
  readonly isRunning = true;
  readonly isLive: boolean;
  readonly #delivery: Delivery;

  constructor(delivery: Delivery, isLive: boolean) {
    this.#delivery = delivery;
    this.isLive = isLive;
  }

  suspend(): void {
    this.#delivery.suspend();
  }

  goOn(sink: Sink, seq: number): Resumed {
    const delivery = this.#delivery;
    return { delivery, begin: () => delivery.resumeWith(sink, seq) };
  }

  stop(): void {
    this.#delivery.stop();
  }
}

/**
 * A query on recorded traces, which have the same rows each time: its run ends when its client goes, and nothing of it remains
 * but what was asked. For a client that comes back, it is run again, without the batches that the client has.
 */
export class RepeatedQuery implements KeptQuery {
  readonly isRunning = false;
  readonly isLive = false;
  readonly #plan: SharedPlan;
  #delivery: SharedDelivery | Delivery;

  constructor(plan: SharedPlan, delivery: SharedDelivery) {
    this.#plan = plan;
    this.#delivery = delivery;
  }

  suspend(): void {
    this.#delivery.stop();
  }

  goOn(sink: Sink, seq: number, meter: Meter): Resumed {
    if (!this.#plan.isCurrent()) throw sourceChanged();
    this.#delivery.stop();
    const batches = seq + 1;
    const rows = batches === 0 ? 0 : this.#delivery.rowsAfter[seq];
    if (rows === undefined) throw sourceChanged();
    const delivery = this.#plan.open(sink, meter, { batches, rows });
    this.#delivery = delivery;
    return { delivery, begin: () => delivery.start() };
  }

  stop(): void {
    this.#delivery.stop();
  }
}
