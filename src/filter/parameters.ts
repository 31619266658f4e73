/**
 * Constants that a program's code need not know: those that meet nothing but what records hold, as in `vtid != 3`. Programs that differ
 * in nothing else are linked and compiled once; each run is given the values of its own. What meets facts of an event class, as in
 * `$event.name == "x"`, decides what code there is, and stays in it.
 */

import type { Program } from "./bytecode.ts";
import { type Constant, foldedUnary } from "./fold.ts";
import type { Parameter } from "./linked-parameter.ts";
import { OPCODE_NAMES, OPCODES } from "./opcodes.ts";
import type { ProgramSymbol } from "./symbol.ts";

/** Programs with more are long lists, which no other has. */
const MAX_PARAMETERS = 64;

/** The same program with parameters, where it has constants that may be some. @param withTexts whether texts may be */
export function withParameters(program: Program, withTexts: boolean): Program {
  const loads = parameterLoads(program, withTexts);
  const has = loads.size > 0 && loads.size <= MAX_PARAMETERS;
  return has ? { ...program, parameterLoads: loads } : program;
}

export function parameterValue(program: Program, { kind, source, signs }: Parameter): Constant {
  if (kind === "text") return program.texts[source]!;
  let value: Constant =
    kind === "double"
      ? program.doubles[source]!
      : { hi: program.integers[2 * source]!, lo: program.integers[2 * source + 1]! };
  for (const sign of signs) value = foldedUnary(sign, value) ?? value;
  return value;
}

/** A value of the stack: whether records decide it, or where the instruction stands that loads it, if it is a constant. */
interface Value {
  readonly isOfRecord: boolean;
  readonly load?: number | undefined;
}

/** Where the instructions stand that load parameters. Whatever it finds is right: constants that are none are part of the code. */
function parameterLoads(
  { code, symbols, texts }: Program,
  withTexts: boolean,
): ReadonlySet<number> {
  const loads = new Set<number>();
  const stack: Value[] = [];
  const pop = (): Value => stack.pop() ?? { isOfRecord: false };
  for (let at = 0; at < code.length; ) {
    const name = OPCODE_NAMES[code[at]!] ?? "";
    const operand = code[at + 1] ?? 0;
    switch (name) {
      case "LOAD_S64":
      case "LOAD_DOUBLE":
        stack.push({ isOfRecord: false, load: at });
        break;
      case "LOAD_STRING": {
        const mayBe = withTexts && texts[operand]!.globClass !== "star";
        stack.push({ isOfRecord: false, load: mayBe ? at : undefined });
        break;
      }
      case "LOAD_SYMBOL":
        stack.push({ isOfRecord: isOfRecord(symbols[operand]!) });
        break;
      case "AND":
      case "OR":
        pop();
        break;
      case "CAST_TO_S64":
      case "UNARY_NOT":
        stack.push({ isOfRecord: pop().isOfRecord });
        break;
      case "SKIP_IF_ABSENT":
      case "UNARY_MINUS":
      case "UNARY_BIT_NOT":
      case "RETURN":
        break;
      default: {
        const [right, left] = [pop(), pop()];
        if (left.isOfRecord && right.load !== undefined) loads.add(right.load);
        if (right.isOfRecord && left.load !== undefined) loads.add(left.load);
        stack.push({ isOfRecord: left.isOfRecord || right.isOfRecord });
      }
    }
    at += 1 + (OPCODES.get(name)?.operands.length ?? 0);
  }
  return loads;
}

function isOfRecord({ root, names }: ProgramSymbol): boolean {
  if (root === "$event") return names[0] === "timestamp" || names[0] === "cpu_id";
  return root !== "$trace" && root !== "$container";
}
