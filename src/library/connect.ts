/** A relayd as a library sees it: its sessions as they appear, each with its items and queries as Observables. */

import { defer, Observable } from "rxjs";
import { ProtocolError } from "../base/errors.ts";
import { globMatches } from "../base/glob.ts";
import type { DecodedItem } from "../feed/decoded-item.ts";
import { type FeedSubscription, LiveFeed } from "../feed/feed.ts";
import { listSessions } from "../relay/list-sessions.ts";
import type { SessionEntry } from "../relay/messages.ts";
import { parseLiveUrl, printLiveUrl } from "../relay/url.ts";
import type { SourceOptions } from "../source/source.ts";
import { Query } from "./query.ts";
import type { QueryOptions } from "./query-options.ts";

export interface ConnectOptions extends Partial<SourceOptions> {
  /** How often the relayd is asked for sessions, in ms. Default 1000. */
  readonly pollMs?: number | undefined;
}

/** A recording session, all its tracing domains together. */
export interface LiveSession {
  /** What names it alone: `net://HOST:PORT/host/TARGET/SESSION`. */
  readonly url: string;
  readonly host: string;
  readonly name: string;
  readonly liveTimerUs: number;
  readonly format: SessionEntry["format"];
  /** Its traces, streams, packets, bounds and losses. Packet bytes are borrowed: valid while the item is handled. */
  readonly items: Observable<DecodedItem>;
  /**
   * Rows; by default of all events, with the default columns, in the order of time.
   * @throws FilterError
   */
  query(options?: QueryOptions): Query;
  /** The items with a gate: held by the only consumer, it stops the relayd from being asked. */
  subscribe(): FeedSubscription;
}

const DEFAULT_POLL_MS = 1000;

/**
 * The live sessions of a relayd, those that are there and those that come, until it is unsubscribed; a URL with a
 * selection gives those that match it. A session is attached with its first subscription to `items` or a query, shared by
 * all of them, and detached at once when the last is unsubscribed.
 *
 * Errors: SourceError `BAD_URL`; ProtocolError when the relayd cannot be reached (with `wait`, it is asked again).
 */
export function connect(url: string, options: ConnectOptions = {}): Observable<LiveSession> {
  const { pollMs = DEFAULT_POLL_MS, wait = false, from = "now", reconnect, inThread } = options;
  return new Observable((subscriber) => {
    const { selection, ...relayd } = parseLiveUrl(url);
    const { target, session } = selection ?? { target: "*", session: "*" };
    const stop = new AbortController();
    const known = new Map<string, LiveSession>();
    let timer: NodeJS.Timeout | undefined;
    const look = async (): Promise<void> => {
      const entries = await listSessions(relayd, { signal: stop.signal });
      const listed = new Set<string>();
      for (const entry of entries) {
        const isWanted = globMatches(target, entry.host) && globMatches(session, entry.name);
        if (!isWanted || entry.liveTimerUs === 0) continue;
        const own = printLiveUrl({
          ...relayd,
          selection: { target: escaped(entry.host), session: escaped(entry.name) },
        });
        listed.add(own);
        if (known.has(own) || subscriber.closed) continue;
        const found = liveSession(own, entry, { from, wait, reconnect, inThread });
        known.set(own, found);
        subscriber.next(found);
      }
      // One that went may come again under its name.
      for (const name of known.keys()) if (!listed.has(name)) known.delete(name);
    };
    const poll = (): void => {
      look()
        .catch((error: unknown) => {
          const mayComeBack = wait || (known.size > 0 && reconnect !== false);
          if (!(error instanceof ProtocolError && mayComeBack)) subscriber.error(error);
        })
        .finally(() => {
          if (!subscriber.closed) timer = setTimeout(poll, pollMs);
        });
    };
    poll();
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  });
}

function liveSession(url: string, entry: SessionEntry, options: SourceOptions): LiveSession {
  const feed = new LiveFeed([url], options);
  const { host, name, liveTimerUs, format } = entry;
  return {
    url,
    host,
    name,
    liveTimerUs,
    format,
    // A share is one consumer's.
    items: defer(() => feed.share().items),
    query: (options = {}) => new Query(feed, options),
    subscribe: () => feed.share(),
  };
}

/** A name as a glob that matches it alone. */
function escaped(name: string): string {
  return name.replaceAll(/[*\\]/g, "\\$&");
}
