/** Events that were lost, by the windows that they may have belonged to. */

import type { Loss } from "../../feed/losses.ts";

interface Span {
  readonly beginNs: bigint;
  readonly endNs: bigint;
  readonly events: number;
}

/** Losses that are kept one by one; further ones count in every window until they are past. */
const MAX_SPANS = 10_000;

export class LossWindows {
  #spans: Span[] = [];
  #total = 0;

  /** @param nowNs where the loss stands among the rows, for losses without times */
  add(loss: Loss, nowNs: bigint): void {
    if (loss.kind !== "discarded-events") return;
    const { beginNs = nowNs, endNs = nowNs, count: events } = loss;
    this.#total += events;
    if (this.#spans.length < MAX_SPANS) this.#spans.push({ beginNs, endNs, events });
    else
      this.#spans[MAX_SPANS - 1] = { beginNs, endNs, events: events + this.#spans.at(-1)!.events };
  }

  /** All events that were lost so far. */
  get total(): number {
    return this.#total;
  }

  /** Events that were lost in a time that touches the window. */
  within(startNs: bigint, endNs: bigint): number {
    return this.#spans
      .filter((span) => span.beginNs < endNs && span.endNs >= startNs)
      .reduce((sum, { events }) => sum + events, 0);
  }

  /** No window that begins earlier is still to come. */
  forgetBefore(ns: bigint): void {
    if (this.#spans.length > 0) this.#spans = this.#spans.filter(({ endNs }) => endNs >= ns);
  }
}
