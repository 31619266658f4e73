import type { NumberArray } from "./column.ts";

/** 64-bit integers, whose halves lie one behind the other. */
export function isWide(values: NumberArray): values is BigInt64Array | BigUint64Array {
  return values instanceof BigInt64Array || values instanceof BigUint64Array;
}

/** 64-bit values in halves, little endian as all of Node's platforms are. */
export function halvesOf(values: BigInt64Array | BigUint64Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length * 2);
}
