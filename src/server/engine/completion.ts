import { linkEnvironments } from "../../feed/environments.ts";
import type { Completions } from "../../filter/complete.ts";
import { completeQuery } from "../../language/complete-query.ts";
import { hideFields } from "./hidden-fields.ts";
import { badParameter, Parameters } from "./parameters.ts";
import type { ServedSources } from "./served-sources.ts";

/** The answer to `GET /v1/complete`. */
export interface CompletionList extends Completions {
  /** Whether names of traces are among the items. A live session has none until its first metadata have come. */
  readonly hasNames: boolean;
}

/** An editor asks with every key. */
const MAX_PREFIX = 2000;
const MAX_ITEMS = 1000;

/**
 * Answers `GET /v1/complete?prefix=…&source=…&limit=…`: what may follow an unfinished filter or query.
 *
 * @param wanted the sources whose names are among the items
 * @throws FeedError 400 `BAD_PARAMETER`, `UNKNOWN_PARAMETER`; SourceError
 */
export async function completionList(
  served: ServedSources,
  search: URLSearchParams,
  wanted: readonly string[],
  hidden: readonly string[],
): Promise<CompletionList> {
  const parameters = Parameters.ofUrl(search, ["prefix", "source", "limit"]);
  const prefix = parameters.text("prefix") ?? "";
  if (prefix.length > MAX_PREFIX)
    throw badParameter("prefix", `at most ${MAX_PREFIX} characters`, prefix);
  const limit = parameters.count("limit", MAX_ITEMS);
  const traceClasses = (await served.declared(wanted)).map((one) => hideFields(one, hidden));
  const list = completeQuery(prefix, linkEnvironments(traceClasses), limit);
  return { ...list, hasNames: traceClasses.length > 0 };
}
