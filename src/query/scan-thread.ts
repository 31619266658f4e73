/** Where the packets of a pool are scanned: in a thread of their own, or in the query's, in turn with all else. */

import type { Worker } from "node:worker_threads";
import type { Segment } from "../scan/kernel/memory/chunk.ts";
import type { OpenScanner } from "./open-scanner.ts";
import { failed } from "./scan-responder.ts";
import type { FromWorker, PacketOutcome, ScanQuery, ToWorker } from "./scan-task.ts";

export interface ScanThread<Rows> {
  /** Must be called first. */
  listen(answered: (message: FromWorker<Rows>) => void, failed: (error: Error) => void): void;
  /** Answers come later, in order. */
  post(message: ToWorker): void;
  close(): void;
}

export class WorkerThread implements ScanThread<Segment> {
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
    const ports = message.kind === "query" ? message.exchange?.ports : undefined;
    this.#worker.postMessage(message, ports === undefined ? [] : [...ports]);
  }

  /** The thread goes on, for its next user. */
  close(): void {
    this.#forget();
  }
}

/** How long the thread's other work waits for scans, in ms. */
const TURN_MS = 25;

interface Job<Rows> {
  readonly message: ToWorker & { kind: "scan" };
  readonly outcomes: PacketOutcome<Rows>[];
}

/** Scans for a while each time that the event loop comes round. */
export class OwnThread<Rows> implements ScanThread<Rows> {
  readonly #open: (query: ScanQuery) => OpenScanner<Rows>;
  #scanner: OpenScanner<Rows> | undefined;
  readonly #jobs: Job<Rows>[] = [];
  #turn: NodeJS.Immediate | undefined;
  #answered: (message: FromWorker<Rows>) => void = () => {};
  #isClosed = false;

  constructor(open: (query: ScanQuery) => OpenScanner<Rows>) {
    this.#open = open;
  }

  listen(answered: (message: FromWorker<Rows>) => void): void {
    this.#answered = answered;
  }

  post(message: ToWorker): void {
    if (message.kind === "query") {
      this.#scanner = this.#open(message);
      return;
    }
    this.#jobs.push({ message, outcomes: [] });
    this.#schedule();
  }

  close(): void {
    this.#isClosed = true;
    clearImmediate(this.#turn);
    this.#scanner?.close();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined;
      this.#run(performance.now() + TURN_MS);
      if (this.#jobs.length > 0) this.#schedule();
    });
  }

  #run(until: number): void {
    const job = this.#jobs[0]!;
    let answer: FromWorker<Rows>;
    try {
      if (!this.#scan(job, until)) return;
      answer = { kind: "scanned", outcomes: job.outcomes };
    } catch (error) {
      answer = failed(error);
    }
    this.#jobs.shift();
    this.#answered(answer);
  }

  /** Whether it has come to the end of the job. */
  #scan({ message, outcomes }: Job<Rows>, until: number): boolean {
    const { packets, released } = message;
    const scanner = this.#scanner!;
    if (outcomes.length === 0) scanner.release(released);
    while (outcomes.length < packets.length) {
      const own = Math.max(until, performance.now() + TURN_MS);
      outcomes.push(scanner.scan(packets[outcomes.length]!, own));
      if (performance.now() >= until) break;
    }
    return outcomes.length === packets.length;
  }
}
