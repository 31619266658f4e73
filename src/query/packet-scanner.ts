/** Reads stored packets of one query into the kernel's memory and scans them there. */

import { closeSync, openSync } from "node:fs";
import { DecodeError } from "../base/errors.ts";
import { type PacketHeader, readPacketHeader } from "../ctf/packet-header.ts";
import type { StoredPacket } from "../ctf/trace-directory.ts";
import { readStoredPacket } from "../feed/stored-packet.ts";
import { Kernel } from "../scan/kernel/kernel.ts";
import type { Chunk } from "../scan/kernel/memory/chunk.ts";
import { KernelScanner, MustInterpret } from "../scan/kernel/scan/scanner.ts";
import type { PacketOutcome, PacketTask, ScanFailure, ToWorker } from "./scan-task.ts";

/** Open files that are kept; tracefile rotation makes many. */
const MAX_FILES = 64;

export class PacketScanner {
  readonly #kernel: Kernel;
  readonly #scanners: readonly KernelScanner[];
  readonly #files = new Map<string, number>();

  constructor({ memory, spec, traces }: ToWorker & { kind: "query" }) {
    this.#kernel = new Kernel(spec.columns, memory);
    this.#scanners = traces.map(
      ({ traceClass, facts }) => new KernelScanner(spec, this.#kernel, traceClass, facts),
    );
  }

  scan({ packets, released }: ToWorker & { kind: "scan" }): PacketOutcome[] {
    for (const chunk of released) this.#kernel.chunks.give(chunk);
    // Packets of one stream share chunks as far as they fit.
    const open = new Map<number, Chunk>();
    return packets.map((task) => this.#packet(task, open));
  }

  #packet({ trace, stream, packet }: PacketTask, open: Map<number, Chunk>): PacketOutcome {
    const scanner = this.#scanners[trace]!;
    const bytes = this.#read(packet);
    let header: PacketHeader;
    try {
      header = readPacketHeader(bytes, scanner.traceClass);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { kind: "unreadable", error: failureOf(error) };
    }
    try {
      const last = open.get(stream);
      const outcome = scanner.scanInput(bytes, header, undefined, last);
      const chunks = outcome.rows.map(({ address, rows }) => ({ address, rows }));
      const newest = outcome.rows.at(-1);
      if (newest !== undefined && this.#kernel.chunks.hasRoom(newest)) open.set(stream, newest);
      else open.delete(stream);
      const { streamClass, slots: _, ...facts } = header;
      return {
        kind: "scanned",
        header: { ...facts, streamClassId: streamClass.id },
        chunks,
        matched: outcome.matched,
        error: outcome.error && failureOf(outcome.error),
      };
    } catch (error) {
      if (error instanceof MustInterpret) return { kind: "must-interpret" };
      throw error;
    }
  }

  #read(packet: StoredPacket): Uint8Array {
    const bytes = this.#kernel.memory.input(packet.bytes);
    readStoredPacket(this.#file(packet.path), packet, bytes);
    return bytes;
  }

  close(): void {
    for (const file of this.#files.values()) closeSync(file);
    this.#files.clear();
  }

  #file(path: string): number {
    let file = this.#files.get(path);
    if (file === undefined) {
      const [oldest] = this.#files;
      if (this.#files.size >= MAX_FILES && oldest !== undefined) {
        closeSync(oldest[1]);
        this.#files.delete(oldest[0]);
      }
      file = openSync(path, "r");
      this.#files.set(path, file);
    }
    return file;
  }
}

function failureOf({ code, message, bitOffset }: DecodeError): ScanFailure {
  return { code, message, bitOffset };
}
