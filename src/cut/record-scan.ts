/** Scans packets with compiled code, and with the interpreter once only that can read the trace's records. */

import type { DecodeError } from "../base/errors.ts";
import type { ColumnBatch } from "../column/column.ts";
import { SharedDictionary } from "../column/column-builder.ts";
import type { PacketHeader } from "../ctf/packet-header.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import { InterpretingScanner } from "../scan/interpreter.ts";
import { Kernel } from "../scan/kernel/kernel.ts";
import { keepMet, recallMet } from "../scan/kernel/scan/met-classes.ts";
import { KernelScanner, MustInterpret } from "../scan/kernel/scan/scanner.ts";
import type { ScanSpec } from "../scan/scanner.ts";

export interface ScannedRows {
  readonly batches: readonly ColumnBatch[];
  /** Why the rest of the packet could not be read. */
  readonly error: DecodeError | undefined;
}

const FACTS = { host: undefined };

export class RecordScan {
  readonly #spec: ScanSpec;
  readonly #traceClass: TraceClass;
  readonly #kernel: Kernel;
  readonly #compiled: KernelScanner;
  #interpreter: InterpretingScanner | undefined;

  constructor(spec: ScanSpec, traceClass: TraceClass) {
    this.#spec = spec;
    this.#traceClass = traceClass;
    recallMet(traceClass);
    this.#kernel = new Kernel(spec.columns);
    this.#compiled = new KernelScanner(spec, this.#kernel, traceClass, FACTS);
  }

  scan(bytes: Uint8Array, header: PacketHeader): ScannedRows {
    if (this.#interpreter === undefined) {
      try {
        const { rows, error } = this.#compiled.scan(bytes, header);
        return { batches: rows.map((segment) => this.#kernel.export(segment)), error };
      } catch (thrown) {
        if (!(thrown instanceof MustInterpret)) throw thrown;
      }
    }
    this.#interpreter ??= this.#interpreting();
    const { rows, error } = this.#interpreter.scan(bytes, header);
    return { batches: rows, error };
  }

  /** Keeps what quickens the next run. */
  close(): void {
    keepMet([this.#traceClass]);
    this.#compiled.close();
  }

  #interpreting(): InterpretingScanner {
    const dictionaries = this.#spec.columns.map(() => new SharedDictionary());
    return new InterpretingScanner(this.#spec, dictionaries, this.#traceClass, FACTS);
  }
}
