/** Whole traces into files of rows: slices of time, each a file, by as many threads as there are processors. */

import { availableParallelism, totalmem } from "node:os";
import { Worker } from "node:worker_threads";
import { SourceError } from "../base/errors.ts";
import type { OpenedTraces } from "../ctf/trace-directory.ts";
import type { ConvertSpec, FromConverter, TaskResult, ToConverter } from "./slice-task.ts";
import { slicesOf } from "./slices.ts";

export interface ConvertRows {
  readonly spec: ConvertSpec;
  readonly opened: OpenedTraces;
  /** A file has the rows of about so many bytes of the traces; `undefined`: one file has all. */
  readonly sliceBytes: number | undefined;
  /** Of the one file. */
  readonly name: string | undefined;
  readonly stop: Promise<unknown>;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
}

export interface ConvertedRows {
  readonly result: TaskResult;
  readonly files: number;
}

/**
 * Writes the files. Where an event's time lies outside its packet's, slices would miss it: their rows are compared with a
 * count of all, and one slice is made of everything if they differ.
 * @returns `undefined` if it was stopped
 * @throws SourceError of what reads or writes, with its code
 */
export async function convertRows(convert: ConvertRows): Promise<ConvertedRows | undefined> {
  const { opened, sliceBytes, name } = convert;
  const slices =
    sliceBytes === undefined
      ? [{ begin: undefined, end: undefined }]
      : slicesOf(opened, sliceBytes);
  const tasks = slices.map(
    (slice, i): ToConverter => ({ kind: "slice", number: i + 1, slice, name }),
  );
  if (tasks.length === 1) {
    const results = await run(convert, tasks);
    return results && { result: results[0]!, files: 1 };
  }
  const results = await run(convert, [{ kind: "count" }, ...tasks]);
  if (results === undefined) return undefined;
  const [all, ...parts] = results as [TaskResult, ...TaskResult[]];
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  if (rows !== all.rows) throw new SlicesDiffer();
  return { result: all, files: parts.filter((part) => part.rows > 0).length };
}

/** Memory that a thread may take, most of it Parquet's row groups; bytes. */
const THREAD_BYTES = 1 << 29;

/** A thread for each processor, as long as they take half of the memory at most. */
function threads(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(totalmem() / 2 / THREAD_BYTES)));
}

/** Slices have other rows than the whole: what was written does not count. */
export class SlicesDiffer extends Error {}

function run(
  { spec, opened, stop, onProgress }: ConvertRows,
  tasks: readonly ToConverter[],
): Promise<TaskResult[] | undefined> {
  const totalBytes = opened.opened
    .flatMap(({ streams }) => streams.flatMap(({ packets }) => packets))
    .reduce((sum, { bytes }) => sum + bytes, 0);
  const done = tasks.map(() => 0);
  const results: TaskResult[] = [];
  const workers = new Set<Worker>();
  let next = 0;
  let left = tasks.length;
  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      for (const worker of workers) void worker.terminate();
      settle();
    };
    void stop.then(() => end(() => resolve(undefined)));
    const start = (): void => {
      const worker = new Worker(new URL("./convert-worker.js", import.meta.url), {
        workerData: spec,
      });
      workers.add(worker);
      let current = -1;
      const give = (): void => {
        current = next++;
        const task = tasks[current];
        if (task !== undefined) worker.postMessage(task);
      };
      worker.on("error", (error) => end(() => reject(error)));
      worker.on("message", (message: FromConverter) => {
        if (message.kind === "failed") {
          end(() => reject(new SourceError(message.code || "CONVERT_FAILED", message.message)));
          return;
        }
        if (message.kind === "progress") done[current] = message.doneBytes;
        else {
          results[current] = message.result;
          if (--left === 0) end(() => resolve(results));
          else give();
        }
        const doneBytes = done.reduce(
          (sum, bytes, i) => sum + (tasks[i]!.kind === "slice" ? bytes : 0),
          0,
        );
        onProgress(Math.min(doneBytes, totalBytes), totalBytes);
      });
      give();
    };
    for (let i = Math.min(threads(), tasks.length); i > 0; i--) start();
  });
}
