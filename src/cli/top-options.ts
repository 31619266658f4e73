/** What the parts of `tracewire top` share. */

import type { RowsOptions } from "./rows-options.ts";

export interface TopOptions
  extends Omit<RowsOptions, "event" | "settle" | "nameWait" | "engine" | "workers" | "date"> {
  readonly view: string;
  readonly every?: number;
  readonly where?: string;
  readonly sort?: string;
  readonly once?: true;
  readonly count?: number;
}

/** Longer than a screen of a silent session should take. */
const USUAL_EVERY_MS = 2000;

export function everyOf({ every = USUAL_EVERY_MS }: Pick<TopOptions, "every">): string {
  return every % 1000 === 0 ? `${every / 1000}s` : `${every}ms`;
}
