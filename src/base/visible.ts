/** Texts that are safe to show: any process may give itself a name that moves the cursor, ends the line or sets colours. */

import type { Utf8Writer } from "./utf8-writer.ts";

/** A text as it stands, or as a JSON string if it could do more than be read. */
export function writeVisible(bytes: Uint8Array, out: Utf8Writer): void {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    // C0, DEL; and C1, which terminals obey too: U+0080 to U+009F are C2 80 to C2 9F.
    if (byte < 32 || byte === 127 || (byte === 0xc2 && bytes[i + 1]! < 0xa0)) {
      out.raw(encoder.encode(visible(decoder.decode(bytes))));
      return;
    }
  }
  out.raw(bytes);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function visible(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\x7f-\x9f]/g,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
