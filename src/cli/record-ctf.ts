/** `tracewire record --format ctf`: records that pass, as traces that every reader takes, in segments. */

import { basename, isAbsolute, join, relative, resolve } from "node:path";
import { Subject, type Subscription } from "rxjs";
import { SourceError } from "../base/errors.ts";
import type { TraceOrigin } from "../base/item.ts";
import { openRecorded } from "../ctf/recorded.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import { PacketSelector } from "../cut/packet-selector.ts";
import { RecordKernels } from "../cut/record-scan.ts";
import type { DecodedItem } from "../feed/decoded-item.ts";
import { MetadataStage } from "../feed/metadata-stage.ts";
import { CtfRecorder } from "../record/ctf-recorder.ts";
import { Gate } from "../source/gate.ts";
import { followedDirectory, isLiveSource } from "../source/live-source.ts";
import { openSources, type ReadOptions, type SourceItem } from "../source/source.ts";
import { untilInterrupted } from "./interrupt.ts";
import type { RecordOptions } from "./record-options.ts";
import { liveSelection, type RecordSelection, recordedSelection } from "./record-selection.ts";
import { GRACE_MS, note, report, reportIncomplete, warn } from "./report.ts";
import { RowsReport } from "./rows-report.ts";

/** How often it is looked whether streams have become silent, ms. */
const TICK_MS = 250;
const NAME_WAIT_MS = 10_000;
const NS_PER_MS = 1_000_000n;

interface CtfSources {
  readonly specOf: (traceClass: TraceClass) => RecordSelection;
  readonly names: Awaited<ReturnType<typeof liveSelection>>["names"];
  readonly read: ReadOptions;
}

export async function recordCtf(sources: readonly string[], options: RecordOptions): Promise<void> {
  if (options.select !== undefined)
    throw new SourceError("RECORD_SELECT", "--select: expected files of rows, got --format ctf");
  const isLive = sources.some(isLiveSource);
  const { specOf, names, read } = await (isLive ? live(options) : recorded(sources, options));
  const isQuiet = options.quiet === true;
  const rows = new RowsReport({ isLive, isQuiet, readsContainersFirst: false, isStill: true });
  const kernels = new RecordKernels();
  const recorder = new CtfRecorder(
    {
      folder: options.to,
      segmentBytes: options.segmentSize,
      segmentNs:
        options.segmentTime === undefined ? undefined : BigInt(options.segmentTime) * NS_PER_MS,
      maxBytes: options.maxSize,
      maxSegments: options.keep,
      maxLagMs: isLive ? options.maxLag : Number.POSITIVE_INFINITY,
      nameWaitMs: names === undefined ? 0 : (options.nameWait ?? NAME_WAIT_MS),
      placeOf: (trace) => placeOf(trace, sources),
      selector: (traceClass) =>
        new PacketSelector({ ...specOf(traceClass), alwaysKept: [] }, traceClass, kernels),
    },
    {
      note: warn,
      lost: () => reportIncomplete(),
      undecodable: (stream, error) =>
        rows.onLoss({ kind: "undecodable-packet", stream, error }, () => false),
    },
  );
  const { lastNs } = recorder;
  if (lastNs !== undefined && !isQuiet)
    note(`${options.to}: goes on behind its last record, ${lastNs} ns`);
  const stage = new MetadataStage(options.clockOffset);
  const decoded = new Subject<DecodedItem>();
  const take = (item: SourceItem): void => {
    if (item.kind === "metadata") recorder.metadata(item.trace, item.bytes);
    else if (item.kind === "trace-class") recorder.metadataAnew(item.trace, item.metadata);
    for (const one of stage.decode(item)) {
      decoded.next(one);
      if (one.kind === "loss") rows.onLoss(one.loss, () => false);
      else if (one.kind === "note") rows.onNote(one.text);
      else recorder.item(one);
    }
    rows.rows = recorder.records;
  };
  await followItems(take, { sources, options, read, rows, recorder, names, decoded }).catch(report);
  decoded.complete();
  recorder.end();
  rows.endProgress();
  rows.showTotals();
  if (rows.isIncomplete) reportIncomplete();
  if (!isQuiet) note(`${options.to}: ${recorder.records} records`);
  setTimeout(() => process.exit(), isLive ? GRACE_MS : 0).unref();
}

interface Following {
  readonly sources: readonly string[];
  readonly options: RecordOptions;
  readonly read: ReadOptions;
  readonly rows: RowsReport;
  readonly recorder: CtfRecorder;
  readonly names: CtfSources["names"];
  readonly decoded: Subject<DecodedItem>;
}

/** Takes items until the sources end, the duration is over, or Ctrl-C. */
function followItems(
  take: (item: SourceItem) => void,
  { sources, options, read, rows, recorder, names, decoded }: Following,
): Promise<void> {
  return new Promise<void>((done, failed) => {
    const following = names?.follow(decoded, options.maxLag, failed);
    const items = openSources(sources, sourceOptions(options), new Gate(), {
      ...read,
      onProgress: rows.onProgress,
    });
    const subscription: Subscription = items.subscribe({
      next: (item) => {
        try {
          take(item);
        } catch (error) {
          failed(error);
        }
      },
      error: failed,
      complete: done,
    });
    const ticking = setInterval(() => recorder.advance(), TICK_MS);
    const { duration } = options;
    const timer = duration === undefined ? undefined : setTimeout(done, duration);
    void untilInterrupted().then(done);
    decoded.subscribe({
      complete: () => {
        clearInterval(ticking);
        clearTimeout(timer);
        following?.unsubscribe();
        subscription.unsubscribe();
      },
    });
  });
}

async function live(options: RecordOptions): Promise<CtfSources> {
  const { specOf, names } = await liveSelection(options);
  return { specOf, names, read: {} };
}

async function recorded(sources: readonly string[], options: RecordOptions): Promise<CtfSources> {
  const opened = await openRecorded(sources, options.clockOffset);
  const { scan, choice } = await recordedSelection(sources, options, opened);
  return {
    specOf: () => ({ scan, choice }),
    names: undefined,
    read: { opened: () => Promise.resolve(opened) },
  };
}

function sourceOptions({ from, wait, reconnect, clockOffset }: RecordOptions) {
  return { from, wait, reconnect, clockOffsetNs: clockOffset };
}

/** Where a trace goes in a segment: as it lies below its source, or by host and session. */
function placeOf({ source, session, host, path }: TraceOrigin, sources: readonly string[]): string {
  const directory = followedDirectory(source);
  const isLocal = session === undefined || directory !== undefined;
  const root = resolve(directory ?? sources.find((one) => isBelow(path, one)) ?? path);
  const own = isLocal && isAbsolute(path) ? relative(root, path) : path;
  const named = isLocal ? [] : [host ?? "", session ?? ""];
  const first = isLocal && sources.length > 1 ? [basename(root)] : [];
  const parts = [...first, ...named, ...own.split("/")].filter(
    (part) => part !== "" && part !== "." && part !== "..",
  );
  return join(...(parts.length === 0 ? ["trace"] : parts));
}

function isBelow(path: string, source: string): boolean {
  return !relative(resolve(source), resolve(path)).startsWith("..");
}
