/**
 * Levels and dictionary indexes: runs of one value, and groups of eight values bit by bit.
 * @see https://github.com/apache/parquet-format/blob/master/Encodings.md "RLE / bit-packing hybrid"
 */

import { packBits } from "./pack-bits.ts";
import type { PageBytes } from "./page-bytes.ts";

/** A run shorter than this is packed among the others. */
const LEAST_RUN = 16;

/** The bits of an integer from 0 to `most`. */
export function bitWidth(most: number): number {
  return 32 - Math.clz32(most);
}

/** Writes values `from` to `to`, of so many bits each: 24 at most. */
export function writeHybrid(
  out: PageBytes,
  values: Int32Array,
  from: number,
  to: number,
  width: number,
): void {
  let packedFrom = from;
  let at = from;
  while (at < to) {
    const value = values[at]!;
    let end = at + 1;
    while (end < to && values[end] === value) end++;
    // What is packed before a run ends with a group of eight: it takes the rest of that from the run.
    const start = at + ((8 - ((at - packedFrom) & 7)) & 7);
    if (end - start >= LEAST_RUN) {
      if (start > packedFrom) writePacked(out, values, packedFrom, start, width);
      writeRun(out, value, end - start, width);
      packedFrom = end;
    }
    at = end;
  }
  if (packedFrom < to) writePacked(out, values, packedFrom, to, width);
}

export function writeRun(out: PageBytes, value: number, count: number, width: number): void {
  out.varint(count << 1);
  for (let shift = 0; shift < width; shift += 8) out.u8(value >>> shift);
}

/** Groups of eight; the last one is filled up with zeros. */
function writePacked(
  out: PageBytes,
  values: Int32Array,
  from: number,
  to: number,
  width: number,
): void {
  const groups = (to - from + 7) >> 3;
  out.varint((groups << 1) | 1);
  out.ensure(groups * width + 4);
  const end = out.length + groups * width;
  out.bytes.fill(0, packBits(out.bytes, out.length, values, from, to, width), end);
  out.length = end;
}

/**
 * Writes which rows have a value, as levels of one bit: as packed groups, which are bits as Arrow has them.
 * @param from a multiple of eight
 */
export function writeValidity(
  out: PageBytes,
  validity: Uint8Array | undefined,
  from: number,
  to: number,
): void {
  if (validity === undefined) {
    writeRun(out, 1, to - from, 1);
    return;
  }
  const groups = (to - from + 7) >> 3;
  out.varint((groups << 1) | 1);
  out.raw(validity.subarray(from >> 3, (from >> 3) + groups));
}
