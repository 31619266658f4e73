/**
 * Checks code before it runs, by one abstract execution driven by the opcode table: opcodes of the right stage,
 * operands inside their pools, jumps forward and onto instructions, equal stacks where ways meet, RETURN at the end.
 */
import type { LinkedProgram, Pools, Program } from "./bytecode.ts";
import { OPCODE_NAMES, OPCODES, type Opcode, type OperandKind, type StackType } from "./opcodes.ts";

/**
 * Validates a generic program; its values have no types yet.
 *
 * @throws RangeError at the first word that is wrong: a defect of the emitter, or a forged program
 */
export function validateProgram(program: Program): number {
  return new Validator(program, "generic", {
    ...poolSizes(program),
    "symbol#": program.symbols.length,
  }).run();
}

/**
 * Validates a linked program and gives the stack depth it needs.
 *
 * @throws RangeError at the first word that is wrong
 */
export function validateLinked(program: LinkedProgram): number {
  const { fields, choices } = program;
  for (const choice of choices.flat()) {
    if (choice.field >= fields.length)
      throw new RangeError(`filter code: no field ${choice.field}`);
  }
  const sizes = { ...poolSizes(program), "field#": fields.length, "choices#": choices.length };
  return new Validator(program, "linked", sizes).run();
}

type Limits = Partial<Record<OperandKind, number>>;

function poolSizes({ integers, doubles, texts }: Pools): Limits {
  return {
    "integer#": integers.length / 2,
    "double#": doubles.length,
    "text#": texts.length,
    "symbol#": 0,
    "field#": 0,
    "choices#": 0,
    comparison: 6,
    bitwise: 5,
    type: 4,
    index: 0x8000_0000,
  };
}

class Validator {
  readonly #code: Int32Array;
  readonly #stage: "generic" | "linked";
  readonly #limits: Limits;
  /** Stacks that jumps bring to later positions. */
  readonly #arriving = new Map<number, readonly StackType[]>();
  #stack: StackType[] = [];
  #maxDepth = 0;

  constructor(program: { readonly code: Int32Array }, stage: "generic" | "linked", limits: Limits) {
    this.#code = program.code;
    this.#stage = stage;
    this.#limits = { ...limits, target: program.code.length };
  }

  run(): number {
    const { length } = this.#code;
    let at = 0;
    while (at < length) {
      this.#merge(at);
      const { name, opcode } = this.#fetch(at);
      const operands = this.#code.subarray(at + 1, at + 1 + opcode.operands.length);
      this.#checkOperands(at, opcode, operands);
      at += 1 + opcode.operands.length;
      this.#execute(at, opcode, operands);
      if (name === "RETURN" && this.#stack.length > 0) throw wrong(at, "values left by RETURN");
      if (name === "RETURN" && at !== length) throw wrong(at, "code after RETURN");
      if (name !== "RETURN" && at >= length) throw wrong(at, "no RETURN at the end");
    }
    if (length === 0) throw wrong(0, "no code");
    if (this.#arriving.size > 0) throw wrong(at, "a jump between instructions");
    return this.#maxDepth;
  }

  #fetch(at: number): { name: string; opcode: Opcode } {
    const name = OPCODE_NAMES[this.#code[at]!];
    const opcode = name === undefined ? undefined : OPCODES.get(name);
    if (name === undefined || opcode === undefined) throw wrong(at, `no opcode ${this.#code[at]}`);
    if (opcode.stage !== "both" && opcode.stage !== this.#stage) {
      throw wrong(at, `${name} in ${this.#stage} code`);
    }
    return { name, opcode };
  }

  #checkOperands(at: number, opcode: Opcode, operands: Int32Array): void {
    if (operands.length < opcode.operands.length) throw wrong(at, "operands cut off");
    opcode.operands.forEach((kind, i) => {
      const value = operands[i]!;
      const limit = this.#limits[kind] ?? 0;
      const first = kind === "target" ? at + 1 + operands.length : 0;
      if (value < first || value >= limit)
        throw wrong(at, `${kind} ${value} not in ${first}…${limit - 1}`);
    });
  }

  #execute(next: number, opcode: Opcode, operands: Int32Array): void {
    for (const type of opcode.pops.toReversed()) this.#pop(next, type);
    if (opcode.jumps !== "none") {
      const target = operands[opcode.operands.indexOf("target")]!;
      this.#meet(target, [...this.#stack, opcode.jumps]);
    }
    if (opcode.pushes !== "none") this.#stack.push(opcode.pushes);
    this.#maxDepth = Math.max(this.#maxDepth, this.#stack.length);
  }

  #pop(next: number, wanted: StackType): void {
    const type = this.#stack.pop();
    if (type === undefined) throw wrong(next, "stack empty");
    if (this.#stage === "linked" && wanted !== "any" && type !== wanted) {
      throw wrong(next, `expected ${wanted} on the stack, got ${type}`);
    }
  }

  #meet(target: number, stack: readonly StackType[]): void {
    const other = this.#arriving.get(target);
    if (other !== undefined && !this.#agree(other, stack))
      throw wrong(target, "stacks differ where jumps meet");
    this.#arriving.set(target, stack);
  }

  #merge(at: number): void {
    const arriving = this.#arriving.get(at);
    if (arriving === undefined) return;
    if (!this.#agree(arriving, this.#stack)) throw wrong(at, "stacks differ where ways meet");
    this.#arriving.delete(at);
  }

  #agree(a: readonly StackType[], b: readonly StackType[]): boolean {
    if (a.length !== b.length) return false;
    return this.#stage === "generic" || a.every((type, i) => type === b[i]);
  }
}

function wrong(at: number, problem: string): RangeError {
  return new RangeError(`filter code: ${problem}, before word ${at}`);
}
