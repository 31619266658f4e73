/**
 * Threads that scan the packets of recorded traces, compiled code in memory that all share. Packets are given out in groups;
 * their outcomes are taken in their order, whichever thread is done first, and in step with all else that happens
 * between them.
 */

import { Worker } from "node:worker_threads";
import { SourceError } from "../base/errors.ts";
import { exchangeParts } from "./module-exchange.ts";
import type { FromWorker, PacketOutcome, PacketTask, ScanQuery, ToWorker } from "./scan-task.ts";
import type { ScanThread } from "./scan-thread.ts";

/** A group is given out when it has so many bytes or packets. */
const GROUP_BYTES = 1 << 20;
const GROUP_PACKETS = 64;
/** Groups that a worker may have before it; the first of them is being scanned. */
const GROUPS_AHEAD = 2;

/** Called with the outcome of a packet, and the number of the worker that scanned it. */
export type Take<Rows> = (outcome: PacketOutcome<Rows>, worker: number) => void;

/** What happens, in order: outcomes of packets, and work between them. */
type Entry<Rows> =
  | {
      readonly kind: "packet";
      readonly task: PacketTask;
      /** When the packet begins, ns since the Unix epoch. */
      readonly beginNs: bigint | undefined;
      readonly take: Take<Rows>;
    }
  | { readonly kind: "work"; readonly run: () => void };

interface Group<Rows> {
  readonly entries: Entry<Rows>[];
  bytes: number;
  packets: number;
  worker: number;
  /** Of its packets from `firstOutcome` on. */
  outcomes: readonly PacketOutcome<Rows>[] | undefined;
  /** Entries that have happened, and outcomes that were taken. */
  next: number;
  taken: number;
}

interface PoolWorker<Rows> {
  readonly thread: ScanThread<Rows>;
  /** Groups that it has, in order. */
  readonly groups: Group<Rows>[];
  released: number[];
}

export interface PoolEvents {
  /** Runs what results lead to; takes what it throws. */
  run(work: () => void): void;
  /** Too much is under way, or not any more. */
  saturated(isSaturated: boolean): void;
  /** Whether nothing more is to be taken for now: the receiver of the rows is slow. Then `resume` is called. */
  isPaused(): boolean;
  /** Puts what comes before a packet into the pool's queue (`packetFirst`), if anything does; whether it has. */
  putFirst(beginNs: bigint | undefined): boolean;
}

/** Threads started ahead of the query that will need them: they boot while metadata is read. */
export function startWorkers(count: number): Worker[] {
  return Array.from({ length: count }, () => {
    const worker = new Worker(new URL("./scan-worker.js", import.meta.url));
    worker.unref();
    return worker;
  });
}

export class ScanPool<Rows> {
  readonly #query: ScanQuery;
  readonly #events: PoolEvents;
  readonly #queue: Group<Rows>[] = [];
  #workers: PoolWorker<Rows>[];
  #open: Group<Rows> | undefined;
  #isSaturated = false;
  /** Nothing more is wanted. */
  #isSealed = false;
  #isRunning = false;
  #isClosed = false;

  constructor(threads: readonly ScanThread<Rows>[], query: ScanQuery, events: PoolEvents) {
    this.#query = query;
    this.#events = events;
    this.#workers = this.#start(threads);
  }

  /** Gives a packet out. `take` is called with what becomes of it, after all that was asked for before. */
  packet(task: PacketTask, beginNs: bigint | undefined, take: Take<Rows>): void {
    this.#open ??= newGroup();
    const group = this.#open;
    add(group, { kind: "packet", task, beginNs, take });
    const isIdle = this.#queue.length < this.#workers.length;
    if (group.bytes >= GROUP_BYTES || group.packets >= GROUP_PACKETS || isIdle) this.flush();
  }

  /** Gives a packet out that is taken before anything else that has not happened yet. */
  packetFirst(task: PacketTask, take: Take<Rows>): void {
    const group = newGroup<Rows>();
    add(group, { kind: "packet", task, beginNs: undefined, take });
    this.#queue.unshift(group);
    this.#give(group);
  }

  /** Runs work when all packets before it have been taken. */
  after(run: () => void): void {
    const group = this.#open ?? this.#queue.at(-1);
    if (group === undefined) run();
    else group.entries.push({ kind: "work", run });
  }

