/** `tracewire cut`: a trace of the records that pass. */

import { SourceError } from "../base/errors.ts";
import { openRecorded } from "../ctf/recorded.ts";
import { cutTraces } from "../cut/cut.ts";
import { STATE_EVENTS } from "../operators/contain/state-events.ts";
import { isLiveSource } from "../source/live-source.ts";
import { reportDamage } from "./damage.ts";
import { untilInterrupted } from "./interrupt.ts";
import { recordedSelection } from "./record-selection.ts";
import { note, reportIncomplete, warn } from "./report.ts";
import { percent, progressLine } from "./status.ts";
import type { TailOptions } from "./tail.ts";

export interface CutOptions extends TailOptions {
  readonly to: string;
  readonly bare?: true;
  readonly classes: "occurring" | "all";
  readonly uuid: "keep" | "new";
}

export async function cut(sources: readonly string[], options: CutOptions): Promise<void> {
  const live = sources.find(isLiveSource);
  if (live !== undefined)
    throw new SourceError("CUT_LIVE", `cut: expected recorded traces, got ${live}`);
  const opened = await openRecorded(sources, options.clockOffset);
  reportDamage(opened);
  const { scan, choice } = await recordedSelection(sources, options, opened);
  let isStopped = false;
  void untilInterrupted().then(() => {
    isStopped = true;
  });
  const progress = progressLine(process.stderr);
  const losses = new Map<string, string>();
  try {
    const totals = await cutTraces({
      opened,
      sources,
      to: options.to,
      scan,
      choice,
      classes: options.classes,
      uuid: options.uuid === "new" ? newUuid : undefined,
      alwaysKept: options.bare === true ? [] : STATE_EVENTS,
      isStopped: () => isStopped,
      onProgress: (done, total) => progress?.show(() => `cutting, ${percent(done, total)}`),
      onLoss: (path, { message }) => losses.set(path, message),
    });
    progress?.end();
    if (totals === undefined) {
      warn("stopped: nothing is left of what was written");
      reportIncomplete();
    } else if (options.quiet !== true) note(summary(totals, options.to));
  } finally {
    progress?.end();
  }
  for (const [path, message] of losses) warn(`${path}: ${message}`);
  if (losses.size > 0) reportIncomplete();
}

function summary({ records, kept }: { records: number; kept: number }, to: string): string {
  const names = kept === 0 ? "" : `, ${kept} of them for the names of containers`;
  return `${to}: ${records} records${names}`;
}

/** A random UUID, version 4. */
function newUuid(): Uint8Array {
  return Uint8Array.from(Buffer.from(crypto.randomUUID().replaceAll("-", ""), "hex"));
}
