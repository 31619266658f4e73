import type { FieldRef } from "../ctf/field-ref.ts";
import type { Choice } from "./bytecode.ts";
import { OPCODE_NAMES, OPCODES } from "./opcodes.ts";

/**
 * Renumbers fields and choices so that only those remain which the code still names: folding drops code, and
 * each field that stays costs the decoder work for every record.
 */
export function usedFields(
  code: Int32Array,
  choices: readonly (readonly Choice[])[],
  fields: readonly FieldRef[],
): {
  readonly code: Int32Array;
  readonly choices: readonly (readonly Choice[])[];
  readonly fields: readonly FieldRef[];
} {
  const renumbered = code.slice();
  const usedChoices = new Numbering();
  const used = new Numbering();
  for (let at = 0; at < code.length; ) {
    const operands = OPCODES.get(OPCODE_NAMES[code[at]!] ?? "")?.operands ?? [];
    operands.forEach((kind, i) => {
      const word = at + 1 + i;
      if (kind === "field#") renumbered[word] = used.of(code[word]!);
      if (kind === "choices#") renumbered[word] = usedChoices.of(code[word]!);
    });
    at += 1 + operands.length;
  }
  const newChoices = usedChoices.old.map((i) =>
    choices[i]!.map(({ field, load }) => ({ field: used.of(field), load })),
  );
  return { code: renumbered, choices: newChoices, fields: used.old.map((i) => fields[i]!) };
}

/** Gives new numbers in the order of first use. */
class Numbering {
  readonly old: number[] = [];
  readonly #numbers = new Map<number, number>();

  of(old: number): number {
    let number = this.#numbers.get(old);
    if (number === undefined) {
      number = this.old.push(old) - 1;
      this.#numbers.set(old, number);
    }
    return number;
  }
}
