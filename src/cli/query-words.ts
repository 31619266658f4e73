/** What commands are given that take sources and, behind them, a query. */

import { existsSync } from "node:fs";
import { SourceError } from "../base/errors.ts";
import { isLiveSource } from "../source/live-source.ts";

/** @throws SourceError `QUERY_MISSING`; `QUERY_ORDER` where a source stands last instead of the query */
export function sourcesAndQuery(
  command: string,
  words: readonly string[],
): { readonly sources: readonly string[]; readonly query: string } {
  const [sources, query = ""] = [words.slice(0, -1), words.at(-1)];
  const [first] = sources;
  if (first === undefined)
    throw new SourceError(
      "QUERY_MISSING",
      `${command}: expected sources and, behind them, the query, got only ${query === "" ? "nothing" : query}`,
    );
  // A field may be called as a file is.
  if (isSource(query) && !isSource(first))
    throw new SourceError(
      "QUERY_ORDER",
      `${command}: expected the query behind the sources, got the source ${query} there`,
    );
  return { sources, query };
}

function isSource(word: string): boolean {
  return isLiveSource(word) || existsSync(word);
}
