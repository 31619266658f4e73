import type { Program } from "./bytecode.ts";
import { OPCODE_NAMES, OPCODES } from "./opcodes.ts";

/**
 * All of a program that linking depends on, as text: equal for filters that differ only in how they are written, and in the
 * values of their parameters.
 */
export function programKey(program: Program): string {
  const { code, integers, doubles, texts, symbols, parameterLoads = NO_LOADS } = program;
  const constants: unknown[] = [];
  for (let at = 0; at < code.length; ) {
    const name = OPCODE_NAMES[code[at]!] ?? "";
    const number = code[at + 1]!;
    const isParameter = parameterLoads.has(at);
    if (name === "LOAD_STRING") {
      const { globClass, raw } = texts[number]!;
      constants.push(globClass, isParameter ? null : hex(raw));
    } else if (isParameter) {
      constants.push(null);
    } else if (name === "LOAD_S64") {
      constants.push(integers[2 * number], integers[2 * number + 1]);
    } else if (name === "LOAD_DOUBLE") {
      constants.push(hex(doubles.subarray(number, number + 1)));
    }
    at += 1 + (OPCODES.get(name)?.operands.length ?? 0);
  }
  const names = symbols.map(({ start, end, ...symbol }) => symbol);
  return JSON.stringify([code.join(), constants, names]);
}

const NO_LOADS: ReadonlySet<number> = new Set();

/** Bytes as text: of doubles, too, among which JSON does not tell -0 from 0. */
function hex({ buffer, byteOffset, byteLength }: Uint8Array | Float64Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("hex");
}
