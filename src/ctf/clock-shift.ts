/** Trace classes with their clocks set forward or back, for traces of machines whose clocks were wrong. */

import { normalizeOffset } from "./clock.ts";
import type { ClockClass, StreamClass, TraceClass } from "./trace-class.ts";

export class ClockShift {
  readonly #ns: bigint;
  /** Trace classes grow; their stream classes stay the same objects while they do not. */
  readonly #streamClasses = new WeakMap<StreamClass, StreamClass>();

  /** @param ns added to all times */
  constructor(ns: bigint) {
    this.#ns = ns;
  }

  traceClass(traceClass: TraceClass): TraceClass {
    if (this.#ns === 0n) return traceClass;
    const streamClasses = new Map(
      [...traceClass.streamClasses].map(([id, one]) => [id, this.#streamClass(one)]),
    );
    return { ...traceClass, streamClasses };
  }

  #streamClass(streamClass: StreamClass): StreamClass {
    const { clock } = streamClass;
    if (clock === undefined) return streamClass;
    let shifted = this.#streamClasses.get(streamClass);
    if (shifted === undefined) {
      shifted = { ...streamClass, clock: this.#clock(clock) };
      this.#streamClasses.set(streamClass, shifted);
    }
    return shifted;
  }

  #clock(clock: ClockClass): ClockClass {
    const { offsetSeconds, offsetCycles, frequency } = clock;
    const cycles = (this.#ns * frequency) / 1_000_000_000n;
    return { ...clock, ...normalizeOffset(offsetSeconds, offsetCycles + cycles, frequency) };
  }
}
