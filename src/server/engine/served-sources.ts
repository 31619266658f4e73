import { EMPTY, merge, Subscription } from "rxjs";
import { FeedError, type TraceError } from "../../base/errors.ts";
import type { Census } from "../../containers/census.ts";
import type { LocalNames } from "../../containers/local-names.ts";
import type { TraceClass } from "../../ctf/trace-class.ts";
import type { OpenedTraces } from "../../ctf/trace-directory.ts";
import { findTraceDirectories } from "../../ctf/trace-search.ts";
import { type Feed, type FeedSubscription, LiveFeed, openFeed } from "../../feed/feed.ts";
import { recordedClasses } from "../../feed/recorded-classes.ts";
import { liveCensus, recordedCensus } from "../../operators/contain/count-events.ts";
import { LiveNames } from "../../operators/contain/live-names.ts";
import { RecordedNames } from "../../operators/contain/recorded-names.ts";
import type { NameSource } from "../../operators/run-question.ts";
import { segmentPaths } from "../../segments/find.ts";
import { Gate } from "../../source/gate.ts";
import { isLiveSource } from "../../source/live-source.ts";
import type { ReadOptions, SourceOptions } from "../../source/source.ts";
import type { SourceProblem, SourceTotals } from "./messages.ts";
import { checkLiveRange, checkPackets } from "./range-gone.ts";
import { RecordedSources } from "./recorded-sources.ts";
import { SourceAccount } from "./source-account.ts";

/** What one query is fed with. */
export interface SourceShare extends FeedSubscription {
  readonly isLive: boolean;
  /** Sources that could not be opened, while others could. */
  readonly failures: readonly TraceError[];
  /** Where the names of the sources' containers come from. */
  readonly names: NameSource;
  /** Of recorded traces: the same again, and a number that is another whenever their files have changed. */
  readonly recorded?: {
    readonly version: number;
    isCurrent(): boolean;
    again(): FeedSubscription;
  };
  /** The containers in the sources. Live sessions are listened to for some time (ms), in which events are counted. */
  census(listeningMs: number): Promise<Census>;
}

type TimeRange = Pick<ReadOptions, "begin" | "end">;

/** How long a silent stream holds up container state of the others, in ms. */
const MAX_LAG_MS = 2000;

/** The sources of a server: one attachment to each live session, kept; recorded traces are read anew by each query. */
export class ServedSources {
  readonly live: readonly string[];
  readonly recorded: readonly string[];
  /** Of all live sessions together: one may name the containers of another. */
  readonly #names: LiveNames;
  readonly #recorded: RecordedSources;
  readonly #following = new Subscription();
  readonly #feeds: ReadonlyMap<string, LiveFeed>;
  /** Recorded traces stay as they are: their metadata are read once. */
  readonly #classes = new Map<string, Promise<readonly TraceClass[]>>();
  readonly #accounts = new Map<string, SourceAccount>();
  #isClosed = false;

