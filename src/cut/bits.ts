/** Bits of packets: copied from any place to any other, and written as integers. */

import type { ByteOrder, IntegerClass } from "../ctf/trace-class.ts";

/** Copies bits as a field of a byte order has them; what was there must be zeros. */
export function copyBits(
  from: Uint8Array,
  fromBit: number,
  to: Uint8Array,
  toBit: number,
  bits: number,
  order: ByteOrder,
): void {
  if ((fromBit & 7) === 0 && (toBit & 7) === 0 && (bits & 7) === 0) {
    to.set(from.subarray(fromBit >>> 3, (fromBit + bits) >>> 3), toBit >>> 3);
    return;
  }
  for (let i = 0; i < bits; i++)
    if (bitAt(from, fromBit + i, order) !== 0) setBit(to, toBit + i, order);
}

function bitAt(bytes: Uint8Array, bit: number, order: ByteOrder): number {
  const shift = order === "little-endian" ? bit & 7 : 7 - (bit & 7);
  return (bytes[bit >>> 3]! >> shift) & 1;
}

function setBit(bytes: Uint8Array, bit: number, order: ByteOrder): void {
  const shift = order === "little-endian" ? bit & 7 : 7 - (bit & 7);
  bytes[bit >>> 3] = bytes[bit >>> 3]! | (1 << shift);
}

function clearBit(bytes: Uint8Array, bit: number, order: ByteOrder): void {
  const shift = order === "little-endian" ? bit & 7 : 7 - (bit & 7);
  bytes[bit >>> 3] = bytes[bit >>> 3]! & ~(1 << shift);
}

/**
 * Writes a fixed-length integer where one stands.
 * @returns whether it fits
 */
export function writeInteger(
  bytes: Uint8Array,
  bit: number,
  { size, byteOrder, coding }: IntegerClass,
  value: bigint,
): boolean {
  if (BigInt.asUintN(size, value) !== value) return false;
  for (let i = 0; i < size; i++) {
    // The first bit of a little-endian field is its lowest one, that of a big-endian its highest, unless they are reversed.
    const isUpward = (byteOrder === "little-endian") !== (coding === "reversed");
    const digit = isUpward ? i : size - 1 - i;
    const isSet = ((value >> BigInt(digit)) & 1n) === 1n;
    if (isSet) setBit(bytes, bit + i, byteOrder);
    else clearBit(bytes, bit + i, byteOrder);
  }
  return true;
}
