/** Scans the packets of all traces of a query, one scanner for each, and holds what waits for newer metadata. */

import type { DecodeError } from "../base/errors.ts";
import type { StreamOrigin, TraceOrigin } from "../base/item.ts";
import type { ColumnBatch } from "../column/column.ts";
import type { PacketHeader } from "../ctf/packet-header.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { DecodedItem } from "../feed/decoded-item.ts";
import type { Loss } from "../feed/losses.ts";
import type { Segment } from "../scan/kernel/memory/chunk.ts";
import { MustInterpret } from "../scan/kernel/scan/scanner.ts";
import type { LineFormat } from "../scan/line-format.ts";
import type { ResumePoint, Scanner, ScanOutcome, ScanSpec } from "../scan/scanner.ts";
import type { Engine } from "./execution.ts";
import {
  canCompile,
  compilingExecutor,
  type Executor,
  interpretingExecutor,
  type PoolOfStage,
} from "./executor.ts";
import type { KernelStore } from "./order/kernel-store.ts";
import type { RowStore } from "./order/row-store.ts";

type PacketItem = DecodedItem & { kind: "packet" };

/** What either executor keeps rows in; a stage has one of them at a time. */
export type Rows = Segment | ColumnBatch;

export interface ScanOutputs {
  /** Rows have come into the store, or have only been counted. */
  rows(matched: number, late: number): void;
  loss(loss: Loss): void;
  /** The executor is about to change: the batch under assembly must leave first. */
  flush(): void;
  /** When a trace's rows begin, besides what the spec says; ns since the Unix epoch. */
  startNs(trace: TraceOrigin): bigint | undefined;
  /** Rows before this time are late. */
  readonly watermarkNs: bigint | undefined;
}

/** Packets that wait for an event class may take this much memory in all, and this long (ms). */
const MAX_WAITING_BYTES = 64 << 20;
const MAX_WAIT = 2000;

interface WaitingPacket {
  readonly bytes: Uint8Array;
  readonly header: PacketHeader;
  readonly resume: ResumePoint | undefined;
  readonly error: DecodeError;
  readonly since: number;
}

export class ScanStage {
  readonly #spec: ScanSpec;
  readonly #outputs: ScanOutputs;
  readonly #capacity: number;
  #executor: Executor<Rows>;
  /** Set while compiled code executes. */
  #kernelStore: KernelStore | undefined;
  readonly #scanners = new Map<TraceOrigin, Scanner<Rows>>();
  readonly #traceClasses = new Map<TraceOrigin, TraceClass>();
  readonly #ranked = new Set<StreamOrigin>();
  /** Packets of live streams, from the one on that named an event class not declared yet. */
  readonly #waiting = new Map<StreamOrigin, WaitingPacket[]>();
  #waitingBytes = 0;

  /**
   * @param engine the kernel gives way to the interpreter where there is no WebAssembly
   * @param capacity of a batch, in rows
   * @param pool threads that scan for the kernel, if it is not this one
   * @param lines what the kernel makes of rows instead of columns
   */
  constructor(
    spec: ScanSpec,
    engine: Engine,
    capacity: number,
    outputs: ScanOutputs,
    pool?: PoolOfStage,
    lines?: LineFormat,
  ) {
    this.#spec = spec;
    this.#capacity = capacity;
    this.#outputs = outputs;
    if (canCompile(engine)) {
      const compiling = compilingExecutor(spec, capacity, pool, lines);
      this.#kernelStore = compiling.store;
      this.#executor = compiling as Executor<Rows>;
    } else {
      this.#executor = interpretingExecutor(spec, capacity) as Executor<Rows>;
    }
  }

  /** Rows that wait, and the batch that is put together. */
  get store(): RowStore<Rows> {
    return this.#executor.store;
  }

