/** A thread that converts slices, one after the other. */

import { parentPort, workerData } from "node:worker_threads";
import { TraceError } from "../base/errors.ts";
import { SliceConverter } from "./slice-rows.ts";
import type { ConvertSpec, FromConverter, TaskResult, ToConverter } from "./slice-task.ts";

const PROGRESS_MS = 100;

const answer = (message: FromConverter): void => parentPort?.postMessage(message);
let reportedMs = 0;
const converter = new SliceConverter(workerData as ConvertSpec, (doneBytes) => {
  const nowMs = performance.now();
  if (nowMs - reportedMs < PROGRESS_MS) return;
  reportedMs = nowMs;
  answer({ kind: "progress", doneBytes });
});

parentPort?.on("message", (task: ToConverter) => {
  resultOf(task).then(
    (result) => answer({ kind: "done", result }),
    (error: unknown) => {
      const code = error instanceof TraceError ? error.code : "";
      const message = error instanceof Error ? error.message : `${error}`;
      answer({ kind: "failed", code, message });
    },
  );
});

function resultOf(task: ToConverter): Promise<TaskResult> {
  if (task.kind === "count") return converter.count();
  return converter.write(task.number, task.slice, task.name);
}
