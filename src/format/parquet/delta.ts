/**
 * Integers as differences: what grows takes few bits. Differences wrap, as the integers do.
 * @see https://github.com/apache/parquet-format/blob/master/Encodings.md "Delta encoding"
 */

import { packBits } from "./pack-bits.ts";
import type { PageBytes } from "./page-bytes.ts";

const BLOCK = 128;
const MINI = 32;
const MINIS = BLOCK / MINI;

const lows = new Int32Array(BLOCK);
const highs = new Int32Array(BLOCK);

function head(out: PageBytes, count: number): void {
  out.varint(BLOCK);
  out.varint(MINIS);
  out.varint(count);
}

/** Writes 32-bit integers. */
export function writeDelta32(out: PageBytes, values: Int32Array, count: number): void {
  head(out, count);
  const first = count === 0 ? 0 : values[0]!;
  out.zigzag64(first, first >> 31);
  for (let from = 1; from < count; from += BLOCK) {
    const length = Math.min(BLOCK, count - from);
    let least = 0x7fffffff;
    for (let i = 0; i < length; i++) {
      const delta = (values[from + i]! - values[from + i - 1]!) | 0;
      lows[i] = delta;
      if (delta < least) least = delta;
    }
    for (let i = 0; i < length; i++) lows[i] = (lows[i]! - least) | 0;
    out.zigzag64(least, least >> 31);
    highs.fill(0);
    writeMinis(out, length);
  }
}

/** Writes 64-bit integers, as halves, the lower one first. */
export function writeDelta64(out: PageBytes, halves: Int32Array, count: number): void {
  head(out, count);
  if (count === 0) out.zigzag64(0, 0);
  else out.zigzag64(halves[0]!, halves[1]!);
  for (let from = 1; from < count; from += BLOCK) {
    const length = Math.min(BLOCK, count - from);
    let leastLow = -1;
    let leastHigh = 0x7fffffff;
    for (let i = 0; i < length; i++) {
      const at = (from + i) * 2;
      const low = halves[at]!;
      const before = halves[at - 2]!;
      const borrow = low >>> 0 < before >>> 0 ? 1 : 0;
      const deltaLow = (low - before) | 0;
      const deltaHigh = (halves[at + 1]! - halves[at - 1]! - borrow) | 0;
      lows[i] = deltaLow;
      highs[i] = deltaHigh;
      if (deltaHigh < leastHigh || (deltaHigh === leastHigh && deltaLow >>> 0 < leastLow >>> 0)) {
        leastLow = deltaLow;
        leastHigh = deltaHigh;
      }
    }
    for (let i = 0; i < length; i++) {
      const borrow = lows[i]! >>> 0 < leastLow >>> 0 ? 1 : 0;
      lows[i] = (lows[i]! - leastLow) | 0;
      highs[i] = (highs[i]! - leastHigh - borrow) | 0;
    }
    out.zigzag64(leastLow, leastHigh);
    writeMinis(out, length);
  }
}

/** The four parts of a block, each with the bits that its largest difference needs; those without values have none. */
function writeMinis(out: PageBytes, length: number): void {
  out.ensure(MINIS + BLOCK * 8 + 8);
  const widthsAt = out.length;
  out.length += MINIS;
  for (let mini = 0; mini < MINIS; mini++) {
    const from = mini * MINI;
    const to = Math.min(length, from + MINI);
    let anyLow = 0;
    let anyHigh = 0;
    for (let i = from; i < to; i++) {
      anyLow |= lows[i]!;
      anyHigh |= highs[i]!;
    }
    const width = anyHigh !== 0 ? 64 - Math.clz32(anyHigh) : 32 - Math.clz32(anyLow);
    out.bytes[widthsAt + mini] = width;
    if (width > 0) packMini(out, from, to, width);
  }
}

/** Each value's bits behind those before it, the lowest first; without a value, zeros. */
function packMini(out: PageBytes, from: number, to: number, width: number): void {
  const { bytes } = out;
  const end = out.length + (MINI * width) / 8;
  const at =
    width <= 24
      ? packBits(bytes, out.length, lows, from, to, width)
      : packWide(bytes, out.length, from, to, width);
  bytes.fill(0, at, end);
  out.length = end;
}

function packWide(
  bytes: Uint8Array,
  start: number,
  from: number,
  to: number,
  width: number,
): number {
  let at = start;
  let held = 0;
  let bits = 0;
  const put = (value: number, count: number): void => {
    let rest = value;
    let left = count;
    while (left > 0) {
      const taken = Math.min(left, 8 - bits);
      held |= (rest & ((1 << taken) - 1)) << bits;
      rest >>>= taken;
      bits += taken;
      left -= taken;
      if (bits < 8) continue;
      bytes[at++] = held;
      held = 0;
      bits = 0;
    }
  };
  for (let i = from; i < to; i++) {
    put(lows[i]!, Math.min(width, 32));
    if (width > 32) put(highs[i]!, width - 32);
  }
  if (bits > 0) bytes[at++] = held;
  return at;
}
