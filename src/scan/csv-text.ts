import type { Utf8Writer } from "../base/utf8-writer.ts";

const QUOTE = 34;

/** A field of CSV (RFC 4180): quoted where a comma, quote or line break is inside. */
export function writeCsvText(bytes: Uint8Array, out: Utf8Writer): void {
  const needsQuotes = bytes.some(
    (byte) => byte === QUOTE || byte === 44 || byte === 10 || byte === 13,
  );
  if (!needsQuotes) {
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
