/** The numbers of packets that a recording has of a stream, for the one that goes on behind it. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { lastIndexed } from "../cut/index-file.ts";
import type { Numbered } from "../cut/packet-numbers.ts";

/**
 * @param segments their folders, oldest first
 * @param place of the stream's trace below each
 * @returns `undefined` where none has an index of the stream
 */
export function recordedNumbers(
  segments: readonly string[],
  place: string,
  name: string,
): Numbered | undefined {
  for (const segment of segments.toReversed()) {
    const path = join(segment, place, "index", `${name}.idx`);
    const last = existsSync(path) ? lastIndexed(readFileSync(path)) : undefined;
    if (last === undefined) continue;
    const { number, discardedEvents: discarded } = last;
    // The packet that it stands for may go on, so that no number of the source is the last.
    return { numbers: { number, discarded, sourceNumber: undefined, missing: 0n } };
  }
  return undefined;
}
