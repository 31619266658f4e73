import { messageOf } from "../../base/system-error.ts";
import type { DecodedItem } from "../../feed/decoded-item.ts";
import type { FeedEnding } from "../../feed/feed.ts";
import { LossAccount, lostPackets } from "../../feed/losses.ts";
import type { SourceTotals } from "./messages.ts";

type Standing = Pick<SourceTotals, "state" | "sinceMs" | "message">;

/** What a live source has brought, over all its attachments, and how it fares. */
export class SourceAccount {
  readonly #losses = new LossAccount();
  #packets = 0;
  #bytes = 0;
  #newestNs: bigint | undefined;
  #standing: Standing = { state: "attaching", sinceMs: Date.now(), message: "" };

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
      case "note":
        if (item.state !== undefined) this.#stands(item.state, item.text);
        break;
      case "end":
        this.#stands("attaching", "");
        break;
    }
  }

  /** A state goes on while its reason changes. */
  #stands(state: Standing["state"], text: string): void {
    const sinceMs = state === this.#standing.state ? this.#standing.sinceMs : Date.now();
    this.#standing = { state, sinceMs, message: state === "attached" ? "" : text };
  }

  /** @param ending of the attachment; undefined while there is one */
  totals(source: string, isAttached: boolean, ending: FeedEnding | undefined): SourceTotals {
    const { discardedEvents, gaps, clears, reconnects } = this.#losses;
    const newest = this.#newestNs;
    return {
      source,
      // A relay daemon that is lost gives nothing, though the attachment is kept for its return.
      isAttached: isAttached && this.#standing.state !== "lost",
      ...(ending === undefined ? this.#standing : standingOf(ending)),
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

function standingOf({ atMs, error }: FeedEnding): Standing {
  const why = error === undefined ? "the source is over" : messageOf(error);
  const message = `${why}; the next query attaches it again`;
  return { state: error === undefined ? "ended" : "failed", sinceMs: atMs, message };
}
