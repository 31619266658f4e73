/** What queries are fed with: their own reading of recorded traces, or a share of one attachment to live sessions. */

import { concatMap, Observable, Subject, type Subscription } from "rxjs";
import { SourceError } from "../base/errors.ts";
import { settleable } from "../base/settleable.ts";
import { PacketShelf } from "../ctf/packet-shelf.ts";
import { openRecorded, spanOf } from "../ctf/recorded.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { OpenedTraces } from "../ctf/trace-directory.ts";
import { meantUrl } from "../relay/url.ts";
import { Gate } from "../source/gate.ts";
import { followedDirectory, isLiveSource, startOf } from "../source/live-source.ts";
import { openSources, type ReadOptions, type SourceOptions } from "../source/source.ts";
import type { TimeFrame } from "../source/time-bound.ts";
import type { DecodedItem } from "./decoded-item.ts";
import { MetadataStage } from "./metadata-stage.ts";

/** One query's share of a feed. */
export interface FeedSubscription {
  readonly items: Observable<DecodedItem>;
  /** Held, it stops the source if this query is alone on it; a query among others must drop, never slow them. */
  readonly gate: Gate;
  canBlock(): boolean;
}

/** A source of decoded items for any number of queries. */
export interface Feed {
  readonly sources: readonly string[];
  readonly isLive: boolean;
  /** Directories with packets that a query's threads may read. */
  readonly stored: readonly string[];
  /** @param options for recorded traces; a live session is the same for all its queries */
  share(options?: ReadOptions): FeedSubscription;
  /** Opens recorded traces, which can take a while, ahead of the first query. */
  prepare(): Promise<void>;
  /** When recorded traces begin and end; prepares them. */
  span(): Promise<TimeFrame>;
  /** Recorded traces, opened. */
  traces(): Promise<OpenedTraces>;
  /** Lets the source go; running queries end. Settles when relayds know that their viewer has gone. */
  close(): Promise<void>;
}

/** A feed over the given sources: shared if they are live, read anew by every query if they are recorded. */
export function openFeed(sources: readonly string[], options: SourceOptions): Feed {
  return sources.some(isLiveSource)
    ? new LiveFeed(sources, options)
    : new RecordedFeed(sources, options);
}

/** Its traces are opened once, however often they are read. */
class RecordedFeed implements Feed {
  readonly sources: readonly string[];
  readonly isLive = false;
  readonly stored: readonly string[];
  readonly #options: SourceOptions;
  #opened: Promise<OpenedTraces> | undefined;
  readonly #shelf = new PacketShelf();

  constructor(sources: readonly string[], options: SourceOptions) {
    this.sources = sources;
    this.stored = sources;
    this.#options = options;
  }

