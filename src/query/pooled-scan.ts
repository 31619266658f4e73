/**
 * A query's stored packets, scanned by a pool's threads: gives them out, and takes what comes back into the query's stage.
 *
 * A packet may come back in parts. What is left of it then waits until everything that begins before it has been taken, as
 * if it were a packet that begins there: so that little is held, however large packets are.
 */

import { type DecodeError, SourceError } from "../base/errors.ts";
import { Heap } from "../base/heap.ts";
import type { StreamOrigin, TraceOrigin } from "../base/item.ts";
import type { ColumnBatch } from "../column/column.ts";
import { instant } from "../ctf/clock.ts";
import type { PacketHeader } from "../ctf/packet-header.ts";
import { unread } from "../ctf/recorded.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { DecodedItem } from "../feed/decoded-item.ts";
import { type Loss, StreamCounters } from "../feed/losses.ts";
import type { Segment } from "../scan/kernel/memory/chunk.ts";
import { MAX_PAGES } from "../scan/kernel/memory/memory.ts";
import type { Release } from "../scan/kernel/order/merger.ts";
import { keepMet, meetIds, recallMet } from "../scan/kernel/scan/met-classes.ts";
import type { ResumePoint, ScanSpec } from "../scan/scanner.ts";
import type { Gate } from "../source/gate.ts";
import { wasmMemory } from "../wasm/runtime.ts";
import type { Execution } from "./execution.ts";
import { canCompile, type PoolOfStage } from "./executor.ts";
import { type HeldPacket, HeldReader } from "./held-reader.ts";
import { compiledScanner, interpretingScanner } from "./open-scanner.ts";
import { decodeError, headerOf } from "./part-scanner.ts";
import { type PoolEvents, ScanPool } from "./scan-pool.ts";
import type { Rows, ScanStage } from "./scan-stage.ts";
import type { PacketOutcome, ScanFailure, ScanQuery } from "./scan-task.ts";
import { OwnThread, type ScanThread, WorkerThread } from "./scan-thread.ts";

/** A segment that goes back to the worker that made it. */
export interface WorkerSegment extends Segment {
  readonly worker: number;
}

/** A packet that the pool is given: of a recorded trace, or of one that may grow. */
export type PooledPacket = DecodedItem & { kind: "stored-packet" | "held-packet" };

/** What is left of a packet. */
interface Rest {
  readonly given: PooledPacket;
  readonly resume: ResumePoint;
  /** Where it begins, ns since the Unix epoch; nothing where there is no clock. */
  readonly ns: bigint | undefined;
}

export interface PooledEvents extends Pick<PoolEvents, "run" | "saturated" | "isPaused"> {
  lose(loss: Loss): void;
  /** Nothing of the stream's packet at hand comes before a time; `undefined`: it has been scanned to its end. */
  hold(stream: StreamOrigin, ns: bigint | undefined): void;
  /** Part of a packet has been taken. */
  advanced(): void;
}

export class PooledScan {
  readonly #pool: ScanPool<Rows>;
  readonly #stage: ScanStage;
  readonly #traces: readonly TraceOrigin[];
  readonly #traceClasses: ReadonlyMap<TraceOrigin, TraceClass>;
  readonly #counters = new Map<StreamOrigin, StreamCounters>();
  readonly #events: PooledEvents;
  readonly #held = new HeldReader();
  /** Packets under way whose files are held. */
  readonly #holding = new Set<HeldPacket>();
  readonly #rests = new Heap<Rest>([], isBefore);
  /** What is to happen when the stream's packet at hand has been scanned to its end. */
  readonly #unfinished = new Map<StreamOrigin, (() => void)[]>();
  readonly #onClose: () => void;
  #isInterpreted: boolean;

