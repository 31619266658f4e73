import type { DecodedItem } from "../../feed/decoded-item.ts";
import { LossAccount, lostPackets } from "../../feed/losses.ts";
import type { SourceTotals } from "./messages.ts";

/** What a live source has brought, over all its attachments. */
export class SourceAccount {
  readonly #losses = new LossAccount();
  #packets = 0;
  #bytes = 0;
  #newestNs: bigint | undefined;

  take(item: DecodedItem): void {
    switch (item.kind) {
      case "packet":
        this.#packets++;
        this.#bytes += item.bytes.length;
        break;
      case "bound":
        if (this.#newestNs === undefined || item.ns > this.#newestNs) this.#newestNs = item.ns;
        break;
      case "loss":
        this.#losses.add(item.loss);
        break;
    }
  }

  totals(source: string, isAttached: boolean): SourceTotals {
    const { discardedEvents, gaps, clears, reconnects } = this.#losses;
    const newest = this.#newestNs;
    return {
      source,
      isAttached,
      packets: this.#packets,
      bytes: this.#bytes,
      lagMs:
        newest === undefined ? undefined : Math.max(0, Date.now() - Number(newest / 1_000_000n)),
      losses: {
        events: discardedEvents,
        packets: lostPackets(this.#losses),
        gaps,
        clears,
        reconnects,
      },
    };
  }
}
