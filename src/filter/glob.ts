/** Byte-level text comparison and star-glob matching, as LTTng-UST's interpreter does them (lttng-bytecode-interpreter.c). */
import { ANY_RUN, type TextConstant } from "./text-literal.ts";

/**
 * Compares two texts: negative, zero or positive as `a` sorts before, with or after `b`.
 *
 * Bytes compare as signed `char`, as on x86: 0x80 and above sort before ASCII. A prefix (a star-at-end literal)
 * equals whatever it covers. Nothing is decoded: Unicode forms and case are distinguished.
 */
export function compareText(
  a: Uint8Array,
  aStart: number,
  aLength: number,
  aIsPrefix: boolean,
  b: Uint8Array,
  bStart: number,
  bLength: number,
  bIsPrefix: boolean,
): number {
  const shared = Math.min(aLength, bLength);
  for (let i = 0; i < shared; i++) {
    const x = a[aStart + i]!;
    const y = b[bStart + i]!;
    if (x !== y) return ((x << 24) >> 24) - ((y << 24) >> 24);
  }
  if (aIsPrefix && aLength === shared) return 0;
  if (bIsPrefix && bLength === shared) return 0;
  return aLength - bLength;
}

/**
 * Whether the pattern matches all of `length` bytes from `start`. Only the latest star is ever retried, so the
 * cost is at most pattern × text.
 */
export function matchesPattern(
  pattern: Int16Array,
  bytes: Uint8Array,
  start: number,
  length: number,
): boolean {
  const end = start + length;
  let p = 0;
  let t = start;
  let starAt = -1;
  let retryFrom = 0;
  while (t < end) {
    const code = p < pattern.length ? pattern[p]! : NOTHING;
    if (code === ANY_RUN) {
      starAt = p++;
      retryFrom = t;
    } else if (code === bytes[t]!) {
      p++;
      t++;
    } else if (starAt !== -1) {
      p = starAt + 1;
      t = ++retryFrom;
    } else {
      return false;
    }
  }
  while (p < pattern.length && pattern[p] === ANY_RUN) p++;
  return p === pattern.length;
}

/** Equal to no byte and not a star. */
const NOTHING = -2;

/** Whether a text is what a literal stands for. */
export function textMatches(
  { globClass, decoded, pattern }: TextConstant,
  bytes: Uint8Array,
): boolean {
  if (globClass === "star") return matchesPattern(pattern, bytes, 0, bytes.length);
  const isLongEnough =
    globClass === "star-at-end" ? bytes.length >= decoded.length : bytes.length === decoded.length;
  return isLongEnough && decoded.every((byte, i) => bytes[i] === byte);
}
