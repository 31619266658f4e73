import type { DecodeError } from "../base/errors.ts";
import type { TraceOrigin } from "../base/item.ts";
import type { DecodedItem } from "../feed/decoded-item.ts";
import type { Program } from "../filter/bytecode.ts";
import { InterpretingScanner } from "../scan/interpreter.ts";
import type { ScanSpec } from "../scan/scanner.ts";

/** A sample ends at the end of the packet that reaches one of these. */
const MAX_EVENTS = 100_000;
const MAX_MS = 2000;

/** Counts, on the first events of a recorded trace, how many of them a filter keeps. */
export class Selectivity {
  readonly #spec: ScanSpec;
  readonly #scanners = new Map<TraceOrigin, InterpretingScanner>();
  readonly #startedAt = performance.now();
  #seen = 0;
  #kept = 0;
  #error: DecodeError | undefined;

  constructor(filter: Program, events: readonly string[]) {
    this.#spec = { filter, events, columns: [], begin: undefined, end: undefined };
  }

  /** Whether the sample is large enough. */
  get isDone(): boolean {
    return this.#seen >= MAX_EVENTS || performance.now() - this.#startedAt >= MAX_MS;
  }

  take(item: DecodedItem): void {
    if (item.kind === "trace-class") {
      const scanner = this.#scanners.get(item.trace);
      if (scanner !== undefined) scanner.update(item.traceClass);
      else {
        const made = new InterpretingScanner(this.#spec, [], item.traceClass, {
          host: undefined,
        });
        this.#scanners.set(item.trace, made);
      }
    } else if (item.kind === "packet") {
      const outcome = this.#scanners.get(item.stream.trace)?.scan(item.bytes, item.header);
      if (outcome === undefined) return;
      this.#seen += outcome.events;
      this.#kept += outcome.matched;
      this.#error ??= outcome.error;
    }
  }

  toString(): string {
    if (this.#seen === 0) return "no event to try it on";
    const share = (100 * this.#kept) / this.#seen;
    const percent = share === 0 || share >= 0.1 ? share.toFixed(1) : share.toPrecision(1);
    const whole = this.isDone ? "first " : "";
    const problem = this.#error === undefined ? "" : "; packets that cannot be read are left out";
    return `keeps ${this.#kept} of the ${whole}${this.#seen} events, ${percent} %${problem}`;
  }
}
