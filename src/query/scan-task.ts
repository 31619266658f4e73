/** What a query's thread and its workers say to each other. */

import type { PacketHeader } from "../ctf/packet-header.ts";
import type { StoredPacket } from "../ctf/stored-packet.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { Segment } from "../scan/kernel/memory/chunk.ts";
import type { MetIds } from "../scan/kernel/scan/met-classes.ts";
import type { ResumePoint, ScanSpec, TraceFacts } from "../scan/scanner.ts";
import type { WasmMemory } from "../wasm/runtime.ts";
import type { ExchangePart } from "./module-exchange.ts";

/** The query, and the traces that packets name by their number. */
export interface ScanQuery {
  readonly kind: "query";
  /** What compiled code needs. */
  readonly memory: WasmMemory | undefined;
  readonly spec: ScanSpec;
  /** Other threads of the query, with which compiled code is exchanged. */
  readonly exchange?: ExchangePart | undefined;
  readonly traces: readonly QueriedTrace[];
}

export interface QueriedTrace {
  readonly traceClass: TraceClass;
  readonly facts: TraceFacts;
  /** Event classes that compiled code has met so far. */
  readonly met: MetIds;
}

export type ToWorker =
  /** First. */
  | ScanQuery
  /** Packets to scan; `released` are the chunks of segments that this worker made and that are not needed any more. */
  | {
      readonly kind: "scan";
      readonly packets: readonly PacketTask[];
      readonly released: readonly number[];
    };

export interface PacketTask {
  readonly trace: number;
  readonly packet: StoredPacket;
  /** Where to go on in a packet of which a part has been scanned. */
  readonly resume?: ResumePoint | undefined;
}

/** A packet header whose stream class is named by its id: the classes of threads are copies of each other. */
export type HeaderFacts = Omit<PacketHeader, "streamClass" | "slots"> & {
  readonly streamClassId: number;
};

export type PacketOutcome<Rows = Segment> =
  | {
      readonly kind: "scanned";
      readonly header: HeaderFacts;
      readonly rows: readonly Rows[];
      readonly matched: number;
      readonly events: number;
      readonly error: ScanFailure | undefined;
      /** Where the packet goes on, if it was not scanned to its end. */
      readonly rest: ResumePoint | undefined;
      /** Where it stopped for an event class that may be declared later. */
      readonly undeclared: ResumePoint | undefined;
      /** Ids of event classes that compiled code has met for the first time. */
      readonly met: readonly number[];
    }
  /** Its file has gone, has shrunk, or cannot be read. */
  | { readonly kind: "unread"; readonly code: string; readonly message: string }
  /** Not even the header could be read. */
  | { readonly kind: "unreadable"; readonly error: ScanFailure }
  /** Only the interpreter can run the filter on it. */
  | { readonly kind: "must-interpret" };

/** A `DecodeError` on its way between threads. */
export interface ScanFailure {
  readonly code: string;
  readonly message: string;
  readonly bitOffset: number;
}

export type FromWorker<Rows = Segment> =
  /** In the order of the tasks, one for each packet. */
  | { readonly kind: "scanned"; readonly outcomes: readonly PacketOutcome<Rows>[] }
  /** The worker cannot go on: a file went away, or it has a defect. */
  | { readonly kind: "failed"; readonly code: string | undefined; readonly message: string };
