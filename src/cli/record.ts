/** `tracewire record`: rows that pass a query, in files that are whole by themselves. */

import { SourceError } from "../base/errors.ts";
import { type BatchWriter, NO_BYTES } from "../format/batch-writer.ts";
import { FORMAT_DEFAULTS, formatNamed } from "../format/formats.ts";
import { runQuestion } from "../operators/run-question.ts";
import { startThreads } from "../query/threads.ts";
import { Recorder } from "../record/recorder.ts";
import type { TimeBound } from "../source/time-bound.ts";
import type { RecordOptions } from "./record-options.ts";
import { note, reportIncomplete, warn } from "./report.ts";
import { executionOf, feedOf } from "./rows-options.ts";
import { runRows } from "./rows-run.ts";
import { compiledFilter, questionOf } from "./tail.ts";
import { askedTimes } from "./times.ts";

const NS_PER_MS = 1_000_000n;

export async function record(sources: readonly string[], options: RecordOptions): Promise<void> {
  if (options.format === "ctf") {
    const { recordCtf } = await import("./record-ctf.ts");
    await recordCtf(sources, options);
    return;
  }
  const feed = feedOf(sources, options);
  const times = askedTimes(options, feed.isLive);
  if (times.lastRows !== undefined)
    throw new SourceError(
      "RECORD_LAST",
      "--last: expected a time such as 5m, got a number of events",
    );
  const format = formatNamed(options.format);
  const open = await format.load();
  let lost = 0;
  const recorder = new Recorder(
    {
      folder: options.to,
      extension: format.name,
      open: () => open({ ...FORMAT_DEFAULTS, dictionaries: options.dict ?? "plain" }),
      segmentBytes: options.segmentSize,
      segmentNs:
        options.segmentTime === undefined ? undefined : BigInt(options.segmentTime) * NS_PER_MS,
      maxBytes: options.maxSize,
      maxSegments: options.keep,
    },
    {
      note: warn,
      lost: (rows) => {
        lost += rows;
      },
    },
  );
  const filter = await compiledFilter(options);
  const threads = startThreads(feed.stored, options.engine, options.workers, undefined);
  await feed.span();
  const question = await questionOf(options, times, format, filter);
  const { lastNs } = recorder;
  if (lastNs !== undefined && options.quiet !== true)
    note(`${options.to}: goes on behind its last row, ${lastNs} ns`);
  // Rows up to it are recorded already.
  const begin = lastNs === undefined ? question.begin : later(question.begin, lastNs + 1n);
  await runRows({
    asked: {
      question: { ...question, begin },
      run: (how, share, source) => runQuestion({ ...question, begin }, how, share, source),
    },
    execution: executionOf(feed, options, { threads, lines: undefined }),
    feed,
    writer: recording(recorder),
    format,
    options,
  });
  recorder.end();
  if (lost > 0) reportIncomplete();
}

function later(begin: TimeBound | undefined, ns: bigint): TimeBound {
  return begin?.kind === "absolute" && begin.ns > ns ? begin : { kind: "absolute", ns };
}

/** A writer of nothing to stdout: its rows go into segments. */
function recording(recorder: Recorder): BatchWriter {
  const columns: BatchWriter["begin"] = (planned) => {
    recorder.columns(planned);
    return NO_BYTES;
  };
  return {
    begin: columns,
    change: columns,
    batch(batch, facts = new Map()) {
      recorder.batch(batch, facts);
      return NO_BYTES;
    },
    end() {
      recorder.end();
      return NO_BYTES;
    },
  };
}
