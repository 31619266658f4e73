/**
 * Linked bytecode → structured code. Jumps go forward and nest: a block for each place that is jumped to, so that `a && b && c`
 * becomes: block; a; if zero then 0 and leave; b; if zero then 0 and leave; c; end. What rejects a record leaves through `reject`.
 */

import type { FieldClass } from "../../../ctf/trace-class.ts";
import type { LinkedProgram } from "../../../filter/bytecode.ts";
import type { Parameter } from "../../../filter/linked-parameter.ts";
import { OPCODE_NAMES } from "../../../filter/opcodes.ts";
import type { TextConstant } from "../../../filter/text-literal.ts";
import type { Code, Expression, Label, Local } from "../../../wasm/code.ts";
import { long } from "../../../wasm/expression.ts";
import { Op, ValueType } from "../../../wasm/opcodes.ts";
import { compareTexts, matchPattern } from "./helpers.ts";
import { NotCompilable } from "./not-compilable.ts";
import type { Location } from "./position.ts";
import type { Unit } from "./unit.ts";
import type { WalkEmitter } from "./walk-emitter.ts";

const { i32, i64, f64 } = ValueType;

/** Comparisons in the order of `COMPARISON_ORDER`: == != > < >= <=. */
const INTEGER_COMPARISONS = [
  Op.i64Eq,
  Op.i64Ne,
  Op.i64GtS,
  Op.i64LtS,
  Op.i64GeS,
  Op.i64LeS,
] as const;
const DOUBLE_COMPARISONS = [Op.f64Eq, Op.f64Ne, Op.f64Gt, Op.f64Lt, Op.f64Ge, Op.f64Le] as const;
const SIGN_COMPARISONS = [Op.i32Eq, Op.i32Ne, Op.i32GtS, Op.i32LtS, Op.i32GeS, Op.i32LeS] as const;

export class FilterEmitter {
  readonly #unit: Unit;
  readonly #code: Code;
  readonly #program: LinkedProgram;
  readonly #walk: WalkEmitter;
  readonly #time: Local;
  readonly #reject: () => void;
  /** The innermost block: where a jump to its target branches. */
  #block: { readonly target: number; readonly end: Label } | undefined;

  /**
   * @param time holds the record's time as an i64
   * @param reject leaves the function: the record does not match
   */
  constructor(
    unit: Unit,
    code: Code,
    program: LinkedProgram,
    walk: WalkEmitter,
    time: Local,
    reject: () => void,
  ) {
    this.#unit = unit;
    this.#code = code;
    this.#program = program;
    this.#walk = walk;
    this.#time = time;
    this.#reject = reject;
  }

  /** Leaves an i32 on the stack: 1 if the record matches. */
  emit(): void {
    this.#run(0, this.#program.code.length);
    this.#code.i64(0n).op(Op.i64Ne);
  }