  /** Gives out what has been kept to be a larger group. */
  flush(): void {
    const group = this.#open;
    if (group === undefined) return;
    this.#open = undefined;
    this.#queue.push(group);
    this.#give(group);
    this.#regulate();
  }

  /** Takes no more packets: what it has is the end. */
  seal(): void {
    this.flush();
    this.#isSealed = true;
    this.#regulate();
  }

  /** Rows of a chunk that are not needed any more: its worker may fill it again when nothing else is in it. */
  release(worker: number, chunk: number): void {
    this.#workers[worker]?.released.push(chunk);
  }

  /** Goes on with another thread, from the packet on whose outcome is being taken. */
  restart(thread: ScanThread<Rows>): void {
    this.#end();
    const [current] = this.#queue;
    if (current !== undefined) current.next--;
    this.#workers = this.#start([thread]);
    for (const group of this.#queue) {
      group.outcomes = undefined;
      group.taken = 0;
      this.#give(group);
    }
  }

  /** Goes on taking what is ready. */
  resume(): void {
    this.#events.run(() => this.#run());
  }

  close(): void {
    this.#isClosed = true;
    this.#queue.length = 0;
    this.#end();
  }

  #start(threads: readonly ScanThread<Rows>[]): PoolWorker<Rows>[] {
    const workers = threads.map((thread) => ({ thread, groups: [], released: [] }));
    const parts = exchangeParts(threads.length);
    for (const [i, worker] of workers.entries()) {
      worker.thread.listen(
        (message) => this.#answered(worker, message),
        (error) => this.#fail(error),
      );
      send(worker, { ...this.#query, exchange: parts[i] });
    }
    return workers;
  }

  #end(): void {
    for (const { thread } of this.#workers) thread.close();
    this.#workers = [];
  }

  #give(group: Group<Rows>): void {
    const worker = this.#workers.reduce((best, one) =>
      one.groups.length < best.groups.length ? one : best,
    );
    group.worker = this.#workers.indexOf(worker);
    worker.groups.push(group);
    const { released } = worker;
    worker.released = [];
    const packets = group.entries
      .slice(group.next)
      .flatMap((entry) => (entry.kind === "packet" ? [entry.task] : []));
    send(worker, { kind: "scan", packets, released });
  }

  #answered(worker: PoolWorker<Rows>, message: FromWorker<Rows>): void {
    if (this.#isClosed || !this.#workers.includes(worker)) return;
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
      let [group] = this.#queue;
      while (group?.outcomes !== undefined && !this.#events.isPaused()) {
        this.#happen(group);
        [group] = this.#queue;
      }
    } finally {
      this.#isRunning = false;
    }
    // A source that has nothing more for now keeps no group open.
    if (this.#queue.length === 0) this.flush();
    this.#regulate();
  }

  /** Lets a group's entries happen, until something is put before it. Work may be added behind the last entry meanwhile. */
  #happen(group: Group<Rows>): void {
    while (group.next < group.entries.length) {
      const entry = group.entries[group.next]!;
      if (entry.kind === "packet" && this.#events.putFirst(entry.beginNs)) return;
      group.next++;
      if (entry.kind === "work") entry.run();
      else entry.take(group.outcomes![group.taken++]!, group.worker);
      const isFirst = this.#queue[0] === group && group.outcomes !== undefined;
      if (!isFirst || this.#events.isPaused()) return;
    }
    this.#queue.shift();
  }

  #regulate(): void {
    if (this.#isClosed) return;
    const isFull = this.#queue.length >= this.#workers.length * GROUPS_AHEAD + 1;
    const isSaturated = isFull || this.#isSealed;
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
}

function newGroup<Rows>(): Group<Rows> {
  return { entries: [], bytes: 0, packets: 0, worker: -1, outcomes: undefined, next: 0, taken: 0 };
}

function add<Rows>(group: Group<Rows>, entry: Entry<Rows> & { kind: "packet" }): void {
  group.entries.push(entry);
  group.bytes += entry.task.packet.bytes;
  group.packets++;
}

function send<Rows>({ thread }: PoolWorker<Rows>, message: ToWorker): void {
  thread.post(message);
}
