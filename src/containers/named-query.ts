import type { Observable } from "rxjs";
import type { Feed, Share } from "../engine/feed.ts";
import type { ResultItem } from "../engine/query.ts";
import { liveQuery } from "./live-query.ts";
import type { NamedSpec } from "./named-rows.ts";
import { recordedQuery } from "./recorded-query.ts";
import { RecordedState } from "./recorded-state.ts";

/**
 * Runs a query with containers that is alone on its feed. Without a selection, `container` stands before the payload.
 * @param share the rows' part of the feed
 */
export function namedQuery(spec: NamedSpec, share: Share, feed: Feed): Observable<ResultItem> {
  if (feed.isLive) return liveQuery(spec, share);
  const state = new RecordedState((options) => feed.share(options), spec);
  return recordedQuery(spec, share, state);
}
