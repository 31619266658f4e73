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

/** Lines of all rows, without the time since the row before. Times are those of the local zone. */
export function printed(
  path: string,
  engine: Engine,
  range: { readonly begin?: string; readonly end?: string } = {},
): Promise<Printed> {
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
  const bytes: Uint8Array[] = [];
  const remarks: string[] = [];
  return new Promise((resolve, reject) => {
    runSpec(spec, share.items, share.gate).subscribe({
      next(item) {
        if (item.kind === "batch") bytes.push(writer.batch(item.batch).slice());
        else if (item.kind === "loss") remarks.push(describeLoss(item.loss));
        else if (item.kind === "note") remarks.push(item.text);
      },
      error: reject,
      complete: () =>
        resolve({
          lines: Buffer.concat(bytes).toString().split("\n").slice(0, -1),
          remarks,
        }),
    });
  });
}
