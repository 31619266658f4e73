import type { Loss } from "../../feed/losses.ts";

interface Pending {
  readonly ns: bigint;
  readonly loss: Loss;
}

/** Losses that wait, as rows do, until everything before them has left: so they stand where they happened. */
export class PendingLosses {
  readonly #pending: Pending[] = [];

  /** Keeps a loss, unless it has no time and belongs where the stream is now. */
  add(loss: Loss): boolean {
    const ns = timeOf(loss);
    if (ns === undefined) return false;
    let at = this.#pending.length;
    while (at > 0 && this.#pending[at - 1]!.ns > ns) at--;
    this.#pending.splice(at, 0, { ns, loss });
    return true;
  }

  /** When the first one happened, if it was not after a time. */
  firstUpTo(upTo: bigint): bigint | undefined {
    const first = this.#pending[0];
    return first !== undefined && first.ns <= upTo ? first.ns : undefined;
  }

  /** Removes and gives those up to a time. */
  take(upTo: bigint): Loss[] {
    const later = this.#pending.findIndex(({ ns }) => ns > upTo);
    const count = later === -1 ? this.#pending.length : later;
    return this.#pending.splice(0, count).map(({ loss }) => loss);
  }
}

/** Where in time a loss began, ns since the Unix epoch. */
function timeOf(loss: Loss): bigint | undefined {
  if (loss.kind === "discarded-events") return loss.beginNs;
  return loss.kind === "missing-packets" ? loss.endNs : undefined;
}
