import type { Utf8Writer } from "../base/utf8-writer.ts";

const QUOTE = 34;
const BACKSLASH = 92;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A JSON string. Bytes that are no UTF-8 become U+FFFD, since JSON must be Unicode. */
export function writeJsonString(bytes: Uint8Array, out: Utf8Writer): void {
  const isSimple = bytes.every(
    (byte) => byte >= 32 && byte < 127 && byte !== QUOTE && byte !== BACKSLASH,
  );
  if (isSimple) {
    out.byte(QUOTE);
    out.raw(bytes);
    out.byte(QUOTE);
  } else {
    out.raw(encoder.encode(JSON.stringify(decoder.decode(bytes))));
  }
}
