/**
 * Reading integers and floats at any bit position, in both byte orders, as CTF 1.8.3 §4.1 lays them out.
 * 64-bit values come as two 32-bit halves: no bigint is made for an event.
 */

/** A 64-bit two's complement value in halves; both are int32. */
export interface Word {
  hi: number;
  lo: number;
}

/**
 * Reads `size` bits (1…64) at `bitOffset` and extends them to 64.
 *
 * Little endian: the field starts at the least significant bit of its first byte and grows upwards.
 * Big endian: it starts at the most significant bit of its first byte.
 * The caller has checked that the field lies inside `bytes`.
 */
export function readInteger(
  bytes: Uint8Array,
  bitOffset: number,
  size: number,
  signed: boolean,
  littleEndian: boolean,
  out: Word,
): void {
  const p = bitOffset >>> 3;
  if ((bitOffset & 7) !== 0 || (size & 7) !== 0) {
    readUnalignedBits(bytes, bitOffset, size, littleEndian, out);
  } else if (size <= 32) {
    out.lo = littleEndian ? readLittle(bytes, p, size >>> 3) : readBig(bytes, p, size >>> 3);
    out.hi = 0;
  } else if (littleEndian) {
    out.lo = readLittle(bytes, p, 4);
    out.hi = readLittle(bytes, p + 4, (size >>> 3) - 4);
  } else {
    const highBytes = (size >>> 3) - 4;
    out.hi = readBig(bytes, p, highBytes);
    out.lo = readBig(bytes, p + highBytes, 4);
  }
  if (signed) signExtend(out, size);
}

/** Reads a binary32 or binary64 at any bit position, its bits in reverse where that is asked for. */
export function readFloat(
  bytes: Uint8Array,
  bitOffset: number,
  size: number,
  littleEndian: boolean,
  isReversed = false,
): number {
  readInteger(bytes, bitOffset, size, false, littleEndian, floatWord);
  if (isReversed) reverseBits(floatWord, size);
  if (size === 32) {
    floatBits.setInt32(0, floatWord.lo);
    return floatBits.getFloat32(0);
  }
  floatBits.setInt32(0, floatWord.hi);
  floatBits.setInt32(4, floatWord.lo);
  return floatBits.getFloat64(0);
}

/** The value as a double: exact up to 2^53, rounded beyond. */
export function wordToNumber(word: Word, signed: boolean): number {
  return (signed ? word.hi : word.hi >>> 0) * 0x1_0000_0000 + (word.lo >>> 0);
}

/** The value as a bigint, for the edges: metadata, packet context, printing. */
export function wordToBigInt(word: Word, signed: boolean): bigint {
  return (BigInt(signed ? word.hi : word.hi >>> 0) << 32n) | BigInt(word.lo >>> 0);
}

const floatBits = new DataView(new ArrayBuffer(8));
const floatWord: Word = { hi: 0, lo: 0 };

function readLittle(bytes: Uint8Array, p: number, n: number): number {
  switch (n) {
    case 1:
      return bytes[p]!;
    case 2:
      return bytes[p]! | (bytes[p + 1]! << 8);
    case 3:
      return bytes[p]! | (bytes[p + 1]! << 8) | (bytes[p + 2]! << 16);
    default:
      return bytes[p]! | (bytes[p + 1]! << 8) | (bytes[p + 2]! << 16) | (bytes[p + 3]! << 24);
  }
}

function readBig(bytes: Uint8Array, p: number, n: number): number {
  let value = 0;
  for (let i = 0; i < n; i++) value = (value << 8) | bytes[p + i]!;
  return value;
}

/** One byte's worth of bits at a time, most significant group first. */
function readUnalignedBits(
  bytes: Uint8Array,
  bitOffset: number,
  size: number,
  littleEndian: boolean,
  out: Word,
): void {
  let hi = 0;
  let lo = 0;
  let left = size;
  // Little endian values are gathered from their last byte down, big endian ones from their first byte up.
  let bit = littleEndian ? bitOffset + size : bitOffset;
  while (left > 0) {
    let n: number;
    let group: number;
    if (littleEndian) {
      n = Math.min(left, bit & 7 || 8);
      bit -= n;
      group = bytes[bit >>> 3]! >>> (bit & 7);
    } else {
      n = Math.min(left, 8 - (bit & 7));
      group = bytes[bit >>> 3]! >>> (8 - (bit & 7) - n);
      bit += n;
    }
    hi = (hi << n) | (lo >>> (32 - n));
    lo = (lo << n) | (group & ((1 << n) - 1));
    left -= n;
  }
  out.hi = hi;
  out.lo = lo;
}

/** Turns the lowest `size` bits (1…64) round; those above become 0. */
export function reverseBits(word: Word, size: number): void {
  const hi = reverse32(word.lo);
  const lo = reverse32(word.hi);
  // The whole word was turned: the bits now lie at the top.
  const shift = 64 - size;
  if (shift === 0) {
    word.hi = hi;
    word.lo = lo;
  } else if (shift >= 32) {
    word.lo = hi >>> (shift - 32);
    word.hi = 0;
  } else {
    word.lo = (lo >>> shift) | (hi << (32 - shift));
    word.hi = hi >>> shift;
  }
  word.hi |= 0;
  word.lo |= 0;
}

function reverse32(value: number): number {
  let v = value;
  v = ((v >>> 1) & 0x5555_5555) | ((v & 0x5555_5555) << 1);
  v = ((v >>> 2) & 0x3333_3333) | ((v & 0x3333_3333) << 2);
  v = ((v >>> 4) & 0x0f0f_0f0f) | ((v & 0x0f0f_0f0f) << 4);
  v = ((v >>> 8) & 0x00ff_00ff) | ((v & 0x00ff_00ff) << 8);
  return (v >>> 16) | (v << 16);
}

/** Repeats bit `size - 1` in all bits above it. */
export function signExtend(word: Word, size: number): void {
  if (size <= 32) {
    word.lo = (word.lo << (32 - size)) >> (32 - size);
    word.hi = word.lo >> 31;
  } else {
    word.hi = (word.hi << (64 - size)) >> (64 - size);
  }
}