  /** @param traceClasses in the order in which the query's traces are */
  constructor(
    threads: readonly ScanThread<Rows>[],
    query: ScanQuery,
    stage: ScanStage,
    traceClasses: ReadonlyMap<TraceOrigin, TraceClass>,
    events: PooledEvents,
    onClose: () => void,
  ) {
    this.#onClose = onClose;
    this.#stage = stage;
    this.#traces = [...traceClasses.keys()];
    this.#traceClasses = traceClasses;
    this.#isInterpreted = query.memory === undefined;
    this.#events = events;
    const { run, saturated, isPaused } = events;
    this.#pool = new ScanPool(threads, query, {
      run,
      saturated,
      isPaused,
      putFirst: (beginNs) => this.#putFirst(beginNs),
    });
  }

  packet(given: PooledPacket): void {
    const { stream, packet, beginNs } = given;
    if (given.kind === "held-packet") {
      if (this.#stage.isOutside(given)) return;
      given.file.hold();
      this.#holding.add(given);
    }
    const trace = this.#numberOf(stream.trace);
    this.#pool.packet({ trace, packet }, beginNs, (outcome, worker) =>
      this.#take(given, outcome, worker, undefined),
    );
  }

  /** Runs work when all packets before it have been taken. */
  after(work: () => void): void {
    this.#pool.after(work);
  }

  /** Runs work when a stream's packet at hand has been scanned to its end; false if it has. */
  afterPacket(stream: StreamOrigin, work: () => void): boolean {
    this.#unfinished.get(stream)?.push(work);
    return this.#unfinished.has(stream);
  }

  /** Runs work when all packets have been taken: there are no more. */
  finish(work: () => void): void {
    this.#pool.seal();
    this.#pool.after(() => {
      if (this.#rests.first === undefined) {
        work();
        return;
      }
      this.#giveRest();
      this.finish(work);
    });
  }

  release({ worker, address }: WorkerSegment): void {
    this.#pool.release(worker, address);
  }

  /** Goes on after a pause. */
  resume(): void {
    this.#pool.resume();
  }

  close(): void {
    this.#onClose();
    this.#pool.close();
    for (const given of this.#holding) this.#letGo(given);
    keepMet(this.#traceClasses.values());
  }

  /** Gives the first rest out if it comes before a packet that begins then; whether it does. */
  #putFirst(beginNs: bigint | undefined): boolean {
    const rest = this.#rests.first;
    if (rest === undefined) return false;
    const { ns } = rest;
    const comesFirst = ns === undefined || (beginNs !== undefined && ns <= beginNs);
    if (comesFirst) this.#giveRest();
    return comesFirst;
  }

  #giveRest(): void {
    const { given, resume } = this.#rests.first!;
    this.#rests.removeFirst();
    const { stream, packet } = given;
    const task = { trace: this.#numberOf(stream.trace), packet, resume };
    this.#pool.packetFirst(task, (outcome, worker) => this.#take(given, outcome, worker, resume));
  }

  #take(
    given: PooledPacket,
    outcome: PacketOutcome<Rows>,
    worker: number,
    resume: ResumePoint | undefined,
  ): void {
    const { stream } = given;
    switch (outcome.kind) {
      case "must-interpret":
        this.#interpret(stream.trace);
        return;
      case "unread":
        this.#unread(stream, new SourceError(outcome.code, outcome.message));
        break;
      case "unreadable":
        this.#lose(stream, outcome.error);
        break;
      case "scanned": {
        const { rows, matched, error, rest, met } = outcome;
        const traceClass = this.#traceClasses.get(stream.trace)!;
        const header = headerOf(outcome.header, traceClass);
        meetIds(header.streamClass, met);
        const isHeld = given.kind === "held-packet";
        if (resume === undefined && !isHeld) this.#count(stream, header, given.packet.path);
        const own = this.#isInterpreted ? rows : rows.map((one) => ({ ...one, worker }));
        if (isHeld && this.#mayNotBeTaken(given, header, resume)) {
          if (!this.#isInterpreted) for (const one of own) this.release(one as WorkerSegment);
          break;
        }
        this.#stage.scanned({ stream, header, traceClass }, own as readonly Rows[], matched);
        if (isHeld && outcome.undeclared !== undefined)
          this.#wait(given, outcome.undeclared, decodeError(error!));
        else if (error !== undefined) this.#lose(stream, error);
        if (rest !== undefined) {
          this.#park(given, rest, header);
          return;
        }
      }
    }
    this.#end(given);
  }

  /** Whether what was scanned is not the packet that was found, or others of its stream wait: then it is lost, or waits too. */
  #mayNotBeTaken(
    given: HeldPacket,
    header: PacketHeader,
    resume: ResumePoint | undefined,
  ): boolean {
    const { stream, packet } = given;
    if (!isSamePacket(header, given.header)) {
      const message = `${packet.path}: packet at byte ${packet.byteOffset}: written over before it was read`;
      this.#events.lose(unread(stream, new SourceError("SOURCE_TRUNCATED", message)));
      return true;
    }
    if (!this.#stage.isWaiting(stream)) return false;
    this.#wait(given, resume, undefined);
    return true;
  }

  #wait(given: HeldPacket, resume: ResumePoint | undefined, error: DecodeError | undefined): void {
    const item = this.#held.read(given);
    if (item.kind === "loss") this.#events.lose(item.loss);
    else this.#stage.keepWaiting(item, resume, error);
  }

  #park(given: PooledPacket, resume: ResumePoint, { streamClass: { clock } }: PacketHeader): void {
    const { stream } = given;
    const cycles = (BigInt(resume.clockHi >>> 0) << 32n) | BigInt(resume.clockLo >>> 0);
    const ns = instant(clock, cycles);
    this.#rests.add({ given, resume, ns });
    if (!this.#unfinished.has(stream)) this.#unfinished.set(stream, []);
    if (ns !== undefined) this.#events.hold(stream, ns);
    this.#events.advanced();
  }

  #end(given: PooledPacket): void {
    const { stream } = given;
    if (given.kind === "held-packet") this.#letGo(given);
    const works = this.#unfinished.get(stream);
    if (works === undefined) return;
    this.#unfinished.delete(stream);
    this.#events.hold(stream, undefined);
    this.#events.advanced();
    for (const work of works) work();
  }

  #letGo(given: HeldPacket): void {
    this.#holding.delete(given);
    given.file.release();
  }

  /** From here on the interpreter scans, in this thread. */
  #interpret(trace: TraceOrigin): void {
    this.#isInterpreted = true;
    this.#stage.interpret(trace, this.#traceClasses.get(trace)!);
    this.#pool.restart(interpretingThread(this.#stage, this.#traceClasses) as ScanThread<Rows>);
  }

  #unread(stream: StreamOrigin, error: SourceError): void {
    // The account of a packet that is held is not kept here.
    this.#countersOf(stream).onReported(1);
    this.#events.lose(unread(stream, error));
  }

  #lose(stream: StreamOrigin, failure: ScanFailure): void {
    this.#events.lose({ kind: "undecodable-packet", stream, error: decodeError(failure) });
  }

  #count(stream: StreamOrigin, header: PacketHeader, path: string): void {
    const { clock } = header.streamClass;
    const beginNs = instant(clock, header.begin);
    const endNs = instant(clock, header.end);
    for (const loss of this.#countersOf(stream).next(stream, header, beginNs, endNs, path))
      this.#events.lose(loss);
  }

  #countersOf(stream: StreamOrigin): StreamCounters {
    let counters = this.#counters.get(stream);
    if (counters === undefined) {
      counters = new StreamCounters();
      this.#counters.set(stream, counters);
    }
    return counters;
  }

  #numberOf(trace: TraceOrigin): number {
    const number = this.#traces.indexOf(trace);
    if (number === -1) throw new Error(`no class for trace ${trace.path}`);
    return number;
  }
}

