/** The scanner of a query's stored packets, with compiled code or with the interpreter. */

import type { ColumnBatch } from "../column/column.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import { Kernel } from "../scan/kernel/kernel.ts";
import type { Segment } from "../scan/kernel/memory/chunk.ts";
import { meetAll } from "../scan/kernel/scan/met-classes.ts";
import { KernelScanner } from "../scan/kernel/scan/scanner.ts";
import type { Scanner, ScanSpec } from "../scan/scanner.ts";
import { exchangeModules } from "../wasm/module-cache.ts";
import { pageAligned } from "../wasm/page-aligned.ts";
import { SharedModules } from "./module-exchange.ts";
import { PartScanner } from "./part-scanner.ts";
import type { PacketOutcome, PacketTask, ScanQuery } from "./scan-task.ts";

export interface OpenScanner<Rows> {
  /** Scans a part of a packet. @param until as in `ScanBudget` */
  scan(task: PacketTask, until: number): PacketOutcome<Rows>;
  /** Segments in these chunks are not needed any more. */
  release(chunks: readonly number[]): void;
  close(): void;
}

/** Rows of a packet that are held at most before others get their turn. */
const MOST_PART_ROWS = 1 << 16;

function partRows({ limit = MOST_PART_ROWS }: Pick<ScanSpec, "limit">): number {
  return Math.min(limit, MOST_PART_ROWS);
}

/** Compiled code, on memory that the query's thread and its workers share. */
export function compiledScanner({
  memory,
  spec,
  traces,
  exchange,
}: ScanQuery): OpenScanner<Segment> {
  const modules = exchange && new SharedModules(exchange);
  exchangeModules(modules);
  const kernel = new Kernel(spec.columns, memory);
  const scanners = traces.map(({ traceClass, facts, met }) => {
    meetAll(traceClass, met);
    return new KernelScanner(spec, kernel, traceClass, facts);
  });
  const parts = new PartScanner<Segment>({
    buffer: (bytes) => kernel.memory.input(bytes),
    traceClass: (trace) => scanners[trace]!.traceClass,
    scan: (trace, { bytes, header }, resume, budget) =>
      scanners[trace]!.scanInput(bytes, header, resume, budget),
  });
  const rows = partRows(spec);
  return {
    scan: (task, until) => parts.scan(task, { rows, until }),
    release(chunks) {
      for (const address of chunks) kernel.chunks.give({ address });
    },
    close() {
      parts.close();
      if (modules === undefined) return;
      exchangeModules(undefined);
      modules.close();
    },
  };
}

/** The interpreter: it needs no memory but the process's. Traces are named by their numbers. */
export function interpretingScanner(
  spec: Pick<ScanSpec, "limit">,
  traceClassOf: (trace: number) => TraceClass,
  scannerOf: (trace: number) => Scanner<ColumnBatch>,
): OpenScanner<ColumnBatch> {
  let memory = new Uint8Array(0);
  const parts = new PartScanner<ColumnBatch>({
    buffer(bytes) {
      if (memory.length < bytes) memory = pageAligned(bytes);
      return memory.subarray(0, bytes);
    },
    traceClass: traceClassOf,
    scan: (trace, { bytes, header }, resume, budget) =>
      scannerOf(trace).scan(bytes, header, resume, budget),
  });
  const rows = partRows(spec);
  return {
    scan: (task, until) => parts.scan(task, { rows, until }),
    release() {},
    close: () => parts.close(),
  };
}