  share(options: ReadOptions = {}): FeedSubscription {
    const gate = new Gate();
    const shared = { opened: () => this.#open(), shelf: this.#shelf };
    const own = options.opened === undefined ? { ...options, ...shared } : options;
    const items = decodedItems(
      this.sources,
      this.#options,
      gate,
      new MetadataStage(this.#options.clockOffsetNs),
      own,
    );
    return { items, gate, canBlock: () => true };
  }

  async prepare(): Promise<void> {
    await this.#open();
  }

  async span(): Promise<TimeFrame> {
    return spanOf(await this.#open());
  }

  traces(): Promise<OpenedTraces> {
    return this.#open();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #open(): Promise<OpenedTraces> {
    this.#opened ??= openRecorded(this.sources, this.#options.clockOffsetNs).catch(
      (error: unknown) => {
        // It may be mended.
        this.#opened = undefined;
        throw withMeantUrl(error, this.sources);
      },
    );
    return this.#opened;
  }
}

/** A path that is none may be meant as a session's URL. */
function withMeantUrl(error: unknown, sources: readonly string[]): unknown {
  if (!(error instanceof SourceError) || error.code !== "SOURCE_NOT_FOUND") return error;
  const source = sources.find((one) => error.message.startsWith(`${one}:`));
  const meant = source && meantUrl(source);
  if (meant === undefined) return error;
  const message = `${error.message}; did you mean ${meant}?`;
  return new SourceError(error.code, message, { cause: error });
}

interface Attachment {
  /** Settles when every source is attached, rejects when one cannot be. */
  readonly attached: Promise<void>;
  readonly catalog: MetadataStage;
  readonly items: Subject<DecodedItem>;
  readonly subscription: Subscription;
}

/** The end of an attachment: since when nothing is attached, and the error, if it was one. */
export interface FeedEnding {
  readonly atMs: number;
  readonly error: unknown;
}

/**
 * One attachment for many queries: relayd admits a single viewer per session. It is made with the first query and given
 * up with the last, or made by `start` and kept. A query that joins later sees all that happens from then on: its rows
 * begin at one time in all streams of a session. Packets are read once for all queries.
 */
export class LiveFeed implements Feed {
  readonly sources: readonly string[];
  readonly isLive = true;
  readonly stored: readonly string[];
  readonly #options: SourceOptions;
  readonly #gates = new Set<Gate>();
  readonly #gate = new Gate();
  readonly #observed = new Subject<DecodedItem>();
  #release: (() => void) | undefined;
  #attachment: Attachment | undefined;
  #ending: FeedEnding | undefined;
  #isKept = false;
  /** Whether what a relayd has kept is to stay there until a query asks for it. */
  #awaitsQuery = false;
  readonly #releasing = new Set<Promise<unknown>>();

  constructor(sources: readonly string[], options: SourceOptions) {
    this.sources = sources;
    this.#options = options;
    const { deferPacketReads, from } = options;
    const hasHistory = deferPacketReads === true && startOf(sources, from) === "beginning";
    const directories = sources.flatMap((source) => followedDirectory(source) ?? []);
    this.stored = hasHistory && directories.length === sources.length ? directories : [];
  }

  /** What the traces that are there now declare. */
  get traceClasses(): readonly TraceClass[] {
    return this.#attachment?.catalog.traceClasses ?? [];
  }

  /** What a query that joins now misses of some session: all before this time. */
  get startNs(): bigint | undefined {
    return this.#attachment?.catalog.startNs;
  }

  /**
   * All items of all attachments, each before any query gets it. An observer keeps nothing attached and is not a query
   * among others: it must keep pace.
   */
  get observed(): Observable<DecodedItem> {
    return this.#observed;
  }

  get isAttached(): boolean {
    return this.#attachment !== undefined;
  }

  /** Why nothing is attached; undefined while something is, or before it was. */
  get ending(): FeedEnding | undefined {
    return this.#ending;
  }

  get queries(): number {
    return this.#gates.size;
  }

  share(): FeedSubscription {
    const gate = new Gate(() => this.#regulate());
    const items = new Observable<DecodedItem>((subscriber) => {
      this.#gates.add(gate);
      this.#awaitsQuery = false;
      this.#regulate();
      const attachment = this.#attachment;
      for (const item of attachment?.catalog.snapshot() ?? []) subscriber.next(item);
      const own = attachment?.items ?? new Subject<DecodedItem>();
      own.subscribe(subscriber);
      if (attachment === undefined) {
        try {
          this.#attach(own);
        } catch (error) {
          // Thrown from here, it would leave this share's gate behind: only what is returned below removes that.
          own.error(error);
        }
      }
      return () => {
        this.#gates.delete(gate);
        this.#regulate();
        if (this.#gates.size === 0 && !this.#isKept) this.#detach();
      };
    });
    return { items, gate, canBlock: () => this.#gates.size <= 1 };
  }

  /**
   * Attaches, unless it is attached, and stays so while no query runs. What comes then is dropped; but `from` the
   * beginning, nothing is read before the first query.
   *
   * @throws SourceError, ProtocolError when a source cannot be attached
   */
  async start(): Promise<void> {
    this.#isKept = true;
    if (this.#attachment === undefined) {
      const attached = this.#attach(new Subject());
      // The pulls that attach are under way already: the gate stops those behind them.
      this.#awaitsQuery =
        this.isAttached &&
        startOf(this.sources, this.#options.from) === "beginning" &&
        this.#gates.size === 0;
      this.#regulate();
      await attached;
    }
    await this.#attachment?.attached;
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  span(): Promise<TimeFrame> {
    return Promise.resolve({});
  }

  traces(): Promise<OpenedTraces> {
    return Promise.resolve({ opened: [], failures: [] });
  }

  async close(): Promise<void> {
    this.#isKept = false;
    this.#detach();
    await Promise.all(this.#releasing);
  }

  #detach(): void {
    const attachment = this.#attachment;
    this.#forget();
    attachment?.subscription.unsubscribe();
    attachment?.items.complete();
  }

  /** A gate that stayed held would keep the next attachment from ever beginning. */
  #forget(): void {
    this.#attachment = undefined;
    this.#awaitsQuery = false;
    this.#regulate();
  }

  #attach(items: Subject<DecodedItem>): Promise<void> {
    const catalog = new MetadataStage(this.#options.clockOffsetNs);
    const silent = new Set(this.sources);
    const behind = new Set(this.sources);
    const { promise: attached, resolve, reject } = settleable();
    const subscription = decodedItems(
      this.sources,
      this.#options,
      this.#gate,
      catalog,
      {},
      (released) => this.#releases(released),
    ).subscribe({
      next: (item) => {
        // The first thing that a live source says is what it is attached to, or that it waits, or why it is left out.
        const hasSpoken = item.kind === "note" || item.kind === "end";
        if (hasSpoken && silent.delete(item.source) && silent.size === 0) resolve();
        // What is new of one source may still be scanned with what is old of another.
        if (item.kind === "caught-up" || item.kind === "end") behind.delete(item.source);
        if (item.kind === "caught-up" && behind.size > 0) return;
        this.#observed.next(item);
        items.next(item);
      },
      error: (error) => {
        this.#forget();
        this.#ending = { atMs: Date.now(), error };
        reject(error);
        items.error(error);
      },
      complete: () => {
        this.#forget();
        this.#ending = { atMs: Date.now(), error: undefined };
        resolve();
        items.complete();
      },
    });
    subscription.add(resolve);
    if (!subscription.closed) {
      this.#attachment = { attached, catalog, items, subscription };
      this.#ending = undefined;
    }
    return attached;
  }

  #releases(released: Promise<unknown>): void {
    this.#releasing.add(released);
    void released.then(() => this.#releasing.delete(released));
  }

  /** The source stands still only for a query that is alone, or before the first one. */
  #regulate(): void {
    const [only] = this.#gates;
    const isBlocked = this.#gates.size === 1 && only !== undefined && !only.isOpen;
    const mustHold = isBlocked || this.#awaitsQuery;
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
  catalog: MetadataStage,
  share: ReadOptions,
  onRelease?: (released: Promise<unknown>) => void,
): Observable<DecodedItem> {
  return openSources(sources, options, gate, share, onRelease).pipe(
    concatMap((item) => catalog.decode(item)),
  );
}
