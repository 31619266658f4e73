/** Runs one slice's query: its rows into a file, or counted only. */

import { defaultRequests } from "../column/layout.ts";
import { openRecorded } from "../ctf/recorded.ts";
import type { OpenedTraces } from "../ctf/trace-directory.ts";
import { type Feed, openFeed } from "../feed/feed.ts";
import { describeLoss, LossAccount } from "../feed/losses.ts";
import type { BatchWriter } from "../format/batch-writer.ts";
import { FORMAT_DEFAULTS, formatNamed, type OpenWriter } from "../format/formats.ts";
import { RecordedNames } from "../operators/contain/recorded-names.ts";
import { declares, RECORD_EVENTS } from "../operators/contain/state-events.ts";
import { runQuestion, withContainer } from "../operators/run-question.ts";
import { EVERYTHING, type Question } from "../query/question.ts";
import { batchFacts, type ResultItem } from "../query/result.ts";
import type { TimeBound } from "../source/time-bound.ts";
import { RowFile } from "./row-file.ts";
import type { ConvertSpec, Slice, TaskResult } from "./slice-task.ts";
import { tracesOfSlice } from "./slices.ts";

/** Lines about losses that are kept; all of them are counted. */
const MOST_LINES = 100;

/** Opens the traces once, and reads their container metadata at most once, for any number of slices. */
export class SliceConverter {
  readonly #spec: ConvertSpec;
  readonly #feed: Feed;
  readonly #opened: Promise<OpenedTraces>;
  readonly #onProgress: (doneBytes: number) => void;
  readonly #names: RecordedNames;
  #open: Promise<OpenWriter> | undefined;

  constructor(spec: ConvertSpec, onProgress: (doneBytes: number) => void) {
    this.#spec = spec;
    this.#onProgress = onProgress;
    const { sources, clockOffsetNs } = spec;
    this.#feed = openFeed(sources, { clockOffsetNs });
    this.#opened = openRecorded(sources, clockOffsetNs);
    const opened = () => this.#opened;
    this.#names = new RecordedNames({
      share: (wanted) => this.#feed.share({ ...wanted, opened }),
      traces: opened,
    });
  }

  /** Writes a slice's rows. @returns what it had; no file is left of one without rows, unless it has a name */
  async write(number: number, slice: Slice, name: string | undefined): Promise<TaskResult> {
    this.#open ??= formatNamed(this.#spec.format).load();
    const { folder, format, to } = this.#spec;
    const writer = (await this.#open)(FORMAT_DEFAULTS);
    const question = await this.#question(slice);
    const file = new RowFile({ folder, to, number, extension: format, name });
    try {
      const result = await this.#run(question, slice, file, writer);
      file.finish();
      return result;
    } catch (error) {
      file.discard();
      throw error;
    }
  }

  /** Reads everything. */
  count(): Promise<TaskResult> {
    const everything: Slice = { begin: undefined, end: undefined };
    return this.#run({ ...EVERYTHING, select: [], order: "none" }, everything);
  }

  async #question({ begin, end }: Slice): Promise<Question> {
    const { select } = this.#spec;
    const { opened } = await this.#opened;
    const classes = opened.map(({ traceClass }) => traceClass);
    const isNamed = select === undefined && declares(classes, RECORD_EVENTS);
    return {
      ...EVERYTHING,
      select: isNamed ? withContainer(defaultRequests(classes)) : select,
      begin: bound(begin),
      end: bound(end),
    };
  }

  async #run(
    question: Question,
    slice: Slice,
    file?: RowFile,
    writer?: BatchWriter,
  ): Promise<TaskResult> {
    const traces = tracesOfSlice(await this.#opened, slice);
    const share = this.#feed.share({
      opened: () => Promise.resolve(traces),
      deferPacketReads: true,
      onProgress: this.#onProgress,
    });
    const account = new LossAccount();
    const [losses, notes]: [string[], string[]] = [[], []];
    let rows = 0;
    const take = (item: ResultItem): void => {
      if (item.kind === "columns") file?.write(writer!.begin(item.columns));
      else if (item.kind === "batch") {
        rows += item.batch.rows;
        file?.rows(item.batch.timestamps, item.batch.rows);
        file?.write(writer!.batch(item.batch, batchFacts(item.batch, 0)));
      } else if (item.kind === "note") notes.push(item.text);
      else if (item.kind === "loss") {
        account.add(item.loss);
        if (item.loss.kind !== "discarded-events" && losses.length < MOST_LINES)
          losses.push(describeLoss(item.loss));
      }
    };
    await new Promise<void>((resolve, reject) => {
      const names = () => ({ kind: "recorded", names: this.#names }) as const;
      const subscription = runQuestion(
        question,
        { isLive: false, borrowBatches: true },
        share,
        names,
      ).subscribe({
        next: (item) => {
          try {
            take(item);
          } catch (error) {
            subscription.unsubscribe();
            reject(error);
          }
        },
        error: reject,
        complete: resolve,
      });
    });
    if (writer !== undefined) file?.write(writer.end());
    return { rows, losses, lost: account.isIncomplete ? String(account) : "", notes };
  }
}

function bound(ns: bigint | undefined): TimeBound | undefined {
  return ns === undefined ? undefined : { kind: "absolute", ns };
}
