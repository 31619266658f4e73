/** Small helpers that both directions of the codec share: views, and NUL-padded names. */

const utf8 = new TextDecoder();
const utf8Encoder = new TextEncoder();

/** A DataView of exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The text of a NUL-padded array. Older relayds leave stack garbage behind the NUL; the last byte always ends it. */
export function nameIn(bytes: Uint8Array, offset: number, size: number): string {
  const field = bytes.subarray(offset, offset + size);
  const nul = field.indexOf(0);
  return utf8.decode(nul === -1 ? field.subarray(0, size - 1) : field.subarray(0, nul));
}

/** Writes a name into a zeroed array of `size` bytes, cut so that a NUL remains. */
export function putName(bytes: Uint8Array, offset: number, size: number, name: string): void {
  bytes.set(utf8Encoder.encode(name).subarray(0, size - 1), offset);
}

/** The text of bytes that carry their own length. */
export function textOf(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

/** The bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return utf8Encoder.encode(text);
}
