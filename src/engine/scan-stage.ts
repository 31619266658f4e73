/** Scans the packets of all traces of a query, one scanner for each, and holds what waits for newer metadata. */

import type { DecodeError } from "../base/errors.ts";
import type { StreamOrigin, TraceOrigin } from "../base/item.ts";
import type { PacketHeader } from "../ctf/packet-header.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { ColumnBatch } from "../scan/column.ts";
import { SharedDictionary } from "../scan/column-builder.ts";
import { InterpretingScanner } from "../scan/interpreter.ts";
import { type Kernel, KernelScanner, newKernel } from "../scan/kernel/scanner.ts";
import type { ResumePoint, Scanner, ScanSpec } from "../scan/scanner.ts";
import { hasWasm } from "../wasm/runtime.ts";
import type { DecodedItem } from "./decoded-item.ts";
import type { Loss } from "./losses.ts";

type PacketItem = DecodedItem & { kind: "packet" };

/** Who executes the scan: compiled code, or the interpreter that is its oracle. */
export type Engine = "kernel" | "interpreter";

export interface ScanOutputs {
  /** Rows of one stream in its order; `rank` decides between equal times of different streams. */
  rows(stream: StreamOrigin, rank: string, batch: ColumnBatch): void;
  loss(loss: Loss): void;
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
  readonly #kernel: Kernel | undefined;
  readonly #scanners = new Map<TraceOrigin, Scanner>();
  readonly #ranks = new Map<StreamOrigin, string>();
  /** Packets of live streams, from the one on that named an event class not declared yet. */
  readonly #waiting = new Map<StreamOrigin, WaitingPacket[]>();
  #waitingBytes = 0;

  /** @param engine the kernel gives way to the interpreter where there is no WebAssembly */
  constructor(spec: Omit<ScanSpec, "dictionaries">, engine: Engine, outputs: ScanOutputs) {
    this.#kernel = engine === "kernel" && hasWasm() ? newKernel(spec.columns) : undefined;
    this.#spec = { ...spec, dictionaries: spec.columns.map(() => new SharedDictionary()) };
    this.#outputs = outputs;
  }

  update(trace: TraceOrigin, traceClass: TraceClass): void {
    const scanner = this.#scanners.get(trace);
    if (scanner === undefined) return;
    scanner.update(traceClass);
    for (const stream of this.#waiting.keys()) {
      if (stream.trace === trace) this.#retry(stream, scanner, traceClass);
    }
  }

  packet(item: PacketItem): void {
    const { begin, end } = this.#spec;
    if (begin !== undefined && item.endNs !== undefined && item.endNs < begin) return;
    if (end !== undefined && item.beginNs !== undefined && item.beginNs > end) return;
    const waiting = this.#waiting.get(item.stream);
    if (waiting !== undefined) {
      this.#wait(item.stream, item.bytes.slice(), item.header, undefined, waiting[0]!.error);
      return;
    }
    this.#scan(this.#scanner(item), item.stream, item.bytes, item.header, undefined);
  }

  /** Whether packets of this stream wait for metadata. */
  isWaiting(stream: StreamOrigin): boolean {
    return this.#waiting.has(stream);
  }

  endStream(stream: StreamOrigin): void {
    this.#giveUp(stream);
    this.#ranks.delete(stream);
  }

  endTrace(trace: TraceOrigin): void {
    for (const stream of this.#waiting.keys()) if (stream.trace === trace) this.#giveUp(stream);
    this.#scanners.delete(trace);
  }

  endAll(): void {
    for (const stream of this.#waiting.keys()) this.#giveUp(stream);
  }

  /** Counts packets as undecodable whose metadata did not come in time. */
  giveUpWaiting(): void {
    const now = performance.now();
    for (const [stream, [first]] of this.#waiting) {
      if (first !== undefined && now - first.since > MAX_WAIT) this.#giveUp(stream);
    }
  }

  #scan(
    scanner: Scanner,
    stream: StreamOrigin,
    bytes: Uint8Array,
    header: PacketHeader,
    resume: ResumePoint | undefined,
  ): void {
    const outcome = scanner.scan(bytes, header, resume);
    for (const batch of outcome.batches) {
      this.#outputs.rows(stream, this.#ranks.get(stream) ?? "", batch);
    }
    if (outcome.error === undefined) return;
    const mayComeLater = outcome.resume !== undefined && stream.trace.session !== undefined;
    if (mayComeLater) this.#wait(stream, bytes.slice(), header, outcome.resume, outcome.error);
    else this.#lose(stream, outcome.error);
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

  #retry(stream: StreamOrigin, scanner: Scanner, traceClass: TraceClass): void {
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

  #scanner(item: PacketItem): Scanner {
    const { trace } = item.stream;
    if (!this.#ranks.has(item.stream)) this.#ranks.set(item.stream, rankOf(item));
    let scanner = this.#scanners.get(trace);
    if (scanner === undefined) {
      const facts = { host: trace.host };
      scanner =
        this.#kernel === undefined
          ? new InterpretingScanner(this.#spec, item.traceClass, facts)
          : new KernelScanner(this.#spec, this.#kernel, item.traceClass, facts);
      this.#scanners.set(trace, scanner);
    }
    return scanner;
  }
}

/** babeltrace2 ranks events of equal time by trace UUID, trace name, stream class id and stream id (2.0.4, measured). */
function rankOf({ stream, traceClass, header }: PacketItem): string {
  const uuid = Array.from(traceClass.uuid ?? [], (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
  const number = (id: number | bigint): string => id.toString().padStart(20, "0");
  return `${uuid}/${stream.trace.path}/${number(header.streamClass.id)}/${number(header.instanceId ?? 0n)}`;
}
