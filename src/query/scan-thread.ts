/** Where the packets of a pool are scanned: in a thread of their own, or in the query's, in turn with all else. */

import type { Worker } from "node:worker_threads";
import { ScanResponder } from "./scan-responder.ts";
import type { FromWorker, ToWorker } from "./scan-task.ts";

export interface ScanThread {
  /** Must be called first. */
  listen(answered: (message: FromWorker) => void, failed: (error: Error) => void): void;
  /** Answers come later, in order. */
  post(message: ToWorker): void;
  close(): void;
}

export class WorkerThread implements ScanThread {
  readonly #worker: Worker;
  #forget: () => void = () => {};

  constructor(worker: Worker) {
    this.#worker = worker;
  }

  listen(answered: (message: FromWorker) => void, failed: (error: Error) => void): void {
    this.#worker.ref();
    this.#worker.on("message", answered);
    this.#worker.on("error", failed);
    this.#forget = () => {
      this.#worker.off("message", answered);
      this.#worker.off("error", failed);
    };
  }

  post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  /** The thread goes on, for whoever has it. */
  close(): void {
    this.#forget();
  }
}

/** Scans one group of packets each time that the event loop comes round. */
export class OwnThread implements ScanThread {
  readonly #responder = new ScanResponder();
  readonly #turns = new Set<NodeJS.Immediate>();
  #answered: (message: FromWorker) => void = () => {};

  listen(answered: (message: FromWorker) => void): void {
    this.#answered = answered;
  }

  post(message: ToWorker): void {
    const turn = setImmediate(() => {
      this.#turns.delete(turn);
      const reply = this.#responder.answer(message);
      if (reply !== undefined) this.#answered(reply);
    });
    this.#turns.add(turn);
  }

  close(): void {
    for (const turn of this.#turns) clearImmediate(turn);
    this.#turns.clear();
    this.#responder.close();
  }
}
