import type { Sink } from "./delivery.ts";
import { SharedDelivery, type SharedPlan } from "./shared-delivery.ts";
import type { HeldBytes } from "./shared-log.ts";
import { SharedRun } from "./shared-run.ts";

/** A thread's runs that equal queries can join. */
export class SharedRuns {
  readonly #byKey = new Map<string, Set<SharedRun>>();
  readonly #held: HeldBytes = { bytes: 0 };

  /** Bytes of results that wait for slower clients, or for queries that may still join. */
  get heldBytes(): number {
    return this.#held.bytes;
  }

  /**
   * A query's result, from a run that equal queries have begun or will join.
   * @param charge called with the milliseconds of its thread that the query has used
   */
  open(plan: SharedPlan, sink: Sink, charge: (ms: number) => void): SharedDelivery {
    return new SharedDelivery((delivery) => this.#runFor(delivery), plan, sink, charge);
  }

  /** A run that has, or will have, what a delivery needs next. */
  #runFor(delivery: SharedDelivery, left?: SharedRun): SharedRun {
    const { plan, next } = delivery;
    const known = this.#byKey.get(plan.key) ?? new Set();
    const found = [...known].find((run) => run !== left && run.canJoin(next));
    if (found !== undefined) return found;
    const run = new SharedRun(plan, this.#held, {
      another: (slow) => this.#runFor(slow, run),
      closed: () => {
        known.delete(run);
        if (known.size === 0) this.#byKey.delete(plan.key);
      },
    });
    known.add(run);
    this.#byKey.set(plan.key, known);
    return run;
  }
}
