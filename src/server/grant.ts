/** What a client may see and do. */

import { FeedError } from "../base/errors.ts";
import { nearestName } from "../base/text.ts";

export interface Grant {
  /** The name of its token, of the owner of its certificate or socket; `-` where no one is asked. */
  readonly name: string;
  /** The sources that it may read; `undefined` means all. */
  readonly sources: readonly string[] | undefined;
  /** Names of fields that it may not see. */
  readonly hidden: readonly string[];
  /** Whether it may see and end queries of others, and read metrics. */
  readonly isOperator: boolean;
}

/** Where no token is asked for. */
export const ANYONE: Grant = { name: "-", sources: undefined, hidden: [], isOperator: true };

/** The served sources that a client may read. */
export function grantedSources(grant: Grant, served: readonly string[]): readonly string[] {
  const { sources } = grant;
  return sources === undefined ? served : served.filter((source) => sources.includes(source));
}

/**
 * The sources that a query is about: the one that it names, or all that it may read.
 * @throws FeedError 404 `UNKNOWN_SOURCE`, the same for one that it may not read
 */
export function chosenSources(
  grant: Grant,
  served: readonly string[],
  source: string | undefined,
): readonly string[] {
  const granted = grantedSources(grant, served);
  if (source === undefined || source === "") {
    if (granted.length > 0) return granted;
    throw new FeedError(
      "UNKNOWN_SOURCE",
      "source: expected one that the token grants, got none",
      404,
    );
  }
  if (granted.includes(source)) return [source];
  const near = nearestName(source, granted);
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  const message = `source: expected one of ${granted.join(", ")}, got ${source}${hint}`;
  throw new FeedError("UNKNOWN_SOURCE", message, 404);
}