  update(trace: TraceOrigin, traceClass: TraceClass): void {
    const scanner = this.#scanners.get(trace);
    if (scanner === undefined) return;
    this.#traceClasses.set(trace, traceClass);
    scanner.update(traceClass);
    // Those that still wait are put back.
    for (const stream of [...this.#waiting.keys()]) {
      if (stream.trace === trace) this.#retry(stream, scanner, traceClass);
    }
  }

  /** Whether a packet lies wholly outside the times that are asked for. */
  isOutside({ stream, beginNs, endNs }: Pick<PacketItem, "stream" | "beginNs" | "endNs">): boolean {
    const { end } = this.#spec;
    const begin = this.#beginOf(stream.trace);
    const isBefore = begin !== undefined && endNs !== undefined && endNs < begin;
    return isBefore || (end !== undefined && beginNs !== undefined && beginNs > end);
  }

  packet(item: PacketItem): void {
    if (this.isOutside(item)) return;
    const waiting = this.#waiting.get(item.stream);
    if (waiting !== undefined) {
      this.#wait(item.stream, item.bytes.slice(), item.header, undefined, waiting[0]!.error);
      return;
    }
    this.#scan(this.#scanner(item), item.stream, item.bytes, item.header, undefined);
  }

  /** Takes what a pool's thread has made of a packet. */
  scanned(
    { stream, header, traceClass }: Pick<PacketItem, "stream" | "header" | "traceClass">,
    rows: readonly Rows[],
    matched: number,
  ): void {
    this.#rank(stream, traceClass, header);
    this.#accept(stream, rows, matched);
  }

  /** A trace's scanner, while the stage interprets. */
  interpreter(trace: TraceOrigin, traceClass: TraceClass): Scanner<ColumnBatch> {
    return this.#scannerOf(trace, traceClass) as Scanner<ColumnBatch>;
  }

  /** From here on everything is interpreted; rows that are held go over. */
  interpret(trace: TraceOrigin, traceClass: TraceClass): void {
    if (this.#kernelStore === undefined) return;
    this.#outputs.flush();
    const interpreting = interpretingExecutor(this.#spec, this.#capacity);
    this.#kernelStore.moveTo(interpreting.store);
    this.#kernelStore = undefined;
    this.#executor = interpreting as Executor<Rows>;
    this.#scanners.clear();
    this.#scannerOf(trace, traceClass);
  }

  /**
   * Keeps a packet, from where it was left, until newer metadata declare what it holds.
   * @param error what it waits for, unless others of its stream wait already
   */
  keepWaiting(
    { stream, header, traceClass, bytes }: PacketItem,
    resume: ResumePoint | undefined,
    error: DecodeError | undefined,
  ): void {
    this.#traceClasses.set(stream.trace, traceClass);
    const why = error ?? this.#waiting.get(stream)![0]!.error;
    this.#wait(stream, bytes.slice(), header, resume, why);
  }

  /** Whether packets of this stream wait for metadata. */
  isWaiting(stream: StreamOrigin): boolean {
    return this.#waiting.has(stream);
  }

  endStream(stream: StreamOrigin): void {
    this.#giveUp(stream);
    this.#ranked.delete(stream);
    this.store.endStream(stream);
  }

  endTrace(trace: TraceOrigin): void {
    for (const stream of this.#waiting.keys()) if (stream.trace === trace) this.#giveUp(stream);
    this.#scanners.get(trace)?.close();
    this.#scanners.delete(trace);
    this.#traceClasses.delete(trace);
  }

  endAll(): void {
    for (const stream of this.#waiting.keys()) this.#giveUp(stream);
  }

  /** Takes over the packets that wait in another stage. */
  adopt(other: ScanStage): void {
    for (const [stream, packets] of other.#waiting) {
      const traceClass = other.#traceClasses.get(stream.trace);
      const [first] = packets;
      if (traceClass === undefined || first === undefined) continue;
      this.#rank(stream, traceClass, first.header);
      this.#scannerOf(stream.trace, traceClass);
      this.#waiting.set(stream, packets);
    }
    this.#waitingBytes += other.#waitingBytes;
    other.#waiting.clear();
    other.#waitingBytes = 0;
  }

  /** Counts packets as undecodable whose metadata did not come in time. */
  giveUpWaiting(): void {
    const now = performance.now();
    for (const [stream, [first]] of this.#waiting) {
      if (first !== undefined && now - first.since > MAX_WAIT) this.#giveUp(stream);
    }
  }

  #scan(
    scanner: Scanner<Rows>,
    stream: StreamOrigin,
    bytes: Uint8Array,
    header: PacketHeader,
    resume: ResumePoint | undefined,
  ): void {
    let outcome: ScanOutcome<Rows>;
    try {
      outcome = scanner.scan(bytes, header, resume);
    } catch (error) {
      if (!(error instanceof MustInterpret)) throw error;
      const traceClass = this.#traceClasses.get(stream.trace)!;
      this.interpret(stream.trace, traceClass);
      outcome = this.#scannerOf(stream.trace, traceClass).scan(bytes, header, resume);
    }
    const { rows, matched, error } = outcome;
    this.#accept(stream, rows, matched);
    if (error === undefined) return;
    const mayComeLater = outcome.resume !== undefined && stream.trace.session !== undefined;
    if (mayComeLater) this.#wait(stream, bytes.slice(), header, outcome.resume, error);
    else this.#lose(stream, error);
  }

  #accept(stream: StreamOrigin, rows: readonly Rows[], matched: number): void {
    if (matched === 0) return;
    const { watermarkNs } = this.#outputs;
    const late = watermarkNs === undefined ? 0 : this.store.countBefore(rows, watermarkNs);
    this.store.push(stream, rows);
    this.#outputs.rows(matched, late);
  }

  #wait(
    stream: StreamOrigin,
    bytes: Uint8Array,
    header: PacketHeader,
    resume: ResumePoint | undefined,
    error: DecodeError,
  ): void {
    if (this.#waitingBytes + bytes.length > MAX_WAITING_BYTES) this.#giveUp(stream);
    const waiting = this.#waiting.get(stream) ?? [];
    waiting.push({ bytes, header, resume, error, since: performance.now() });
    this.#waiting.set(stream, waiting);
    this.#waitingBytes += bytes.length;
  }

  #retry(stream: StreamOrigin, scanner: Scanner<Rows>, traceClass: TraceClass): void {
    for (const packet of this.#take(stream)) {
      const { id } = packet.header.streamClass;
      const streamClass = traceClass.streamClasses.get(id) ?? packet.header.streamClass;
      const header = { ...packet.header, streamClass };
      if (this.#waiting.has(stream))
        this.#wait(stream, packet.bytes, header, packet.resume, packet.error);
      else this.#scan(scanner, stream, packet.bytes, header, packet.resume);
    }
  }

  #giveUp(stream: StreamOrigin): void {
    for (const { error } of this.#take(stream)) this.#lose(stream, error);
  }

  #take(stream: StreamOrigin): readonly WaitingPacket[] {
    const packets = this.#waiting.get(stream) ?? [];
    this.#waiting.delete(stream);
    for (const { bytes } of packets) this.#waitingBytes -= bytes.length;
    return packets;
  }

  #lose(stream: StreamOrigin, error: DecodeError): void {
    this.#outputs.loss({ kind: "undecodable-packet", stream, error });
  }

  #scanner(item: PacketItem): Scanner<Rows> {
    const { stream, traceClass, header } = item;
    this.#rank(stream, traceClass, header);
    return this.#scannerOf(stream.trace, traceClass);
  }

