import type { TextEncoding } from "./trace-class.ts";

/** Bytes of one code unit. */
export function codeUnitBytes(encoding: TextEncoding): 1 | 2 | 4 {
  if (encoding === "utf-8") return 1;
  return encoding.startsWith("utf-16") ? 2 : 4;
}

/**
 * Where the first code unit of zeros lies in `bytes[from, end)`, -1 if there is none. A part of a unit at the end is none.
 * For strings, which end with one: where there is none, all bytes behind are looked at.
 */
export function findTerminator(
  bytes: Uint8Array,
  from: number,
  end: number,
  unit: 1 | 2 | 4,
): number {
  if (unit === 1) {
    const at = bytes.indexOf(0, from);
    return at === -1 || at >= end ? -1 : at;
  }
  for (let p = from; p + unit <= end; p += unit) {
    if (bytes[p] !== 0 || bytes[p + 1] !== 0) continue;
    if (unit === 2 || (bytes[p + 2] === 0 && bytes[p + 3] === 0)) return p;
  }
  return -1;
}

/** Shorter texts are looked at byte by byte. */
const SHORT_TEXT = 64;

/** As `findTerminator`, for texts, of which many may have none. */
export function findTerminatorWithin(
  bytes: Uint8Array,
  from: number,
  end: number,
  unit: 1 | 2 | 4,
): number {
  if (unit !== 1) return findTerminator(bytes, from, end, unit);
  if (end - from > SHORT_TEXT) {
    const at = bytes.subarray(from, end).indexOf(0);
    return at === -1 ? -1 : from + at;
  }
  for (let p = from; p < end; p++) if (bytes[p] === 0) return p;
  return -1;
}

const encoder = new TextEncoder();

/** The text as UTF-8, for encodings other than it. What is no Unicode becomes U+FFFD. */
export function toUtf8(bytes: Uint8Array, encoding: TextEncoding): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const unit = codeUnitBytes(encoding);
  const littleEndian = encoding.endsWith("le");
  let text = "";
  for (let p = 0; p + unit <= bytes.length; p += unit) {
    if (unit === 2) {
      text += String.fromCharCode(view.getUint16(p, littleEndian));
    } else {
      const code = view.getUint32(p, littleEndian);
      text += code > 0x10_ffff ? "\ufffd" : String.fromCodePoint(code);
    }
  }
  return encoder.encode(text);
}
