import type { FieldRef } from "../ctf/field-ref.ts";
import type { LinkedProgram, Program } from "./bytecode.ts";
import {
  BITWISE_ORDER,
  COMPARISON_ORDER,
  OPCODE_NAMES,
  OPCODES,
  type OperandKind,
  TYPE_ORDER,
} from "./opcodes.ts";

/**
 * Code as text, one instruction a line: position, name, operands, and what they stand for.
 *
 * `0000  LOAD_SYMBOL       0        ; k`
 */
export function disassemble(program: Program | LinkedProgram): string {
  const { code } = program;
  const lines: string[] = [];
  for (let at = 0; at < code.length; ) {
    const name = OPCODE_NAMES[code[at]!] ?? `?${code[at]}`;
    const kinds = OPCODES.get(name)?.operands ?? [];
    const operands = Array.from(code.subarray(at + 1, at + 1 + kinds.length));
    const notes = kinds.map((kind, i) => note(program, kind, operands[i] ?? 0)).filter(Boolean);
    const head = `${String(at).padStart(4, "0")}  ${name.padEnd(21)} ${operands.join(" ")}`;
    lines.push(notes.length === 0 ? head.trimEnd() : `${head.padEnd(36)} ; ${notes.join(" ")}`);
    at += 1 + kinds.length;
  }
  return lines.join("\n");
}

function note(program: Program | LinkedProgram, kind: OperandKind, operand: number): string {
  switch (kind) {
    case "integer#":
      return String(integerAt(program.integers, operand));
    case "double#":
      return String(program.doubles[operand]);
    case "text#":
      return JSON.stringify(decoder.decode(program.texts[operand]?.raw));
    case "symbol#":
      return "symbols" in program ? (program.symbols[operand]?.text ?? "") : "";
    case "field#":
      return "fields" in program ? fieldNote(program.fields[operand]) : "";
    case "choices#":
      return "choices" in program ? choicesNote(program, operand) : "";
    case "comparison":
      return COMPARISON_ORDER[operand] ?? "";
    case "bitwise":
      return BITWISE_ORDER[operand] ?? "";
    case "type":
      return TYPE_ORDER[operand] ?? "";
    case "target":
    case "index":
      return "";
  }
}

const decoder = new TextDecoder();

function integerAt(integers: Int32Array, i: number): bigint {
  return (BigInt(integers[2 * i] ?? 0) << 32n) | BigInt((integers[2 * i + 1] ?? 0) >>> 0);
}

function fieldNote(field: FieldRef | undefined): string {
  return field === undefined ? "" : `${field.scope} ${field.path.join(".")}`;
}

function choicesNote(program: LinkedProgram, operand: number): string {
  return (program.choices[operand] ?? []).map(({ field, load }) => `${load} ${field}`).join(", ");
}
