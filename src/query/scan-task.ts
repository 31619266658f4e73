/** What a query's thread and its workers say to each other. */

import type { PacketHeader } from "../ctf/packet-header.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { StoredPacket } from "../ctf/trace-directory.ts";
import type { ScanSpec, TraceFacts } from "../scan/scanner.ts";
import type { WasmMemory } from "../wasm/runtime.ts";

/** Chunks by address and rows. */
export type ChunkList = readonly { readonly address: number; readonly rows: number }[];

export type ToWorker =
  /** First: the query, and the traces that packets name by their number. */
  | {
      readonly kind: "query";
      readonly memory: WasmMemory;
      readonly spec: ScanSpec;
      readonly traces: readonly { readonly traceClass: TraceClass; readonly facts: TraceFacts }[];
    }
  /** Packets to scan; `released` are chunks of this worker's that are free again. */
  | {
      readonly kind: "scan";
      readonly packets: readonly PacketTask[];
      readonly released: ChunkList;
    };

export interface PacketTask {
  readonly trace: number;
  /** Tells streams apart. */
  readonly stream: number;
  readonly packet: StoredPacket;
}

/** A packet header whose stream class is named by its id: the classes of threads are copies of each other. */
export type HeaderFacts = Omit<PacketHeader, "streamClass" | "slots"> & {
  readonly streamClassId: number;
};

export type PacketOutcome =
  | {
      readonly kind: "scanned";
      readonly header: HeaderFacts;
      readonly chunks: ChunkList;
      readonly matched: number;
      readonly error: ScanFailure | undefined;
    }
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

export type FromWorker =
  /** In the order of the tasks, one for each packet. */
  | { readonly kind: "scanned"; readonly outcomes: readonly PacketOutcome[] }
  /** The worker cannot go on: a file went away, or it has a defect. */
  | { readonly kind: "failed"; readonly code: string | undefined; readonly message: string };