  #rank(stream: StreamOrigin, traceClass: TraceClass, header: PacketHeader): void {
    if (this.#ranked.has(stream)) return;
    this.#ranked.add(stream);
    this.store.rank(stream, rankOf(stream, traceClass, header));
  }

  #beginOf(trace: TraceOrigin): bigint | undefined {
    const { begin } = this.#spec;
    const since = this.#outputs.startNs(trace);
    return since !== undefined && (begin === undefined || since > begin) ? since : begin;
  }

  #scannerOf(trace: TraceOrigin, traceClass: TraceClass): Scanner<Rows> {
    let scanner = this.#scanners.get(trace);
    if (scanner === undefined) {
      this.#traceClasses.set(trace, traceClass);
      const facts = { host: trace.host };
      scanner = this.#executor.scanner(traceClass, facts, this.#beginOf(trace));
      this.#scanners.set(trace, scanner);
    }
    return scanner;
  }
}

/**
 * babeltrace2 ranks events of equal time by trace UUID, trace name, stream class id and stream id; streams that have none, by
 * the names of their files (2.0.4, measured).
 */
function rankOf(stream: StreamOrigin, traceClass: TraceClass, header: PacketHeader): string {
  const uuid = Buffer.from(traceClass.uuid ?? []).toString("hex");
  const number = (id: number | bigint | undefined): string =>
    id === undefined ? "" : id.toString().padStart(20, "0");
  const { streamClass, instanceId } = header;
  return [uuid, stream.trace.path, number(streamClass.id), number(instanceId), stream.name].join(
    "\0",
  );
}
