import { censusJson } from "../containers/census-json.ts";
import { Parameters } from "./parameters.ts";
import type { ServedSources } from "./served-sources.ts";

/** How long live sessions are listened to, ms. */
const LISTENING_MS = 2500;

/**
 * The answer to `GET /v1/containers?source=`: the containers of a source or of all of them. Recorded traces are read to their end;
 * live sessions are listened to for a moment, in which their containers' events are counted.
 */
export async function containerList(
  sources: ServedSources,
  search: URLSearchParams,
): Promise<{ readonly containers: readonly unknown[] }> {
  const source = Parameters.ofUrl(search, ["source"]).text("source");
  const { census } = await sources.share(source);
  return { containers: censusJson(await census(LISTENING_MS)) };
}
