/** SOURCE arguments: `net://` URLs of live sessions, `follow:` directories, or paths of recorded traces. */

import { catchError, merge, type Observable, of } from "rxjs";
import { SourceError, TraceError } from "../base/errors.ts";
import type { Item } from "../base/item.ts";
import { type RecordedItem, type RecordedOptions, readRecorded } from "../ctf/recorded.ts";
import { type FollowedItem, followDirectory } from "../followed/follow-directory.ts";
import { follow } from "../relay/follow.ts";
import { followInThread } from "./follow-in-thread.ts";
import type { Gate } from "./gate.ts";
import { followedDirectory, isLiveSource } from "./live-source.ts";
import { fromPull } from "./pull.ts";
import { areFromBegin, resolveTime, type TimeBound } from "./time-bound.ts";

/** What sources of either kind give. */
export type SourceItem = Item | RecordedItem | FollowedItem;

/** How live sessions are followed. */
export interface SourceOptions {
  /** Everything that is there, or what comes from now on. Default: of directories the first, of relayds the second. */
  readonly from?: "beginning" | "now" | undefined;
  /** Waits for relayds and sessions that are not there, at first or after their end. Default false. */
  readonly wait?: boolean | undefined;
  /** Connects again when a connection is lost. Default true. */
  readonly reconnect?: boolean | undefined;
  /** Added to all times, for traces of wrong clocks. */
  readonly clockOffsetNs?: bigint | undefined;
  /** Packets of followed directories come as places in files, for the feed's only query, whose threads may read them. */
  readonly deferPacketReads?: boolean | undefined;
  /** Fetches in a thread of its own, some megabytes ahead, while items are handled here. Default false. */
  readonly inThread?: boolean | undefined;
}

/** What one query wants of recorded traces. Live sessions bring the same to all. */
export interface ReadOptions {
  /** Packets wholly outside are not read. The query itself still needs its bounds. */
  readonly begin?: TimeBound | undefined;
  readonly end?: TimeBound | undefined;
  /** Packets come as places in files, for a query that has them read by its workers. */
  readonly deferPacketReads?: boolean | undefined;
  /** Called after each packet with the bytes that are done, and those that will be read. */
  readonly onProgress?: RecordedOptions["onProgress"];
  /** The sources' traces, where they have been opened already. */
  readonly opened?: RecordedOptions["opened"];
  /** Where readings of the same `opened` traces share packets. */
  readonly shelf?: RecordedOptions["shelf"];
}

/**
 * Opens sources as one feed of items, pulled while the gate is open.
 * @throws SourceError when live and recorded sources are mixed: they do not share a notion of now
 */
export function openSources(
  sources: readonly string[],
  options: SourceOptions,
  gate: Gate,
  { begin, end, deferPacketReads, onProgress, opened, shelf }: ReadOptions = {},
  onRelease?: (released: Promise<unknown>) => void,
): Observable<SourceItem> {
  const live = sources.filter(isLiveSource);
  if (live.length > 0 && live.length < sources.length) {
    throw new SourceError(
      "SOURCE_MIXED",
      "sources: expected either net:// URLs or trace directories, got both; --follow follows directories",
    );
  }
  if (live.length === 0) {
    const rangeFrom: RecordedOptions["rangeFrom"] = (firstNs, lastNs) => ({
      begin: resolveTime(begin, { firstNs, lastNs }, "begin"),
      end: resolveTime(end, { firstNs, lastNs }, "end"),
    });
    const fromFirstEvent = areFromBegin(begin, end);
    const how = { rangeFrom, fromFirstEvent, deferPacketReads, onProgress, opened, shelf };
    const open = () => readRecorded(sources, how);
    return fromPull<SourceItem>(open, gate, onRelease, shelf);
  }
  return mergeLive(
    live.map((url) => {
      const open = (signal: AbortSignal) => openLive(url, options, signal);
      return { url, items: fromPull<SourceItem>(open, gate, onRelease) };
    }),
  );
}

function openLive(
  source: string,
  { inThread, clockOffsetNs, deferPacketReads, ...how }: SourceOptions,
  signal: AbortSignal,
): AsyncGenerator<SourceItem, void, void> {
  const directory = followedDirectory(source);
  if (directory !== undefined) {
    const { from, wait } = how;
    const options = { from, wait, clockOffsetNs, deferPacketReads, signal };
    return followDirectory(source, directory, options);
  }
  return inThread === true
    ? followInThread(source, { ...how, signal })
    : follow(source, { ...how, signal });
}

/** What is wrong with a URL, whatever is at its other end. */
const MISTAKES: readonly string[] = ["BAD_URL", "NO_SESSION"];

/** All as one; a source that fails is left out and reported, unless all of them fail. */
function mergeLive(
  sources: readonly { readonly url: string; readonly items: Observable<SourceItem> }[],
): Observable<SourceItem> {
  let failed = 0;
  const others = sources.map(({ url, items }) =>
    items.pipe(
      catchError((error: unknown) => {
        failed++;
        const isMistake = error instanceof SourceError && MISTAKES.includes(error.code);
        const mayGoOn = error instanceof TraceError && !isMistake;
        if (failed === sources.length || !mayGoOn) throw error;
        return of<SourceItem[]>(
          {
            kind: "gap",
            cause: "source",
            trace: undefined,
            stream: undefined,
            reason: `going on without ${url}: ${error.message}`,
            packets: undefined,
          },
          { kind: "end", source: url },
        );
      }),
    ),
  );
  return merge(...others);
}
