import { takeCensus } from "../containers/census.ts";
import { censusJson } from "../containers/census-json.ts";
import { Parameters } from "./parameters.ts";
import type { ServedSources } from "./served-sources.ts";

/** How long live sessions are listened to, and how long a silent stream may hold others up; ms. */
const LIVE_MS = 2500;
const MAX_LAG = 2000;

/**
 * The answer to `GET /v1/containers?source=`: who is in a source or in all of them. Recorded traces are read to their end;
 * live sessions are listened to for a moment, in which their containers' events are counted.
 */
export async function containerList(
  sources: ServedSources,
  search: URLSearchParams,
): Promise<{ readonly containers: readonly unknown[] }> {
  const source = Parameters.ofUrl(search, ["source"]).text("source");
  const { isLive, another, followed } = await sources.share(source);
  const census = await takeCensus(another, {
    isLive,
    liveMs: LIVE_MS,
    maxLag: MAX_LAG,
    followed: followed?.registry,
  });
  return { containers: censusJson(census) };
}
