/** What queries are fed with: their own reading of recorded traces, or a share of one attachment to live sessions. */

import { concatMap, Observable, Subject, type Subscription } from "rxjs";
import { isLiveUrl } from "../relay/url.ts";
import { Catalog } from "./catalog.ts";
import type { DecodedItem } from "./decoded-item.ts";
import { Gate } from "./gate.ts";
import { openSources, type SourceOptions } from "./source.ts";

/** One query's share of a feed. */
export interface Share {
  readonly items: Observable<DecodedItem>;
  /** Held, it stops the source if this query is alone on it; a query among others must drop, never slow them. */
  readonly gate: Gate;
  canBlock(): boolean;
}

/** A source of decoded items for any number of queries. */
export interface Feed {
  readonly sources: readonly string[];
  readonly isLive: boolean;
  share(): Share;
  /** Lets the source go; running queries end. */
  close(): void;
}

/** A feed over the given sources: shared if they are live, read anew by every query if they are recorded. */
export function openFeed(sources: readonly string[], options: SourceOptions): Feed {
  return sources.some(isLiveUrl)
    ? new LiveFeed(sources, options)
    : new RecordedFeed(sources, options);
}

class RecordedFeed implements Feed {
  readonly sources: readonly string[];
  readonly isLive = false;
  readonly #options: SourceOptions;

  constructor(sources: readonly string[], options: SourceOptions) {
    this.sources = sources;
    this.#options = options;
  }

  share(): Share {
    const gate = new Gate();
    const items = decodedItems(this.sources, this.#options, gate, new Catalog());
    return { items, gate, canBlock: () => true };
  }

  close(): void {}
}

interface Attachment {
  readonly catalog: Catalog;
  readonly items: Subject<DecodedItem>;
  readonly subscription: Subscription;
}

/**
 * One attachment for many queries: relayd admits a single viewer per session. It is made with the first query and given
 * up with the last; a query that joins later sees data from then on. Packets are read once, whoever wants them.
 */
export class LiveFeed implements Feed {
  readonly sources: readonly string[];
  readonly isLive = true;
  readonly #options: SourceOptions;
  readonly #gates = new Set<Gate>();
  readonly #gate = new Gate();
  #release: (() => void) | undefined;
  #attachment: Attachment | undefined;

  constructor(sources: readonly string[], options: SourceOptions) {
    this.sources = sources;
    this.#options = options;
  }

  get isAttached(): boolean {
    return this.#attachment !== undefined;
  }

  get queries(): number {
    return this.#gates.size;
  }

  share(): Share {
    const gate = new Gate(() => this.#regulate());
    const items = new Observable<DecodedItem>((subscriber) => {
      this.#gates.add(gate);
      this.#regulate();
      const attachment = this.#attachment;
      for (const item of attachment?.catalog.snapshot() ?? []) subscriber.next(item);
      const own = attachment?.items ?? new Subject<DecodedItem>();
      own.subscribe(subscriber);
      if (attachment === undefined) this.#attach(own);
      return () => {
        this.#gates.delete(gate);
        this.#regulate();
        if (this.#gates.size === 0) this.close();
      };
    });
    return { items, gate, canBlock: () => this.#gates.size <= 1 };
  }

  close(): void {
    const attachment = this.#attachment;
    this.#attachment = undefined;
    attachment?.subscription.unsubscribe();
    attachment?.items.complete();
  }

  #attach(items: Subject<DecodedItem>): void {
    const catalog = new Catalog();
    const subscription = decodedItems(this.sources, this.#options, this.#gate, catalog).subscribe({
      next: (item) => items.next(item),
      error: (error) => {
        this.#attachment = undefined;
        items.error(error);
      },
      complete: () => {
        this.#attachment = undefined;
        items.complete();
      },
    });
    if (!subscription.closed) this.#attachment = { catalog, items, subscription };
  }

  /** The source stands still only for a query that is alone. */
  #regulate(): void {
    const [only] = this.#gates;
    const mustHold = this.#gates.size === 1 && only !== undefined && !only.isOpen;
    if (mustHold) {
      this.#release ??= this.#gate.hold();
    } else {
      this.#release?.();
      this.#release = undefined;
    }
  }
}

function decodedItems(
  sources: readonly string[],
  options: SourceOptions,
  gate: Gate,
  catalog: Catalog,
): Observable<DecodedItem> {
  return openSources(sources, options, gate).pipe(concatMap((item) => catalog.decode(item)));
}
