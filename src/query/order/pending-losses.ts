import type { Loss } from "../../feed/losses.ts";

interface Pending {
  readonly ns: bigint;
  readonly loss: Loss;
}

/** Losses that wait, as rows do, until everything before them has left: so they stand where they happened. */
export class PendingLosses {
  readonly #pending: Pending[] = [];
  readonly #marksEnds: boolean;

  /** @param marksEnds whether a loss is followed by a mark of where it may have ended */
  constructor(marksEnds: boolean) {
    this.#marksEnds = marksEnds;
  }

  /** Keeps a loss, unless it has no time and belongs where the stream is now. */
  add(loss: Loss): boolean {
    const ns = timeOf(loss);
    if (ns === undefined) return false;
    this.#insert(ns, loss);
    if (!this.#marksEnds || loss.kind !== "discarded-events" || loss.endNs === undefined)
      return true;
    // The packet behind may begin at the end of this one, with a record of that time.
    const endNs = loss.endNs - 1n;
    if (endNs > ns) this.#insert(endNs, { ...loss, count: 0, beginNs: endNs });
    return true;
  }

  #insert(ns: bigint, loss: Loss): void {
    let at = this.#pending.length;
    while (at > 0 && this.#pending[at - 1]!.ns > ns) at--;
    this.#pending.splice(at, 0, { ns, loss });
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

/** Where in time a loss began, ns since the Unix epoch: records of this time are before it. */
function timeOf(loss: Loss): bigint | undefined {
  if (loss.kind === "discarded-events") return loss.beginNs;
  if (loss.kind !== "missing-packets" || loss.endNs === undefined) return undefined;
  // Its end is the begin of the packet behind, whose first record may have that time.
  return loss.endNs - 1n;
}
