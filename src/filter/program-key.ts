import type { Program } from "./bytecode.ts";

/** All of a program that linking depends on, as text: equal for filters that differ only in how they are written. */
export function programKey({ code, integers, doubles, texts, symbols }: Program): string {
  const names = symbols.map(({ start, end, ...symbol }) => symbol);
  const literals = texts.map(({ globClass, raw }) => [globClass, hex(raw)]);
  return JSON.stringify([code.join(), integers.join(), hex(doubles), literals, names]);
}

/** Bytes as text: of doubles, too, among which JSON does not tell -0 from 0. */
function hex({ buffer, byteOffset, byteLength }: Uint8Array | Float64Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("hex");
}
