/** A filter that narrows several queries: wrong in itself, or nothing that any of them knows. */

import { SourceError } from "../base/errors.ts";
import { planQuery } from "../language/plan.ts";

/**
 * The filter as it was written, empty for none. In itself, since in the queries that it becomes part of its places are others.
 * @throws FilterError for what cannot be read, SourceError `WHERE_STAGES` for a query
 */
export function checkedFilter(text: string | undefined): string {
  if (text === undefined || text.trim() === "") return "";
  if (!planQuery(text).isPlain)
    throw new SourceError("WHERE_STAGES", `--where: expected a filter without stages, got ${text}`);
  return text;
}

/** What is wrong with a filter of names that no query of a view knows, by what one of them says. */
export function unknownName(message: string): SourceError {
  const what = message
    .split("\n")[0]!
    .replace(/^\w+: /, "")
    .replace(/, at line \d+, column \d+$/, "");
  return new SourceError("WHERE_UNKNOWN", `--where: ${what}`);
}