  /** Instructions `[from, to)`; RETURN ends the program and is nothing to do. */
  #run(from: number, to: number): void {
    for (let at = from; at < to; ) at = this.#instruction(at);
  }

  /** Emits one instruction, with all that a jump of it skips; returns where the next one stands. */
  #instruction(at: number): number {
    const name = OPCODE_NAMES[this.#program.code[at]!] ?? "";
    return this.#jump(name, at) ?? this.#load(name, at) ?? this.#compute(name, at);
  }

  /** The end, and instructions that jump. */
  #jump(name: string, at: number): number | undefined {
    const code = this.#code;
    const [a = 0, b = 0, c = 0] = this.#program.code.subarray(at + 1, at + 4);
    switch (name) {
      case "RETURN":
        return at + 1;
      case "AND":
        return this.#leave(at + 2, a, 0n);
      case "OR":
        return this.#leave(at + 2, a, 1n);
      case "SKIP_IF_NO_FIELD":
        this.#pushIsPresent(this.#location(a));
        code.if(
          () => this.#run(at + 3, b),
          () => code.i64(0n),
          i64,
        );
        return b;
      case "SKIP_IF_NO_ELEMENT":
        this.#pushHasElement(this.#location(a), b);
        code.if(
          () => this.#run(at + 4, c),
          () => code.i64(0n),
          i64,
        );
        return c;
      default:
        return undefined;
    }
  }

  /**
   * Leaves to the target with a value where the truth on the stack is that value; else what is behind runs. Targets that
   * follow each other share one block: thousands of terms would not nest.
   */
  #leave(behind: number, target: number, value: bigint): number {
    const code = this.#code;
    const outer = this.#block;
    if (outer?.target === target) {
      code.op(Op.i64Eqz);
      if (value === 1n) code.op(Op.i32Eqz);
      code.if(() => code.i64(value).br(outer.end));
      return behind;
    }
    const condition = code.local(i64);
    code.set(condition).block((end) => {
      this.#block = { target, end };
      code.get(condition);
      this.#leave(behind, target, value);
      this.#run(behind, target);
      this.#block = outer;
    }, i64);
    return target;
  }

  /** Instructions that work on the stack. */
  #compute(name: string, at: number): number {
    const code = this.#code;
    switch (name) {
      case "BIT_RSHIFT":
      case "BIT_LSHIFT":
        this.#shift(name === "BIT_RSHIFT" ? Op.i64ShrU : Op.i64Shl);
        return at + 1;
      case "BIT_AND":
        code.op(Op.i64And);
        return at + 1;
      case "BIT_OR":
        code.op(Op.i64Or);
        return at + 1;
      case "BIT_XOR":
        code.op(Op.i64Xor);
        return at + 1;
      case "UNARY_BIT_NOT":
        code.i64(-1n).op(Op.i64Xor);
        return at + 1;
      case "UNARY_MINUS_S64":
        code.i64(-1n).op(Op.i64Mul);
        return at + 1;
      case "UNARY_NOT_S64":
        code.op(Op.i64Eqz, Op.i64ExtendI32U);
        return at + 1;
      case "UNARY_MINUS_DOUBLE":
        code.op(Op.f64Neg);
        return at + 1;
      case "UNARY_NOT_DOUBLE":
        code.f64(0).op(Op.f64Eq, Op.i64ExtendI32U);
        return at + 1;
      case "CAST_DOUBLE_TO_S64":
        this.#truncate();
        return at + 1;
      case "EQ_STAR_GLOB_STRING":
      case "NE_STAR_GLOB_STRING": {
        const pattern = this.#program.texts[this.#program.code[at + 1]!]!;
        this.#matchPattern(pattern, name === "EQ_STAR_GLOB_STRING");
        return at + 2;
      }
      default:
        this.#comparison(name, this.#program.code[at]!);
        return at + 1;
    }
  }

  /** Instructions that put a constant or a field on the stack. */
  #load(name: string, at: number): number | undefined {
    const code = this.#code;
    const [a = 0, b = 0] = this.#program.code.subarray(at + 1, at + 3);
    switch (name) {
      case "LOAD_S64":
        code.push(this.#parameter("integer", a) ?? long(this.#integer(a)));
        return at + 2;
      case "LOAD_DOUBLE":
        code.push(this.#parameter("double", a) ?? ((to) => to.f64(this.#program.doubles[a]!)));
        return at + 2;
      case "LOAD_STRING":
        this.#pushConstant(a);
        return at + 2;
      case "LOAD_FIELD_S64":
        this.#pushInteger(a);
        return at + 2;
      case "LOAD_FIELD_DOUBLE":
        this.#pushDouble(a);
        return at + 2;
      case "LOAD_FIELD_TEXT":
        this.#pushText(a);
        return at + 2;
      case "LOAD_TIME":
        code.get(this.#time);
        return at + 1;
      case "LOAD_ELEMENT_S64":
        this.#pushElement(a, b);
        return at + 3;
      default:
        return undefined;
    }
  }

  #comparison(name: string, opcode: number): void {
    const code = this.#code;
    if (/^[A-Z]{2}_STRING$/.test(name)) {
      code.call(this.#unit.helper(compareTexts));
      code.i32(0).op(SIGN_COMPARISONS[opcode - 18]!, Op.i64ExtendI32U);
    } else if (/^[A-Z]{2}_S64$/.test(name)) {
      code.op(INTEGER_COMPARISONS[opcode - 24]!, Op.i64ExtendI32U);
    } else if (/^[A-Z]{2}_DOUBLE$/.test(name)) {
      code.op(DOUBLE_COMPARISONS[opcode - 30]!, Op.i64ExtendI32U);
    } else if (/^[A-Z]{2}_DOUBLE_S64$/.test(name)) {
      code.op(Op.f64ConvertI64S, DOUBLE_COMPARISONS[opcode - 36]!, Op.i64ExtendI32U);
    } else if (/^[A-Z]{2}_S64_DOUBLE$/.test(name)) {
      const right = code.local(f64);
      code.set(right).op(Op.f64ConvertI64S).get(right);
      code.op(DOUBLE_COMPARISONS[opcode - 42]!, Op.i64ExtendI32U);
    } else {
      throw new NotCompilable(name);
    }
  }

  /** Shift counts outside 0…63 reject. */
  #shift(op: typeof Op.i64Shl | typeof Op.i64ShrU): void {
    const code = this.#code;
    const count = code.local(i64);
    code.tee(count).i64(63n).op(Op.i64GtU);
    code.if(() => this.#reject());
    code.get(count).op(op);
  }

  /** Towards zero; what does not fit becomes −2^63, as x86 has it. */
  #truncate(): void {
    const code = this.#code;
    const value = code.local(f64);
    code
      .tee(value)
      .truncateToI64()
      .i64(-(1n << 63n));
    code
      .get(value)
      .f64(-(2 ** 63))
      .op(Op.f64Ge)
      .get(value)
      .f64(2 ** 63)
      .op(Op.f64Lt, Op.i32And);
    code.op(Op.select);
  }

  #location(field: number): Location {
    const location = this.#walk.locations.get(field);
    if (location === undefined) throw new NotCompilable(`field ${field} was not located`);
    return location;
  }

  #fieldClass(field: number): FieldClass {
    return this.#program.fields[field]!.fieldClass;
  }

  #pushIsPresent(location: Location): void {
    if (location.isOptional) this.#code.get(location.position.base).i32(0).op(Op.i32GeS);
    else this.#code.i32(1);
  }

  #rejectIfAbsent(location: Location): void {
    if (!location.isOptional) return;
    this.#code.get(location.position.base).i32(0).op(Op.i32LtS);
    this.#code.if(() => this.#reject());
  }

  #pushInteger(field: number): void {
    const location = this.#location(field);
    const fieldClass = this.#fieldClass(field);
    if (fieldClass.kind !== "integer") throw new NotCompilable("LOAD_FIELD_S64 of no integer");
    this.#rejectIfAbsent(location);
    this.#code.push(this.#walk.reader.field(location.position, fieldClass));
  }

  #pushDouble(field: number): void {
    const location = this.#location(field);
    const fieldClass = this.#fieldClass(field);
    if (fieldClass.kind !== "float") throw new NotCompilable("LOAD_FIELD_DOUBLE of no float");
    this.#rejectIfAbsent(location);
    this.#code.push(this.#walk.reader.floatBits(location.position, fieldClass));
    if (fieldClass.size === 64) this.#code.op(Op.f64ReinterpretI64);
    else this.#code.op(Op.i32WrapI64, Op.f32ReinterpretI32, Op.f64PromoteF32);
  }

  /** Three i32: address, length, whether it is a prefix. */
  #pushText(field: number): void {
    const location = this.#location(field);
    const fieldClass = this.#fieldClass(field);
    if ("encoding" in fieldClass && fieldClass.encoding !== "utf-8")
      throw new NotCompilable(`text in ${fieldClass.encoding}`);
    this.#rejectIfAbsent(location);
    this.#code.push(this.#walk.reader.address(location.position));
    this.#code.push(this.#walk.reader.length(location));
    this.#code.i32(0);
  }

  #pushConstant(number: number): void {
    const { decoded, globClass } = this.#program.texts[number]!;
    const address = this.#parameter("text", number);
    if (address === undefined) this.#code.push(this.#unit.literal(decoded)).i32(decoded.length);
    else this.#code.push(address).push(this.#parameter("text", number, true)!);
    this.#code.i32(globClass === "star-at-end" ? 1 : 0);
  }

  #integer(number: number): bigint {
    const { integers } = this.#program;
    return (BigInt(integers[2 * number]!) << 32n) | BigInt(integers[2 * number + 1]! >>> 0);
  }

  /** The value of a constant that the instance is given: of a text, its address or its length. */
  #parameter(kind: Parameter["kind"], number: number, isLength = false): Expression | undefined {
    const parameter = this.#program.parameters?.find(
      (one) => one.kind === kind && one.number === number,
    );
    return parameter && this.#unit.parameter(parameter, isLength);
  }

  #pushHasElement(location: Location, index: number): void {
    const code = this.#code;
    this.#pushIsPresent(location);
    this.#code.push(this.#walk.reader.length(location));
    code.i32(index).op(Op.i32GtU, Op.i32And);
  }

  #pushElement(field: number, index: number): void {
    const code = this.#code;
    const location = this.#location(field);
    const fieldClass = this.#fieldClass(field);
    if (fieldClass.kind !== "array" || fieldClass.element.kind !== "integer") {
      throw new NotCompilable("LOAD_ELEMENT_S64 of no integer array");
    }
    this.#pushHasElement(location, index);
    code.op(Op.i32Eqz).if(() => this.#reject());
    const { size, align } = fieldClass.element;
    const { base, byteBase, offset } = location.position;
    const position = { base, byteBase, offset: offset + index * Math.ceil(size / align) * align };
    this.#code.push(this.#walk.reader.field(position, fieldClass.element));
  }

  /** A text, as three i32 on the stack, against a star pattern. */
  #matchPattern(text: TextConstant, wanted: boolean): void {
    const code = this.#code;
    const { pattern } = text;
    const bytes = new Uint8Array(pattern.buffer, pattern.byteOffset, pattern.byteLength);
    const address = code.local(i32);
    const length = code.local(i32);
    code.op(Op.drop).set(length).set(address);
    code.push(this.#unit.literal(bytes)).i32(pattern.length).get(address).get(length);
    code.call(this.#unit.helper(matchPattern));
    if (!wanted) code.op(Op.i32Eqz);
    code.op(Op.i64ExtendI32U);
  }
}
