/** What all views are: each stands on queries, which the user can see, take along and run elsewhere. */

import type { Place } from "./address.ts";
import type { CallFields } from "./call-fields.ts";
import type { QueryError } from "./frames.ts";
import { filterOf } from "./query-text.ts";
import type { Sources } from "./sources.ts";
import type { Range } from "./time.ts";
import type { Token } from "./token.ts";

/** What a view is to show. */
export interface Scope {
  readonly place: Place;
  /** Of the query in the box, which every view keeps to. */
  readonly filter: string;
  readonly source: string;
  readonly isLive: boolean;
  /** Chosen by the user. */
  readonly range: Range | undefined;
  /** All of a recorded trace; undefined where it is not known, and for live sessions. */
  readonly extent: Range | undefined;
  /** A stage that selects the columns of events, with their container; empty where none can be. */
  readonly select: string;
  /** Arguments of system calls. */
  readonly calls: CallFields;
}

export interface View {
  run(scope: Scope): void;
  stop(): void;
  /** Of a live session, another range: nothing is asked anew, since what was sent is not there any more. */
  rescope?(scope: Scope): void;
  /** A live source has declared its events: what could not be asked without them is asked. */
  learn?(scope: Scope): void;
  /** While paused, what is shown stays. */
  pause(isPaused: boolean): void;
  /** Draws what has changed; called some times a second while the page is visible. */
  update(): void;
  /** The queries that it stands on, each a whole text. */
  readonly queries: readonly string[];
  /** A key that is the view's own; false if it is not. */
  key?(key: string): boolean;
}

/** What views need of the page. */
export interface Host {
  readonly token: Token;
  /** Goes to another place, which the back button leaves. */
  go(changes: Partial<Place>): void;
  /** Changes the place without leaving it. */
  replace(changes: Partial<Place>): void;
  pause(isPaused: boolean): void;
  /** Whether none of the chosen sources brings anything at present. */
  isSilent(): boolean;
  /** Shows what is wrong with a query, or nothing. */
  diagnose(error: QueryError | undefined, query: string): void;
}

/** @param sources what the server serves */
export function scopeOf(place: Place, sources: Sources): Scope {
  const { query, source, range } = place;
  return {
    place,
    filter: filterOf(query),
    source,
    isLive: sources.isLive(source),
    range,
    extent: sources.extentOf(source),
    select: sources.selectFor(source),
    calls: sources.calls,
  };
}
