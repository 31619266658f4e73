/** The program's threads: they are ended from outside, so what they compiled is kept while they run. */

import { runParts } from "./parts.ts";

/** When what has been compiled is kept, ms after the start: soon, since runs may be short, and when all has been met. */
const KEPT_AT_MS: readonly number[] = [150, 2000];

export function runInThread(name: string): void {
  const keep = runParts(name, "thread");
  for (const ms of KEPT_AT_MS) setTimeout(keep, ms).unref();
}
