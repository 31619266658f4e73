import type { Utf8Writer } from "../base/utf8-writer.ts";

const QUOTE = 34;

/** A field of CSV (RFC 4180): quoted where a comma, quote or line break is inside. */
export function writeCsvText(bytes: Uint8Array, out: Utf8Writer): void {
  if (!needsQuotes(bytes)) {
    out.raw(bytes);
    return;
  }
  out.byte(QUOTE);
  for (const byte of bytes) {
    if (byte === QUOTE) out.byte(QUOTE);
    out.byte(byte);
  }
  out.byte(QUOTE);
}

function needsQuotes(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === QUOTE || byte === 44 || byte === 10 || byte === 13) return true;
  }
  return false;
}
