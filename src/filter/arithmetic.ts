/** Operations on 64-bit integers in halves, for the interpreter and for constant folding. No allocation. */
import type { Word } from "../base/bits.ts";

/** Negative, zero or positive as `a` is below, equal to or above `b`, both signed. */
export function compareIntegers(aHi: number, aLo: number, bHi: number, bLo: number): number {
  if (aHi !== bHi) return aHi < bHi ? -1 : 1;
  return aLo === bLo ? 0 : aLo >>> 0 < bLo >>> 0 ? -1 : 1;
}

/** The truth of a comparison (by its place in `COMPARISON_ORDER`) whose sides compare as `sign`; false for NaN but !=. */
export function holds(comparison: number, sign: number): boolean {
  switch (comparison) {
    case 0:
      return sign === 0;
    case 1:
      return sign !== 0;
    case 2:
      return sign > 0;
    case 3:
      return sign < 0;
    case 4:
      return sign >= 0;
    default:
      return sign <= 0;
  }
}

/** Sign of `a - b`, also where both are the same infinity; NaN when they have no order. */
export function compareDoubles(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : a === b ? 0 : Number.NaN;
}

/**
 * Combines by a bitwise operator (by its place in `BITWISE_ORDER`). Shifts to the right are logical.
 * False, leaving `out` alone, when a shift count is outside 0…63.
 */
export function bitwise(
  operator: number,
  aHi: number,
  aLo: number,
  bHi: number,
  bLo: number,
  out: Word,
): boolean {
  switch (operator) {
    case 0:
      return shiftRight(aHi, aLo, bHi, bLo, out);
    case 1:
      return shiftLeft(aHi, aLo, bHi, bLo, out);
    case 2:
      out.hi = aHi & bHi;
      out.lo = aLo & bLo;
      return true;
    case 3:
      out.hi = aHi | bHi;
      out.lo = aLo | bLo;
      return true;
    default:
      out.hi = aHi ^ bHi;
      out.lo = aLo ^ bLo;
      return true;
  }
}

function shiftRight(hi: number, lo: number, nHi: number, n: number, out: Word): boolean {
  if (nHi !== 0 || n < 0 || n > 63) return false;
  if (n >= 32) {
    out.lo = hi >>> (n - 32);
    out.hi = 0;
  } else if (n > 0) {
    out.lo = (lo >>> n) | (hi << (32 - n));
    out.hi = hi >>> n;
  } else {
    out.lo = lo;
    out.hi = hi;
  }
  return normalise(out);
}

function shiftLeft(hi: number, lo: number, nHi: number, n: number, out: Word): boolean {
  if (nHi !== 0 || n < 0 || n > 63) return false;
  if (n >= 32) {
    out.hi = lo << (n - 32);
    out.lo = 0;
  } else if (n > 0) {
    out.hi = (hi << n) | (lo >>> (32 - n));
    out.lo = lo << n;
  } else {
    out.hi = hi;
    out.lo = lo;
  }
  return true;
}

function normalise(word: Word): true {
  word.hi |= 0;
  word.lo |= 0;
  return true;
}

/** Two's complement negation. */
export function negate(hi: number, lo: number, out: Word): void {
  out.lo = -lo | 0;
  out.hi = lo === 0 ? -hi | 0 : ~hi;
}

/** Truncates towards zero, as C does; what does not fit becomes −2^63, as x86 has it. */
export function truncateToInteger(value: number, out: Word): void {
  const whole = Math.trunc(value);
  if (whole >= -0x8000_0000_0000_0000 && whole < 0x8000_0000_0000_0000) {
    const hi = Math.floor(whole / 0x1_0000_0000);
    out.hi = hi | 0;
    out.lo = (whole - hi * 0x1_0000_0000) | 0;
  } else {
    out.hi = -0x8000_0000;
    out.lo = 0;
  }
}
