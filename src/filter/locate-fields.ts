import type { FieldRef } from "../ctf/field-ref.ts";
import type { LinkedProgram } from "./bytecode.ts";
import { OPCODE_NAMES, OPCODES } from "./opcodes.ts";

/**
 * The same program for records whose fields are located together with those of others.
 *
 * @param numberOf the number of a field among all
 * @param all every located field, by its number
 */
export function locateFields(
  program: LinkedProgram,
  numberOf: (field: FieldRef) => number,
  all: readonly FieldRef[],
): LinkedProgram {
  const numbers = program.fields.map(numberOf);
  const code = program.code.slice();
  for (let at = 0; at < code.length; ) {
    const operands = OPCODES.get(OPCODE_NAMES[code[at]!] ?? "")?.operands ?? [];
    operands.forEach((kind, i) => {
      const word = at + 1 + i;
      if (kind === "field#") code[word] = numbers[code[word]!]!;
    });
    at += 1 + operands.length;
  }
  const choices = program.choices.map((some) =>
    some.map(({ field, load }) => ({ field: numbers[field]!, load })),
  );
  return { ...program, code, choices, fields: all };
}
