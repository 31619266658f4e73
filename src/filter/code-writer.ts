/** Code and pools while they grow, shared by `emit` and `link`. */
import type { Pools } from "./bytecode.ts";
import type { Constant } from "./fold.ts";
import { type LinkedParameter, type Parameter, parameterName } from "./linked-parameter.ts";
import type { Integer } from "./literals.ts";
import { opcode } from "./opcodes.ts";
import type { TextConstant } from "./text-literal.ts";

const LOADS = { integer: "LOAD_S64", double: "LOAD_DOUBLE", text: "LOAD_STRING" } as const;

export class CodeWriter {
  readonly #code: number[] = [];
  readonly #integers: number[] = [];
  readonly #integerNumbers = new Map<string, number>();
  readonly #doubles: number[] = [];
  readonly #texts: TextConstant[] = [];
  readonly #textNumbers = new Map<TextConstant, number>();
  readonly #parameters = new Map<string, LinkedParameter>();

  /** Words so far: where the next instruction goes. */
  get position(): number {
    return this.#code.length;
  }

  /** Appends an instruction and returns where it stands. */
  put(name: string, ...operands: number[]): number {
    return this.#code.push(opcode(name), ...operands) - operands.length - 1;
  }

  /** Appends an instruction whose last operand is a target still unknown; returns the word to patch. */
  putJump(name: string, ...operands: number[]): number {
    this.put(name, ...operands, 0);
    return this.#code.length - 1;
  }

  /** Lets a jump lead to the next instruction. */
  patch(word: number): void {
    this.#code[word] = this.#code.length;
  }

  /** Drops everything from `position` on; no jump from before may lead behind it. */
  truncate(position: number): void {
    this.#code.length = position;
  }

  putInteger(value: Integer): number {
    const key = `${value.hi}:${value.lo}`;
    let number = this.#integerNumbers.get(key);
    if (number === undefined) {
      number = this.#integers.push(value.hi, value.lo) / 2 - 1;
      this.#integerNumbers.set(key, number);
    }
    return this.put("LOAD_S64", number);
  }

  putDouble(value: number): number {
    return this.put("LOAD_DOUBLE", this.#doubles.push(value) - 1);
  }

  putText(value: TextConstant): number {
    return this.put("LOAD_STRING", this.addText(value));
  }

  /** The number of a text constant, for instructions that name it without pushing it. */
  addText(value: TextConstant): number {
    let number = this.#textNumbers.get(value);
    if (number === undefined) {
      number = this.#texts.push(value) - 1;
      this.#textNumbers.set(value, number);
    }
    return number;
  }

  /** Loads a parameter: its value is never one with a constant's of the code, though it be the same. */
  putParameter(parameter: Parameter, value: Constant): number {
    const name = parameterName(parameter);
    let known = this.#parameters.get(name);
    if (known === undefined) {
      const { kind, source, signs } = parameter;
      known = { kind, source, signs, number: this.#addValue(value) };
      this.#parameters.set(name, known);
    }
    return this.put(LOADS[parameter.kind], known.number);
  }

  get parameters(): readonly LinkedParameter[] {
    return [...this.#parameters.values()];
  }

  #addValue(value: Constant): number {
    if (typeof value === "number") return this.#doubles.push(value) - 1;
    if ("hi" in value) return this.#integers.push(value.hi, value.lo) / 2 - 1;
    return this.#texts.push(value) - 1;
  }

  finish(): Pools & { readonly code: Int32Array } {
    return {
      code: Int32Array.from(this.#code),
      integers: Int32Array.from(this.#integers),
      doubles: Float64Array.from(this.#doubles),
      texts: this.#texts,
    };
  }
}
