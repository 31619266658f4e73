/** Sets of descriptors of `select`, which LTTng records as bytes of bits. */

import { descriptorText, type PathOf } from "./argument.ts";

const BITS = 8;

/** `[3<socket> 5]`; `NULL` where none is given */
export function fileSetText(bytes: readonly number[], pathOf: PathOf): string {
  return bytes.length === 0 ? "NULL" : `[${descriptors(bytes, pathOf).join(" ")}]`;
}

function descriptors(bytes: readonly number[], pathOf: PathOf): readonly string[] {
  return bytes.flatMap((byte, at) =>
    Array.from({ length: BITS }, (_, bit) => bit)
      .filter((bit) => (byte & (1 << bit)) !== 0)
      .map((bit) => descriptorText(at * BITS + bit, pathOf)),
  );
}
