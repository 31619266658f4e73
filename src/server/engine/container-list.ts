import { censusJson } from "../../containers/census-json.ts";
import { withoutHiddenFacts } from "./hidden-fields.ts";
import { Parameters } from "./parameters.ts";
import type { ServedSources } from "./served-sources.ts";

/** How long live sessions are listened to, ms. */
const LISTENING_MS = 2500;

/**
 * The answer to `GET /v1/containers?source=`: the containers of some sources. Recorded traces are read to their end;
 * live sessions are listened to for a moment, in which their containers' events are counted.
 */
export async function containerList(
  sources: ServedSources,
  search: URLSearchParams,
  wanted: readonly string[],
  hidden: readonly string[],
): Promise<{ readonly containers: readonly unknown[] }> {
  Parameters.ofUrl(search, ["source"]);
  const { census } = await sources.share(wanted);
  return { containers: withoutHiddenFacts(censusJson(await census(LISTENING_MS)), hidden) };
}
