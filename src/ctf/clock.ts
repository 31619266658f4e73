import type { ClockClass } from "./trace-class.ts";

const NS_PER_SECOND = 1_000_000_000n;

/** What timestamps of CTF 1.8 count where no clock is declared: nanoseconds (as babeltrace2 has it). */
export const IMPLICIT_CLOCK: ClockClass = {
  name: "default",
  uuid: undefined,
  frequency: NS_PER_SECOND,
  offsetSeconds: 0n,
  offsetCycles: 0n,
};

/** Moves whole seconds out of the cycle offset, as babeltrace2 does before it converts. */
export function normalizeOffset(
  seconds: bigint,
  cycles: bigint,
  frequency: bigint,
): { offsetSeconds: bigint; offsetCycles: bigint } {
  let rest = cycles % frequency;
  if (rest < 0n) rest += frequency;
  return { offsetSeconds: seconds + (cycles - rest) / frequency, offsetCycles: rest };
}

/**
 * Nanoseconds since the Unix epoch of a clock value in cycles.
 *
 * Exact for 1 GHz clocks. For others each term is rounded as babeltrace2 does it (double arithmetic, then truncation),
 * so that its output can be compared digit by digit.
 */
export function nsFromOrigin(clock: ClockClass, cycles: bigint): bigint {
  return (
    clock.offsetSeconds * NS_PER_SECOND +
    cyclesToNs(clock, clock.offsetCycles) +
    cyclesToNs(clock, cycles)
  );
}

/** A clock value as ns since the Unix epoch; `undefined` without a clock or a value. */
export function instant(
  clock: ClockClass | undefined,
  cycles: bigint | undefined,
): bigint | undefined {
  return clock === undefined || cycles === undefined ? undefined : nsFromOrigin(clock, cycles);
}

export const OFFSET_RANGE = "a clock offset of less than 2^63 nanoseconds";

/** Whether times of a clock fit 64-bit nanoseconds at all. */
export function isInRange(clock: ClockClass): boolean {
  const ns = nsFromOrigin(clock, 0n);
  return BigInt.asIntN(64, ns) === ns;
}

/** What is added to a value in cycles to give ns since the epoch, if one cycle is one nanosecond. */
export function nsOffset(clock: ClockClass): bigint | undefined {
  if (clock.frequency !== NS_PER_SECOND) return undefined;
  return clock.offsetSeconds * NS_PER_SECOND + clock.offsetCycles;
}

function cyclesToNs(clock: ClockClass, cycles: bigint): bigint {
  if (clock.frequency === NS_PER_SECOND) return cycles;
  return BigInt(Math.trunc((1e9 * Number(cycles)) / Number(clock.frequency)));
}
