/** Times of rows without bigints: what lies between two int64 in halves, as a double. */

const TWO_32 = 2 ** 32;

/** `a` minus `b`, exact below 2^53 ns, which are 104 days. */
export function apart(aHi: number, aLo: number, bHi: number, bLo: number): number {
  return (aHi - bHi) * TWO_32 + (aLo >>> 0) - (bLo >>> 0);
}

/** A whole number below 2^53 as an int64 in halves. */
export function wordOf(value: number): { readonly hi: number; readonly lo: number } {
  return { hi: Math.floor(value / TWO_32) | 0, lo: value | 0 };
}
