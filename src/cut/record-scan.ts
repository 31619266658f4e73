/** Scans packets with compiled code, and with the interpreter once only that can read the trace's records. */

import type { DecodeError } from "../base/errors.ts";
import type { ColumnBatch } from "../column/column.ts";
import { SharedDictionary } from "../column/column-builder.ts";
import type { PlannedColumn } from "../column/schema.ts";
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

/** Kernels, each for all traces whose scans fill the same columns: a memory for each of a thousand traces would be much. */
export class RecordKernels {
  readonly #kernels = new Map<string, Kernel>();

  /** @param scan which of several scans of a trace: they select other records */
  of(scan: string, columns: readonly PlannedColumn[]): Kernel {
    const facts = columns.map(({ name, type, nullable, request }) => [
      name,
      type,
      nullable,
      request.kind,
    ]);
    const key = `${scan} ${JSON.stringify(facts)}`;
    let kernel = this.#kernels.get(key);
    if (kernel === undefined) {
      kernel = new Kernel(columns);
      this.#kernels.set(key, kernel);
    }
    return kernel;
  }
}

export class RecordScan {
  readonly #spec: ScanSpec;
  readonly #traceClass: TraceClass;
  readonly #kernel: Kernel;
  readonly #compiled: KernelScanner;
  #interpreter: InterpretingScanner | undefined;

  /** @param kernel for the spec's columns */
  constructor(spec: ScanSpec, traceClass: TraceClass, kernel: Kernel) {
    this.#spec = spec;
    this.#traceClass = traceClass;
    recallMet(traceClass);
    this.#kernel = kernel;
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
