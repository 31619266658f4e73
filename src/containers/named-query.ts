import type { Observable } from "rxjs";
import type { Feed, Share } from "../feed/feed.ts";
import type { ResultItem } from "../query/query.ts";
import type { ShareOptions } from "../source/source.ts";
import { liveQuery } from "./live-query.ts";
import type { NamedSpec } from "./named-rows.ts";
import { recordedQuery } from "./recorded-query.ts";
import { RecordedState } from "./recorded-state.ts";

/**
 * Runs a query with containers that is alone on its feed. Without a selection, `container` stands before the payload.
 * @param share the rows' part of the feed
 * @param onProgress told how many bytes of recorded traces have been read for what they tell, of how many
 */
export function namedQuery(
  spec: NamedSpec,
  share: Share,
  feed: Feed,
  onProgress?: ShareOptions["onProgress"],
): Observable<ResultItem> {
  if (feed.isLive) return liveQuery(spec, share);
  const state = new RecordedState((options) => feed.share({ ...options, onProgress }), spec);
  return recordedQuery(spec, share, state);
}
