/** Recorded traces as babeltrace2 prints them. */

import { openFeed } from "../../src/feed/feed.ts";
import { describeLoss } from "../../src/feed/losses.ts";
import { babeltraceWriter } from "../../src/format/babeltrace.ts";
import type { Engine } from "../../src/query/execution.ts";
import { parseTimeBound } from "../../src/source/time-bound.ts";
import { runSpec } from "./query.ts";

export interface Printed {
  readonly lines: readonly string[];
  /** Losses and notes in words. */
  readonly remarks: readonly string[];
}

interface Range {
  readonly begin?: string;
  readonly end?: string;
}

/** Lines of all rows, without the time since the row before. Times are those of the local zone. */
export async function printed(path: string, engine: Engine, range?: Range): Promise<Printed> {
  const bytes: Uint8Array[] = [];
  const remarks = await print(path, engine, (some) => bytes.push(some.slice()), range);
  return { lines: Buffer.concat(bytes).toString().split("\n").slice(0, -1), remarks };
}

/**
 * Gives the text of all rows in pieces, as it is made.
 * @param take is lent each piece
 * @returns losses and notes in words
 */
export function print(
  path: string,
  engine: Engine,
  take: (bytes: Uint8Array) => void,
  range: Range = {},
): Promise<readonly string[]> {
  const begin = range.begin === undefined ? undefined : parseTimeBound(range.begin);
  const end = range.end === undefined ? undefined : parseTimeBound(range.end);
  const share = openFeed([path], { from: "beginning" }).share({
    begin,
    end,
    deferPacketReads: true,
  });
  const writer = babeltraceWriter(false);
  const spec = {
    select: [{ kind: "record" }, { kind: "timestamp" }] as const,
    engine,
    begin,
    end,
    lines: writer.lines,
  };
  const remarks: string[] = [];
  return new Promise((resolve, reject) => {
    runSpec(spec, share.items, share.gate).subscribe({
      next(item) {
        if (item.kind === "batch") take(writer.batch(item.batch));
        else if (item.kind === "loss") remarks.push(describeLoss(item.loss));
        else if (item.kind === "note") remarks.push(item.text);
      },
      error: reject,
      complete: () => resolve(remarks),
    });
  });
}
