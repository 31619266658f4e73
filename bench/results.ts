/** What a run of the benches says, as it is kept in `results/`. */

import type { Spread } from "./statistics.ts";

export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly memoryGiB: number;
  readonly node: string;
  readonly babeltrace2: string | undefined;
  readonly commit: string;
  readonly rounds: number;
  /** One-minute load average before and after: how much else went on. */
  readonly load: readonly [number, number];
}

/** A trace, and the question that is asked of it. */
export interface Input {
  readonly name: string;
  readonly events: number;
  readonly bytes: number;
  readonly where: string;
  readonly select: readonly string[];
  /** Events that `where` keeps. */
  readonly rows: number;
  /** Older results lack it. */
  readonly isOfKernel?: boolean;
}

/** One command as a whole process, from start to end. */
export interface Usage {
  readonly ms: Spread;
  /** Processor time over all threads, and the largest peak of memory; `undefined` where GNU time is not installed. */
  readonly cpuMs: Spread | undefined;
  readonly peakMiB: number | undefined;
}

export interface ProcessResult extends Usage {
  readonly trace: string;
  readonly case: string;
  readonly rivals: readonly (Usage & {
    readonly name: string;
    /** The rival's median by ours: above 1, ours is faster. */
    readonly ratio: number;
  })[];
}

/** The scan alone, on packets in memory, once everything is compiled. In million events a second. */
export interface RateResult {
  readonly trace: string;
  readonly query: string;
  readonly kernel: Spread;
  readonly interpreter: Spread;
}

/** The first packet of a fresh process, which meets so many event classes for the first time. In ms. */
export interface CompileResult {
  readonly classes: number;
  readonly functions: number;
  /** Plan, emit, compile and instantiate: the first scan without what a second one of the same packet takes. */
  readonly compile: Spread;
  readonly firstPacket: Spread;
  /** Processor time of the first packet, over all threads: what it costs on a machine that is busy with other things. */
  readonly firstPacketCpu: Spread;
  readonly secondPacket: Spread;
  /** As `compile`, for the next query of the same process: our own code has run once then. Older results lack it. */
  readonly nextCompile?: Spread;
}

export interface Results {
  readonly machine: Machine;
  readonly inputs: readonly Input[];
  readonly processes: readonly ProcessResult[];
  readonly rates: readonly RateResult[];
  readonly compile: readonly CompileResult[];
}
