/** Scanning by either executor, with rows as batches. */

import type { ColumnBatch } from "../../src/column/column.ts";
import { SharedDictionary } from "../../src/column/column-builder.ts";
import type { PacketHeader } from "../../src/ctf/packet-header.ts";
import type { TraceClass } from "../../src/ctf/trace-class.ts";
import type { Engine } from "../../src/query/execution.ts";
import { InterpretingScanner } from "../../src/scan/interpreter.ts";
import { Kernel } from "../../src/scan/kernel/kernel.ts";
import { KernelScanner, MustInterpret } from "../../src/scan/kernel/scan/scanner.ts";
import type { ScanOutcome, ScanSpec } from "../../src/scan/scanner.ts";

export type Scan = (bytes: Uint8Array, header: PacketHeader) => ScanOutcome<ColumnBatch>;

const FACTS = { host: undefined };

/** A scan of one trace. The kernel's rows are copied out of its memory; it gives way where it must. */
export function scanWith(engine: Engine, spec: ScanSpec, traceClass: TraceClass): Scan {
  const dictionaries = spec.columns.map(() => new SharedDictionary());
  const interpreter = new InterpretingScanner(spec, dictionaries, traceClass, FACTS);
  const interpret: Scan = (bytes, header) => interpreter.scan(bytes, header);
  if (engine === "interpreter") return interpret;
  const kernel = new Kernel(spec.columns);
  const scanner = new KernelScanner(spec, kernel, traceClass, FACTS);
  return (bytes, header) => {
    try {
      const outcome = scanner.scan(bytes, header);
      return { ...outcome, rows: outcome.rows.map((chunk) => kernel.export(chunk)) };
    } catch (error) {
      if (!(error instanceof MustInterpret)) throw error;
      return interpret(bytes, header);
    }
  };
}
