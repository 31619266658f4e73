/** Times of rows without bigints: int64 in halves, and what lies between two of them as a double. */

const TWO_32 = 2 ** 32;

/** The halves of timestamps, low before high. */
export function halvesOf(timestamps: BigInt64Array, rows: number): Int32Array {
  return new Int32Array(timestamps.buffer, timestamps.byteOffset, rows * 2);
}

/** `a` minus `b`, exact below 2^53 ns, which are 104 days. */
export function apart(aHi: number, aLo: number, bHi: number, bLo: number): number {
  return (aHi - bHi) * TWO_32 + (aLo >>> 0) - (bLo >>> 0);
}

/** A whole number below 2^53 as an int64 in halves. */
export function wordOf(value: number): { readonly hi: number; readonly lo: number } {
  return { hi: Math.floor(value / TWO_32) | 0, lo: value | 0 };
}

export function bigintOf(hi: number, lo: number): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo >>> 0);
}
