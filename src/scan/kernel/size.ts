import type { Program } from "../../filter/bytecode.ts";
import type { LinkEnvironment } from "../../filter/resolve.ts";
import { hasWasm } from "../../wasm/runtime.ts";
import { planEvent } from "../event-plan.ts";
import type { ScanSpec } from "../scanner.ts";
import { Kernel } from "./kernel.ts";
import { NotCompilable } from "./scan/not-compilable.ts";
import { recordBody } from "./scan/record-emitter.ts";
import { Unit } from "./scan/unit.ts";

/** What becomes of event classes that a filter can match, when records are only counted. */
export class KernelSizes {
  readonly #spec: ScanSpec;
  readonly #kernel = hasWasm() ? new Kernel([]) : undefined;

  constructor(filter: Program) {
    this.#spec = {
      filter,
      events: [],
      columns: [],
      countsOnly: true,
      begin: undefined,
      end: undefined,
    };
  }

  /** Bytes of WebAssembly that walk and filter one record; `undefined` where the interpreter does it. */
  of({ traceClass, streamClass, eventClass }: LinkEnvironment): number | undefined {
    if (this.#kernel === undefined) return undefined;
    const { memory, columns, chunks } = this.#kernel;
    const plan = planEvent(this.#spec, traceClass, streamClass, eventClass);
    const context = {
      columns: columns.columns,
      layout: chunks.layout,
      hasBegin: false,
      hasEnd: false,
      countsOnly: true,
      renderers: new Map(),
    };
    try {
      return recordBody(new Unit(memory.isShared), plan, context).length;
    } catch (error) {
      if (error instanceof NotCompilable) return undefined;
      throw error;
    }
  }
}
