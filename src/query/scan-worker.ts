/** A worker of a query over recorded traces: the thread around a scanner of packets. */

import { parentPort } from "node:worker_threads";
import { ScanResponder } from "./scan-responder.ts";
import type { ToWorker } from "./scan-task.ts";

const responder = new ScanResponder();

parentPort?.on("message", (message: ToWorker) => {
  const reply = responder.answer(message);
  if (reply !== undefined) parentPort?.postMessage(reply);
});
