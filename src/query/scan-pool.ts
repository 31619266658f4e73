/**
 * Worker threads that scan the packets of recorded traces into memory that all share. Packets are given out in groups;
 * what becomes of them is told in their order, whichever worker is done first, and in step with all else that happens
 * between them.
 */

import { Worker } from "node:worker_threads";
import { SourceError } from "../base/errors.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { StoredPacket } from "../ctf/trace-directory.ts";
import type { Chunk } from "../scan/kernel/memory/chunk.ts";
import { MAX_PAGES } from "../scan/kernel/memory/memory.ts";
import type { ScanSpec, TraceFacts } from "../scan/scanner.ts";
import { type WasmMemory, wasmMemory } from "../wasm/runtime.ts";
import type { FromWorker, PacketOutcome, PacketTask, ToWorker } from "./scan-task.ts";
import type { ScanThread } from "./scan-thread.ts";

/** A group is given out when it has so many bytes or packets. */
const GROUP_BYTES = 1 << 20;
const GROUP_PACKETS = 64;
/** Groups that a worker may have before it; the first of them is being scanned. */
const GROUPS_AHEAD = 2;

/** A chunk that goes back to the worker that made it. */
export interface WorkerChunk extends Chunk {
  readonly worker: number;
}

/** What happens, in order: outcomes of packets, and work between them. */
type Entry =
  | { readonly kind: "packet"; readonly take: (outcome: PacketOutcome, worker: number) => void }
  | { readonly kind: "work"; readonly run: () => void };

interface Group {
  readonly tasks: PacketTask[];
  readonly entries: Entry[];
  bytes: number;
  worker: number;
  outcomes: readonly PacketOutcome[] | undefined;
}

interface PoolWorker {
  readonly thread: ScanThread;
  /** Groups that it has, in order. */
  readonly groups: Group[];
  released: Chunk[];
}

export interface PoolEvents {
  /** Runs what results lead to; takes what it throws. */
  run(work: () => void): void;
  /** Too much is under way, or not any more. */
  saturated(isSaturated: boolean): void;
}

/** Threads started ahead of the query that will need them: they boot while metadata is read. */
export function startWorkers(count: number): Worker[] {
  return Array.from({ length: count }, () => {
    const worker = new Worker(new URL("./scan-worker.js", import.meta.url));
    worker.unref();
    return worker;
  });
}

export class ScanPool {
  readonly memory: WasmMemory = wasmMemory(64, MAX_PAGES, true);
  readonly #workers: PoolWorker[];
  readonly #events: PoolEvents;
  readonly #queue: Group[] = [];
  #open: Group | undefined;
  #isSaturated = false;
  #isRunning = false;
  #isClosed = false;

  constructor(
    threads: readonly ScanThread[],
    spec: ScanSpec,
    traces: readonly { readonly traceClass: TraceClass; readonly facts: TraceFacts }[],
    events: PoolEvents,
  ) {
    this.#events = events;
    this.#workers = threads.map((thread) => ({ thread, groups: [], released: [] }));
    for (const worker of this.#workers) {
      worker.thread.listen(
        (message) => this.#answered(worker, message),
        (error) => this.#fail(error),
      );
      this.#send(worker, { kind: "query", memory: this.memory, spec, traces });
    }
  }

  /** Gives a packet out. `take` is called with what becomes of it, after all that was asked for before. */
  packet(
    trace: number,
    stream: number,
    packet: StoredPacket,
    take: (outcome: PacketOutcome, worker: number) => void,
  ): void {
    this.#open ??= { tasks: [], entries: [], bytes: 0, worker: -1, outcomes: undefined };
    const group = this.#open;
    group.tasks.push({ trace, stream, packet });
    group.entries.push({ kind: "packet", take });
    group.bytes += packet.bytes;
    const isIdle = this.#queue.length < this.#workers.length;
    if (group.bytes >= GROUP_BYTES || group.tasks.length >= GROUP_PACKETS || isIdle) this.#give();
  }

  /** Runs work when all packets before it have been taken. */
  after(run: () => void): void {
    const group = this.#open ?? this.#queue.at(-1);
    if (group === undefined) run();
    else group.entries.push({ kind: "work", run });
  }

  /** Gives out what has been kept to be a larger group. */
  flush(): void {
    if (this.#open !== undefined) this.#give();
  }

  /** A chunk that is not needed any more: its worker may fill it again. */
  release(chunk: Chunk): void {
    const { worker, address, rows } = chunk as WorkerChunk;
    this.#workers[worker]!.released.push({ address, rows });
  }

  close(): void {
    this.#isClosed = true;
    this.#queue.length = 0;
    for (const { thread } of this.#workers) thread.close();
  }

  #give(): void {
    const group = this.#open!;
    this.#open = undefined;
    const worker = this.#workers.reduce((best, one) =>
      one.groups.length < best.groups.length ? one : best,
    );
    group.worker = this.#workers.indexOf(worker);
    worker.groups.push(group);
    this.#queue.push(group);
    const { released } = worker;
    worker.released = [];
    this.#send(worker, { kind: "scan", packets: group.tasks, released });
    this.#regulate();
  }

  #answered(worker: PoolWorker, message: FromWorker): void {
    if (this.#isClosed) return;
    if (message.kind === "failed") {
      const { code, message: text } = message;
      this.#fail(code === undefined ? new Error(text) : new SourceError(code, text));
      return;
    }
    const group = worker.groups.shift();
    if (group !== undefined) group.outcomes = message.outcomes;
    this.#events.run(() => this.#run());
  }

  /** Takes what is ready at the queue's head. */
  #run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let group = this.#queue[0]; group?.outcomes !== undefined; group = this.#queue[0]) {
        let outcome = 0;
        // Work may be added behind the last entry while it is run.
        for (let i = 0; i < group.entries.length && !this.#isClosed; i++) {
          const entry = group.entries[i]!;
          if (entry.kind === "work") entry.run();
          else entry.take(group.outcomes[outcome++]!, group.worker);
        }
        if (this.#isClosed) return;
        this.#queue.shift();
      }
    } finally {
      this.#isRunning = false;
    }
    this.#regulate();
  }

  #regulate(): void {
    const isSaturated = this.#queue.length >= this.#workers.length * GROUPS_AHEAD + 1;
    if (isSaturated === this.#isSaturated) return;
    this.#isSaturated = isSaturated;
    this.#events.saturated(isSaturated);
  }

  #fail(error: Error): void {
    if (this.#isClosed) return;
    this.#events.run(() => {
      throw error;
    });
  }

  #send({ thread }: PoolWorker, message: ToWorker): void {
    thread.post(message);
  }
}