  private constructor(
    sources: readonly string[],
    attaches: boolean,
    options: SourceOptions,
    localNames: LocalNames | undefined,
    log: (text: string) => void,
  ) {
    this.#names = new LiveNames(localNames !== undefined);
    this.#recorded = new RecordedSources(options);
    const all = [...new Set(sources)];
    this.live = all.filter(isLiveSource);
    this.recorded = all.filter((source) => !isLiveSource(source));
    this.#feeds = new Map(
      attaches ? this.live.map((url) => [url, new LiveFeed([url], options)]) : [],
    );
    if (localNames !== undefined) this.#following.add(localNames.follow(this.#names.registry));
    const error = (problem: unknown): void => log(`containers: ${problem}`);
    for (const [source, { observed }] of this.#feeds) {
      const account = new SourceAccount();
      this.#accounts.set(source, account);
      this.#following.add(observed.subscribe((item) => account.take(item)));
      this.#following.add(this.#names.follow(observed, MAX_LAG_MS, error));
    }
  }

  /**
   * Looks at every recorded source, and attaches to every live one.
   * @param attaches whether it does: live sources can be asked in one place only
   * @throws SourceError, ProtocolError for the first that cannot be served
   */
  static async open(
    sources: readonly string[],
    attaches: boolean,
    options: SourceOptions,
    localNames?: LocalNames,
    log: (text: string) => void = () => {},
  ): Promise<ServedSources> {
    const served = new ServedSources(sources, attaches, options, localNames, log);
    try {
      for (const source of served.recorded) await lookAt(source);
      await Promise.all([...served.#feeds.values()].map((feed) => feed.start()));
    } catch (error) {
      await served.close();
      throw error;
    }
    return served;
  }

  /**
   * A share of some of the sources; a live session that ended is attached anew.
   *
   * @param times of the query: packets of recorded traces that lie wholly outside are not read
   * @throws FeedError 503 `CLOSING`; SourceError, ProtocolError when none of the sources can be had
   */
  async share(wanted: readonly string[], { begin, end }: TimeRange = {}): Promise<SourceShare> {
    // A feed that was let go would attach again.
    if (this.#isClosed) throw new FeedError("CLOSING", "source: the server ends", 503);
    const live = wanted.filter(isLiveSource);
    if (live.length === 0 && segmentPaths(wanted) !== undefined) return noEvents();
    if (live.length === 0) {
      const { feed, names, version } = this.#recorded.open(wanted);
      const again = (): FeedSubscription => feed.share({ begin, end });
      return {
        ...again(),
        recorded: {
          version,
          isCurrent: () => this.#recorded.open(wanted).version === version,
          again,
        },
        isLive: false,
        failures: [],
        names: { kind: "recorded", names },
        census: () => recordedCensus((options) => feed.share(options), names),
      };
    }
    return this.#liveShare(live.flatMap((url) => this.#feeds.get(url) ?? []));
  }

  /**
   * Whether what a query reads is still there.
   * @param packets how many there were when the range was planned
   * @throws FeedError 410 `RANGE_GONE`, 400 `NOT_RECORDED`
   */
  async checkRange(
    wanted: readonly string[],
    range: TimeRange,
    packets: number | undefined,
  ): Promise<void> {
    const feeds = wanted.flatMap((url) => this.#feeds.get(url) ?? []);
    if (feeds.length > 0) checkLiveRange(feeds, range, packets);
    else if (packets !== undefined)
      checkPackets(await this.#recorded.open(wanted).feed.traces(), range, packets);
  }

  /** The traces of a recorded source; opened anew if a file of theirs has changed since. */
  traces(source: string): Promise<OpenedTraces> {
    return this.#recorded.open([source]).feed.traces();
  }

  /** Whether sources are files of rows, or folders of them. */
  areRows(wanted: readonly string[]): boolean {
    return wanted.every((source) => !isLiveSource(source) && areRowFiles(source));
  }

  /** What some sources declare: recorded ones all that they will, live ones what they have so far. */
  async declared(wanted: readonly string[]): Promise<readonly TraceClass[]> {
    const recorded = wanted.filter((source) => !isLiveSource(source) && !areRowFiles(source));
    const known = await Promise.all(recorded.map((source) => this.#recordedClasses(source)));
    return [...known.flat(), ...wanted.flatMap((url) => this.#feeds.get(url)?.traceClasses ?? [])];
  }

  /** What each live source has brought so far. */
  totals(): readonly SourceTotals[] {
    return [...this.#feeds].map(([source, feed]) =>
      this.#accounts.get(source)!.totals(source, feed.isAttached, feed.ending),
    );
  }

  /** Recorded sources that cannot be read any more. */
  async problems(): Promise<readonly SourceProblem[]> {
    const looks = await Promise.allSettled(this.recorded.map(lookAt));
    return looks.flatMap((look, i) => {
      if (look.status === "fulfilled") return [];
      const message = look.reason instanceof Error ? look.reason.message : String(look.reason);
      return [{ source: this.recorded[i]!, message }];
    });
  }

  /** Lets all go; running queries end. Settles when the relayds know. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#following.unsubscribe();
    await Promise.all([...this.#feeds.values()].map((feed) => feed.close()));
  }

  #recordedClasses(source: string): Promise<readonly TraceClass[]> {
    let classes = this.#classes.get(source);
    if (classes === undefined) {
      classes = recordedClasses(openFeed([source], { from: "beginning" }));
      this.#classes.set(source, classes);
      classes.catch(() => this.#classes.delete(source));
    }
    return classes;
  }

  async #liveShare(feeds: readonly LiveFeed[]): Promise<SourceShare> {
    const outcomes = await Promise.allSettled(feeds.map((feed) => feed.start()));
    const failures = outcomes.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
    const attached = feeds.filter((_, i) => outcomes[i]?.status === "fulfilled");
    if (attached.length === 0) throw failures[0];
    return {
      ...joined(attached),
      isLive: true,
      failures,
      names: { kind: "live", followed: this.#names },
      census: (listeningMs) =>
        liveCensus(joined(attached), listeningMs, MAX_LAG_MS, this.#names.registry),
    };
  }
}

function areRowFiles(source: string): boolean {
  return segmentPaths([source]) !== undefined;
}

/** @throws SourceError where a recorded source is neither a trace nor a file of rows */
async function lookAt(source: string): Promise<void> {
  if (!areRowFiles(source)) await findTraceDirectories(source);
}

/** A share of rows that are there already: they have no events, and no containers that events would name. */
function noEvents(): SourceShare {
  const names = new RecordedNames({ share: noItems });
  return {
    ...noItems(),
    isLive: false,
    failures: [],
    names: { kind: "recorded", names },
    census: () => recordedCensus(noItems, names),
  };
}

function noItems(): FeedSubscription {
  return { items: EMPTY, gate: new Gate(), canBlock: () => true };
}

/** Shares of several feeds as one: held together, and held only if every one of them can be. */
function joined(feeds: readonly Feed[]): FeedSubscription {
  const shares = feeds.map((feed) => feed.share());
  const [only, ...others] = shares;
  if (only !== undefined && others.length === 0) return only;
  let releases: (() => void)[] = [];
  const gate = new Gate(() => {
    for (const release of releases) release();
    releases = gate.isOpen ? [] : shares.map((share) => share.gate.hold());
  });
  return {
    items: merge(...shares.map(({ items }) => items)),
    gate,
    canBlock: () => shares.every((share) => share.canBlock()),
  };
}
