/** A query's packets scanned by worker threads: gives them out, and takes what comes back into the query's stage. */

import { closeSync, openSync } from "node:fs";
import { DecodeError } from "../base/errors.ts";
import type { StreamOrigin, TraceOrigin } from "../base/item.ts";
import { instant } from "../ctf/clock.ts";
import { Slots } from "../ctf/field-cursor.ts";
import { type PacketHeader, readPacketHeader } from "../ctf/packet-header.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { StoredPacket } from "../ctf/trace-directory.ts";
import { type Loss, StreamCounters } from "../feed/losses.ts";
import { readStoredPacket } from "../feed/stored-packet.ts";
import type { ScanPool, WorkerChunk } from "./scan-pool.ts";
import type { ScanStage } from "./scan-stage.ts";
import type { PacketOutcome, ScanFailure } from "./scan-task.ts";

/** Lengths and selectors of the packet context were the worker's to use. */
const NO_SLOTS = new Slots(0);

interface StreamState {
  readonly number: number;
  readonly counters: StreamCounters;
}

export class PooledScan {
  readonly #pool: ScanPool;
  readonly #stage: ScanStage;
  readonly #traceNumbers: ReadonlyMap<TraceOrigin, number>;
  readonly #traceClasses: ReadonlyMap<TraceOrigin, TraceClass>;
  readonly #streams = new Map<StreamOrigin, StreamState>();
  readonly #lose: (loss: Loss) => void;
  /** From the packet on that only the interpreter can run, this thread reads and scans. */
  #isLocal = false;

  /** @param traceClasses in the order in which the pool knows them */
  constructor(
    pool: ScanPool,
    stage: ScanStage,
    traceClasses: ReadonlyMap<TraceOrigin, TraceClass>,
    lose: (loss: Loss) => void,
  ) {
    this.#pool = pool;
    this.#stage = stage;
    this.#traceClasses = traceClasses;
    this.#traceNumbers = new Map([...traceClasses.keys()].map((trace, number) => [trace, number]));
    this.#lose = lose;
  }

  packet(stream: StreamOrigin, packet: StoredPacket): void {
    const trace = this.#traceNumbers.get(stream.trace);
    if (trace === undefined) throw new Error(`no class for trace ${stream.trace.path}`);
    this.#pool.packet(trace, this.#state(stream).number, packet, (outcome, worker) =>
      this.#take(stream, packet, outcome, worker),
    );
  }

  /** Runs work when all packets before it have been taken. */
  after(work: () => void): void {
    this.#pool.after(work);
  }

  /** Runs work when all packets have been taken: there are no more. */
  finish(work: () => void): void {
    this.#pool.flush();
    this.#pool.after(work);
  }

  close(): void {
    this.#pool.close();
  }

  #take(stream: StreamOrigin, packet: StoredPacket, outcome: PacketOutcome, worker: number): void {
    if (outcome.kind === "must-interpret" || this.#isLocal) {
      this.#isLocal = true;
      this.#scanHere(stream, packet);
    } else if (outcome.kind === "unreadable") {
      this.#lose({ kind: "undecodable-packet", stream, error: decodeError(outcome.error) });
    } else {
      const traceClass = this.#traceClasses.get(stream.trace)!;
      const { streamClassId, ...facts } = outcome.header;
      const streamClass = traceClass.streamClasses.get(streamClassId)!;
      const header = { ...facts, streamClass, slots: NO_SLOTS };
      this.#count(stream, header);
      const rows = outcome.chunks.map((chunk): WorkerChunk => ({ ...chunk, worker }));
      this.#stage.scanned(
        { stream, header, traceClass },
        rows,
        outcome.matched,
        outcome.error && decodeError(outcome.error),
      );
    }
  }

  #scanHere(stream: StreamOrigin, packet: StoredPacket): void {
    const traceClass = this.#traceClasses.get(stream.trace)!;
    const bytes = new Uint8Array(packet.bytes);
    const file = openSync(packet.path, "r");
    try {
      readStoredPacket(file, packet, bytes);
    } finally {
      closeSync(file);
    }
    try {
      const header = readPacketHeader(bytes, traceClass);
      this.#count(stream, header);
      this.#stage.interpret(stream.trace, traceClass);
      const times = { beginNs: undefined, endNs: undefined };
      this.#stage.packet({ kind: "packet", stream, bytes, header, traceClass, ...times });
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#lose({ kind: "undecodable-packet", stream, error });
    }
  }

  #count(stream: StreamOrigin, header: PacketHeader): void {
    const { clock } = header.streamClass;
    const beginNs = instant(clock, header.begin) ?? 0n;
    const endNs = instant(clock, header.end) ?? 0n;
    for (const loss of this.#state(stream).counters.next(stream, header, beginNs, endNs))
      this.#lose(loss);
  }

  #state(stream: StreamOrigin): StreamState {
    let state = this.#streams.get(stream);
    if (state === undefined) {
      state = { number: this.#streams.size, counters: new StreamCounters() };
      this.#streams.set(stream, state);
    }
    return state;
  }
}

function decodeError({ code, message, bitOffset }: ScanFailure): DecodeError {
  return new DecodeError(code, message, bitOffset);
}
