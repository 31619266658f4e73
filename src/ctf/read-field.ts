/** Reading the value of an integer or float field where it lies, whatever its coding. */

import { readFloat, readInteger, reverseBits, signExtend, type Word } from "../base/bits.ts";
import type { FloatClass, IntegerClass } from "./trace-class.ts";

/** Variable-length integers of more bytes hold more than 64 bits. */
export const MAX_LEB128_BYTES = 10;

/** How to read an integer: what an `IntegerClass` says of it. */
export type IntegerLayout = Pick<IntegerClass, "coding" | "form" | "size" | "signed" | "byteOrder">;

/** Reads the integer at `bit`; truth values become 0 or 1. The caller has checked that the field lies inside `bytes`. */
export function readIntegerField(
  bytes: Uint8Array,
  bit: number,
  layout: IntegerLayout,
  out: Word,
): void {
  const { coding, size, signed } = layout;
  const littleEndian = layout.byteOrder === "little-endian";
  if (coding === "plain") {
    readInteger(bytes, bit, size, signed, littleEndian, out);
  } else if (coding === "reversed") {
    readInteger(bytes, bit, size, false, littleEndian, out);
    reverseBits(out, size);
    if (signed) signExtend(out, size);
  } else {
    readLeb128(bytes, bit >>> 3, signed, out);
  }
  if (layout.form === "boolean") {
    out.lo = (out.hi | out.lo) === 0 ? 0 : 1;
    out.hi = 0;
  }
}

/** Reads the float at `bit`, which lies inside `bytes`. */
export function readFloatField(bytes: Uint8Array, bit: number, fieldClass: FloatClass): number {
  const littleEndian = fieldClass.byteOrder === "little-endian";
  return readFloat(bytes, bit, fieldClass.size, littleEndian, fieldClass.coding === "reversed");
}

/**
 * Bytes that the variable-length integer at byte `from` takes; 0 if it does not end before byte `end`, or holds more than
 * 64 bits.
 */
export function leb128Length(
  bytes: Uint8Array,
  from: number,
  end: number,
  signed: boolean,
): number {
  const limit = Math.min(end, from + MAX_LEB128_BYTES);
  let p = from;
  while (p < limit && bytes[p]! >= 0x80) p++;
  if (p >= limit) return 0;
  const length = p + 1 - from;
  if (length < MAX_LEB128_BYTES) return length;
  // The tenth byte has one bit left; the other six repeat the sign.
  const last = bytes[p]!;
  const fits = signed ? last === 0 || last === 0x7f : last <= 1;
  return fits ? length : 0;
}

/** Little-endian groups of seven bits; the last byte's bit 6 is a signed value's sign. */
function readLeb128(bytes: Uint8Array, from: number, signed: boolean, out: Word): void {
  out.hi = 0;
  out.lo = 0;
  let p = from;
  let shift = 0;
  for (;;) {
    const byte = bytes[p++]!;
    const group = byte & 0x7f;
    if (shift < 32) {
      out.lo |= group << shift;
      if (shift > 25) out.hi |= group >>> (32 - shift);
    } else {
      out.hi |= group << (shift - 32);
    }
    shift += 7;
    if (byte < 0x80) break;
  }
  if (signed && shift < 64) signExtend(out, shift);
}