/** What a query and its pool have to do with each other. */
export interface PoolOwner extends Omit<PooledEvents, "saturated" | "isPaused"> {
  /** Makes the stage that takes the pool's rows. @param pool unless the interpreter scans */
  stage(pool: PoolOfStage | undefined): ScanStage;
}

/** Memory that a query's threads share, in pages of 64 KiB. */
const FIRST_PAGES = 64;

/**
 * A pool for a query's stored packets: the query's threads, or its own thread where there are none or they would be idle.
 * @param gate held while the pool has more than enough to do; others hold it to pause the pool
 */
export function startPool(
  spec: ScanSpec,
  { engine = "kernel", threads = [], flushOnWatermark }: Execution,
  traceClasses: ReadonlyMap<TraceOrigin, TraceClass>,
  gate: Gate,
  owner: PoolOwner,
): PooledScan {
  const traces = [...traceClasses].map(([{ host }, traceClass]) => ({
    traceClass,
    facts: { host },
    met: recallMet(traceClass),
  }));
  const isCompiled = canCompile(engine);
  const memory = isCompiled ? wasmMemory(FIRST_PAGES, MAX_PAGES, true) : undefined;
  const release: Release = (segment) => pooled.release(segment as WorkerSegment);
  const stage = owner.stage(memory && { memory, traces, release });
  const workers: ScanThread<Rows>[] = threads.map((one) => new WorkerThread(one));
  // Where rows are only counted, or are few, this thread has nothing else to do.
  const isIdle = spec.countsOnly === true || spec.fold !== undefined || flushOnWatermark === true;
  if (workers.length === 0 || isIdle) workers.push(new OwnThread(compiledScanner));
  let letGo: (() => void) | undefined;
  /** Whether anyone but the pool itself holds the gate. */
  const isPaused = (): boolean => gate.holders > (letGo === undefined ? 0 : 1);
  const unwatch = gate.watch(() => {
    if (!isPaused()) pooled.resume();
  });
  const saturated = (isSaturated: boolean): void => {
    if (isSaturated) letGo ??= gate.hold();
    else {
      letGo?.();
      letGo = undefined;
    }
  };
  const scanning = isCompiled ? workers : [interpretingThread(stage, traceClasses)];
  const query = { kind: "query", memory, spec, traces } as const;
  const events = { ...owner, isPaused, saturated };
  const onClose = (): void => {
    unwatch();
    saturated(false);
  };
  const pooled = new PooledScan(scanning, query, stage, traceClasses, events, onClose);
  return pooled;
}

/** The interpreter as the thread of a pool. */
function interpretingThread(
  stage: ScanStage,
  traceClasses: ReadonlyMap<TraceOrigin, TraceClass>,
): ScanThread<ColumnBatch> {
  const traces = [...traceClasses];
  return new OwnThread(({ spec }) =>
    interpretingScanner(
      spec,
      (trace) => traces[trace]![1],
      (trace) => stage.interpreter(...traces[trace]!),
    ),
  );
}

/** Numbers are enough to know a packet by: a ring of files writes others to the same place. */
function isSamePacket(a: PacketHeader, b: PacketHeader): boolean {
  return a.sequenceNumber === b.sequenceNumber && a.discardedEvents === b.discardedEvents;
}

function isBefore(a: Rest, b: Rest): boolean {
  return b.ns !== undefined && (a.ns === undefined || a.ns < b.ns);
}
