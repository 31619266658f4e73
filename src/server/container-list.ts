import { takeCensus } from "../containers/census.ts";
import { censusJson } from "../containers/census-json.ts";
import { Parameters } from "./parameters.ts";
import type { ServedSources } from "./served-sources.ts";

/** How long live sessions are listened to, and how long a silent stream may hold others up; ms. */
const LIVE_MS = 2500;
const MAX_LAG = 2000;

/**
 * The answer to `GET /v1/containers?source=`: who is in a source or in all of them. Recorded traces are read to their end;
 * live sessions are listened to for a moment, in which every record comes once.
 */
export async function containerList(
  sources: ServedSources,
  search: URLSearchParams,
): Promise<{ readonly containers: readonly unknown[] }> {
  const source = Parameters.ofUrl(search, ["source"]).text("source");
  const first = await sources.share(source);
  const { isLive } = first;
  let isFirst = true;
  const share = (): typeof first | ReturnType<typeof first.another> => {
    if (!isFirst) return first.another();
    isFirst = false;
    return first;
  };
  const census = await takeCensus(share, {
    isLive,
    liveMs: LIVE_MS,
    maxLag: MAX_LAG,
    names: sources.localNames,
  });
  return { containers: censusJson(census) };
}
