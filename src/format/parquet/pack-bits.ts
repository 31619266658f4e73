/**
 * Packs values `from` to `to`, of so many bits each, 24 at most: each one's bits behind those before it, the lowest first.
 * @returns where the next byte goes
 */
export function packBits(
  bytes: Uint8Array,
  start: number,
  values: Int32Array,
  from: number,
  to: number,
  width: number,
): number {
  let at = start;
  let held = 0;
  let bits = 0;
  for (let i = from; i < to; i++) {
    held |= values[i]! << bits;
    bits += width;
    while (bits >= 8) {
      bytes[at++] = held;
      held >>>= 8;
      bits -= 8;
    }
  }
  if (bits > 0) bytes[at++] = held;
  return at;
}
