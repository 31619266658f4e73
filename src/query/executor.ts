/** What executes a query's scans, and holds their rows: compiled code, or the reference interpreter. */

import type { ColumnBatch } from "../column/column.ts";
import { SharedDictionary } from "../column/column-builder.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import { InterpretingScanner } from "../scan/interpreter.ts";
import { Kernel } from "../scan/kernel/kernel.ts";
import type { Segment } from "../scan/kernel/memory/chunk.ts";
import type { Release } from "../scan/kernel/order/merger.ts";
import { recallMet } from "../scan/kernel/scan/met-classes.ts";
import { declareConstants, KernelScanner } from "../scan/kernel/scan/scanner.ts";
import type { LineFormat } from "../scan/line-format.ts";
import type { Scanner, ScanSpec, TraceFacts } from "../scan/scanner.ts";
import { hasWasm, type WasmMemory } from "../wasm/runtime.ts";
import type { Engine } from "./execution.ts";
import { HeapStore } from "./order/heap-store.ts";
import { KernelStore } from "./order/kernel-store.ts";
import type { RowStore } from "./order/row-store.ts";

/** Workers of a query, and the traces that they know. */
export interface PoolOfStage {
  readonly memory: WasmMemory;
  readonly traces: readonly { readonly traceClass: TraceClass; readonly facts: TraceFacts }[];
  readonly release: Release;
}

export interface Executor<Rows> {
  readonly store: RowStore<Rows>;
  /**
   * A scanner for one trace.
   * @param begin of its rows, instead of the spec's
   */
  scanner(traceClass: TraceClass, facts: TraceFacts, begin: bigint | undefined): Scanner<Rows>;
}

/** @param capacity of a batch, in rows */
export function interpretingExecutor(
  spec: ScanSpec,
  capacity: number,
): Executor<ColumnBatch> & {
  readonly store: HeapStore;
} {
  const dictionaries = spec.columns.map(() => new SharedDictionary());
  return {
    store: new HeapStore(spec.columns, capacity),
    scanner: (traceClass, facts, begin) =>
      new InterpretingScanner({ ...spec, begin }, dictionaries, traceClass, facts),
  };
}

/**
 * @param capacity of a batch, in rows
 * @param pool threads that scan, if it is not this one
 * @param lines what rows are to become instead of columns
 */
export function compilingExecutor(
  spec: ScanSpec,
  capacity: number,
  pool?: PoolOfStage,
  lines?: LineFormat,
): Executor<Segment> & { readonly store: KernelStore } {
  const kernel = new Kernel(spec.columns, pool?.memory);
  for (const { traceClass, facts } of pool?.traces ?? [])
    declareConstants(kernel, traceClass, facts);
  return {
    store: new KernelStore(kernel, capacity, pool?.release, lines),
    scanner(traceClass, facts, begin) {
      recallMet(traceClass);
      return new KernelScanner({ ...spec, begin }, kernel, traceClass, facts);
    },
  };
}

/** Whether compiled code can be run here. */
export function canCompile(engine: Engine): boolean {
  return engine === "kernel" && hasWasm();
}
