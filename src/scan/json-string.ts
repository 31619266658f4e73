import type { Utf8Writer } from "../base/utf8-writer.ts";

const QUOTE = 34;
const BACKSLASH = 92;
const encoder = new TextEncoder();
/** A mark of the byte order is a character like others. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * The JSON string of the text `bytes[from, to)`. Bytes that are no UTF-8 become U+FFFD, since JSON must be Unicode.
 * @param escapesDel JSON lets DEL stand, terminals obey it
 */
export function writeJsonString(
  bytes: Uint8Array,
  from: number,
  to: number,
  out: Utf8Writer,
  escapesDel = false,
): void {
  if (isPlainJson(bytes, from, to)) {
    out.byte(QUOTE);
    out.range(bytes, from, to);
    out.byte(QUOTE);
  } else {
    const text = JSON.stringify(decoder.decode(bytes.subarray(from, to)));
    out.raw(encoder.encode(escapesDel ? text.replaceAll("\x7f", "\\u007f") : text));
  }
}

/** Printable ASCII without quotes and backslashes: nothing that a JSON string would escape. */
function isPlainJson(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    if (byte < 32 || byte >= 127 || byte === QUOTE || byte === BACKSLASH) return false;
  }
  return true;
}
