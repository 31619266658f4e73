/** Code and pools while they grow, shared by `emit` and `link`. */
import type { Pools } from "./bytecode.ts";
import type { Integer } from "./literals.ts";
import { opcode } from "./opcodes.ts";
import type { TextConstant } from "./text-literal.ts";

export class CodeWriter {
  readonly #code: number[] = [];
  readonly #integers: number[] = [];
  readonly #integerNumbers = new Map<string, number>();
  readonly #doubles: number[] = [];
  readonly #texts: TextConstant[] = [];

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
    const known = this.#texts.indexOf(value);
    return known === -1 ? this.#texts.push(value) - 1 : known;
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
