/**
 * Render programs → code: what the render machine does word by word, written out for one shape of program. Literals stay in
 * the program, so that event classes whose fields have other names share the code. Where a program comes to a variant or to
 * an array of anything but integers, the machine goes on with it.
 */

import type { IntegerLayout } from "../../../ctf/read-field.ts";
import type { Code, Local } from "../../../wasm/code.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import { Hook, type Step, Op as StepOp } from "../../walk.ts";
import { State } from "../memory/memory.ts";
import type { Location, Position } from "../scan/position.ts";
import { slotAt, type Unit } from "../scan/unit.ts";
import { WalkEmitter } from "../scan/walk-emitter.ts";
import { renderMachine } from "./render-machine.ts";
import { LITTLE_ENDIAN, MAX_NUMBER_BYTES, RenderOp, SIGNED } from "./render-program.ts";
import {
  copyLiteral,
  writeDecimal,
  writeFloat,
  writeJsonInteger,
  writePower,
  writeText,
} from "./text-helpers.ts";

const { i32 } = ValueType;

/** Words of each operation, itself included; that of a variant depends on its options. */
const LENGTHS: Readonly<Record<number, number>> = {
  [RenderOp.end]: 1,
  [RenderOp.literal]: 3,
  [RenderOp.decimal]: 5,
  [RenderOp.jsonInteger]: 5,
  [RenderOp.power]: 7,
  [RenderOp.float]: 5,
  [RenderOp.labels]: 6,
  [RenderOp.string]: 3,
  [RenderOp.text]: 5,
  [RenderOp.array]: 14,
  [RenderOp.align]: 2,
  [RenderOp.packet]: 1,
  [RenderOp.reserve]: 2,
};

/** Gives the words of nested programs. */
export type WordsOf = (program: number) => Int32Array;

/** Equal for programs that the same code can run. */
export function renderShape(words: Int32Array, wordsOf: WordsOf): string {
  let shape = "";
  for (let at = 0; ; ) {
    const op = words[at]!;
    const length = LENGTHS[op];
    // From here on the machine runs whatever there is.
    if (length === undefined) return `${shape}m`;
    switch (op) {
      case RenderOp.end:
        return shape;
      case RenderOp.literal:
      case RenderOp.reserve:
        shape += `${op};`;
        break;
      case RenderOp.string:
      case RenderOp.text: {
        // The table's address is read from the program.
        const [mode, , ...rest] = words.subarray(at + 1, at + length);
        shape += `${op}:${mode},${rest.join()};`;
        break;
      }
      case RenderOp.labels:
        shape += `${op}:${words.subarray(at + 1, at + 5).join()};`;
        break;
      case RenderOp.array: {
        const element = integerElement(wordsOf(words[at + 5]!));
        if (element === undefined) return `${shape}m`;
        shape += `${op}:${words.subarray(at + 1, at + 5).join()}(${element.join()});`;
        break;
      }
      default:
        shape += `${op}:${words.subarray(at + 1, at + length).join()};`;
    }
    at += length;
  }
}

/** The operation of a program that writes one integer and nothing else, if it has no slot. */
function integerElement(words: Int32Array): Int32Array | undefined {
  const at = LENGTHS[RenderOp.reserve]!;
  const op = words[at]!;
  const isInteger = (op === RenderOp.decimal || op === RenderOp.jsonInteger) && words[at + 4] === 0;
  return isInteger && words[at + LENGTHS[op]!] === RenderOp.end
    ? words.subarray(at, at + LENGTHS[op]!)
    : undefined;
}

const PROGRAM: Local = 0;
const INPUT: Local = 1;
const BIT: Local = 2;
const OUT: Local = 3;
const LIMIT: Local = 4;

/** (program, input, bit, out, limit) → address behind the text, or -1 if it would pass `limit`. */
export function emitRender(unit: Unit, words: Int32Array, wordsOf: WordsOf): number {
  const body = new RenderEmitter(unit, words, wordsOf).emit();
  return unit.module.function(renderMachine.type, body);
}

class RenderEmitter {
  readonly #unit: Unit;
  readonly #code: Code;
  readonly #words: Int32Array;
  readonly #wordsOf: WordsOf;
  readonly #walk: WalkEmitter;
  /** What must stay free behind a text for all else that the program writes. */
  readonly #limit: Local;
  #location = 0;

  constructor(unit: Unit, words: Int32Array, wordsOf: WordsOf) {
    this.#unit = unit;
    this.#code = unit.code(5);
    this.#words = words;
    this.#wordsOf = wordsOf;
    const nothing = { clock: () => this.#code.op(Op.drop), eventId: () => this.#code.op(Op.drop) };
    this.#walk = new WalkEmitter(unit, this.#code, INPUT, BIT, nothing);
    this.#limit = this.#code.local(i32);
  }

  emit(): Uint8Array {
    const code = this.#code;
    for (let at = 0; ; ) {
      const op = this.#words[at]!;
      const length = LENGTHS[op];
      if (length === undefined || !this.#operation(op, at)) return this.#machine(at);
      if (op === RenderOp.end) return code.body();
      at += length;
    }
  }

  /** Emits one operation; false if it is the machine's. */
  #operation(op: number, at: number): boolean {
    const code = this.#code;
    switch (op) {
      case RenderOp.reserve:
        code.get(LIMIT);
        this.#arg(at, 1);
        code.op(Op.i32Sub).tee(this.#limit).get(OUT).op(Op.i32LtS);
        code.if(() => code.i32(-1).op(Op.return));
        return true;
      case RenderOp.end:
        code.get(OUT);
        return true;
      case RenderOp.literal:
        this.#literal(at + 1);
        return true;
      case RenderOp.decimal:
      case RenderOp.jsonInteger:
        code.get(OUT);
        this.#pushInteger(at);
        this.#writeInteger(op, this.#flags(at));
        return true;
      case RenderOp.power:
        code.get(OUT);
        this.#pushInteger(at);
        code.i32(this.#word(at, 5)).i32(this.#word(at, 6));
        code.call(this.#unit.helper(writePower)).set(OUT);
        return true;
      case RenderOp.float:
        this.#float(at);
        return true;
      case RenderOp.labels:
        this.#labels(at);
        return true;
      case RenderOp.string:
      case RenderOp.text:
        this.#text(op, at);
        return true;
      case RenderOp.align: {
        const step = { op: StepOp.locate, align: this.#word(at, 1), location: -1 } as const;
        this.#walk.walk([step]);
        return true;
      }
      case RenderOp.packet:
        this.#packet();
        return true;
      case RenderOp.array:
        return this.#array(at);
      default:
        return false;
    }
  }

  /** Leaves the rest of the program to the machine. */
  #machine(at: number): Uint8Array {
    const code = this.#code;
    code.get(PROGRAM);
    if (at > 0) code.i32(at * 4).op(Op.i32Add);
    code.get(INPUT);
    this.#code.push(this.#walk.bit);
    code.get(OUT).get(LIMIT).call(this.#unit.helper(renderMachine));
    return code.body();
  }

  #word(at: number, i: number): number {
    return this.#words[at + i]!;
  }

  #arg(at: number, i: number): void {
    this.#code.get(PROGRAM).memory(Memory.i32Load, 4 * (at + i));
  }

  #flags(at: number): number {
    return this.#word(at, 3);
  }

  /** Copies the literal whose address and length are words `at` and `at + 1`. */
  #literal(at: number): void {
    this.#code.get(OUT);
    this.#arg(at, 0);
    this.#arg(at, 1);
    this.#code.call(this.#unit.helper(copyLiteral)).set(OUT);
  }

  /** Walks over the integer of an operation and puts its value on the stack. */
  #pushInteger(at: number): void {
    const layout = integerLayout(this.#word(at, 2), this.#flags(at));
    this.#code.push(this.#walk.reader.field(this.#integerAt(at, layout), layout));
  }

  #integerAt(at: number, layout: IntegerLayout): Position {
    return this.#locate((location) => ({
      op: StepOp.integer,
      align: this.#word(at, 1),
      bits: layout.size,
      location,
      layout,
      slot: slotAt(this.#word(at, 4)),
      hook: Hook.none,
    })).position;
  }

  /** Walks a step that locates its field. */
  #locate(step: (location: number) => Step): Location {
    const location = this.#location++;
    this.#walk.walk([step(location)]);
    return this.#walk.locations.get(location)!;
  }

  /** Writes the integer on the stack, behind the address below it. */
  #writeInteger(op: number, flags: number): void {
    const write = op === RenderOp.decimal ? writeDecimal : writeJsonInteger;
    this.#code
      .i32(flags & SIGNED)
      .call(this.#unit.helper(write))
      .set(OUT);
  }

  #float(at: number): void {
    const code = this.#code;
    const size = this.#word(at, 2);
    const { position } = this.#locate((location) => ({
      op: StepOp.fixed,
      align: this.#word(at, 1),
      bits: size,
      location,
    }));
    const isLittleEndian = (this.#flags(at) & LITTLE_ENDIAN) !== 0;
    this.#code.push(this.#walk.reader.integer(position, size, false, isLittleEndian));
    if (size === 32) code.op(Op.i32WrapI64, Op.f32ReinterpretI32, Op.f64PromoteF32);
    else code.op(Op.f64ReinterpretI64);
    code.i32(size).i32(this.#word(at, 4)).get(OUT);
    code.call(this.#unit.helper(writeFloat)).set(OUT);
  }

  #labels(at: number): void {
    const code = this.#code;
    const value = code.local(ValueType.i64);
    this.#pushInteger(at);
    code.set(value);
    this.#arg(at, 5);
    code.get(value).i64(32n).op(Op.i64ShrU, Op.i32WrapI64).get(value).op(Op.i32WrapI64);
    code.get(OUT).get(this.#limit).call(this.#unit.labelFunction);
    this.#setOutOrLeave();
  }

  #text(op: number, at: number): void {
    const code = this.#code;
    const location = this.#locate((number) => {
      if (op === RenderOp.string) return { op: StepOp.string, location: number, unit: 1 };
      const slot = slotAt(this.#word(at, 4));
      return { op: StepOp.text, count: this.#word(at, 3), slot, location: number, unit: 1 };
    });
    code.get(OUT).get(this.#limit);
    this.#code.push(this.#walk.reader.address(location.position));
    this.#code.push(this.#walk.reader.length(location));
    code.i32(this.#word(at, 1));
    this.#arg(at, 2);
    code.call(this.#unit.helper(writeText));
    this.#setOutOrLeave();
  }

  #packet(): void {
    const code = this.#code;
    const { state } = this.#unit;
    code.get(OUT).push(state).memory(Memory.i32Load, State.packetTextLength).op(Op.i32Add);
    code
      .get(this.#limit)
      .op(Op.i32GtU)
      .if(() => code.i32(-1).op(Op.return));
    code.get(OUT).push(state).memory(Memory.i32Load, State.packetText);
    code.push(state).memory(Memory.i32Load, State.packetTextLength);
    code.call(this.#unit.helper(copyLiteral)).set(OUT);
  }

  /** An array of integers; false if its elements are anything else. */
  #array(at: number): boolean {
    const element = integerElement(this.#wordsOf(this.#word(at, 5)));
    if (element === undefined) return false;
    const [op = 0, align = 1, size = 0, flags = 0] = element;
    const layout = integerLayout(size, flags);
    const stride = Math.ceil(size / align) * align;
    const location = this.#locate((number) => ({
      op: StepOp.array,
      align: this.#word(at, 1),
      count: this.#word(at, 2),
      slot: slotAt(this.#word(at, 3)),
      location: number,
      strideBits: stride,
      elementBits: size,
      element: undefined,
    }));
    const code = this.#code;
    const count = code.local(i32);
    const i = code.local(i32);
    const bit = code.local(i32);
    this.#code.push(this.#walk.reader.length(location));
    code.tee(count).op(Op.i32Eqz);
    code.if(
      () => this.#literal(at + 12),
      () => {
        this.#literal(at + 6);
        code.i32(0).set(i);
        this.#code.push(this.#walk.reader.bit(location.position));
        code.set(bit);
        code.loop((again) => {
          code
            .get(OUT)
            .i32(2 * MAX_NUMBER_BYTES)
            .op(Op.i32Add)
            .get(this.#limit)
            .op(Op.i32GtU);
          code.if(() => code.i32(-1).op(Op.return));
          code.get(i).if(() => this.#literal(at + 8));
          if (this.#word(at, 4) !== 0) this.#number(i);
          code.get(OUT);
          this.#code.push(
            this.#walk.reader.field(
              this.#walk.reader.positionAt(this.#code, bit, location, stride),
              layout,
            ),
          );
          this.#writeInteger(op, flags);
          code.get(bit).i32(stride).op(Op.i32Add).set(bit);
          code.get(i).i32(1).op(Op.i32Add).tee(i).get(count).op(Op.i32LtU);
          code.if(() => code.br(again));
        });
        this.#literal(at + 10);
      },
    );
    return true;
  }

  /** `[i] = ` */
  #number(i: Local): void {
    const code = this.#code;
    code.get(OUT).i32(0x5b).memory(Memory.i32Store8);
    code.get(OUT).i32(1).op(Op.i32Add).get(i).op(Op.i64ExtendI32U).i32(0);
    code.call(this.#unit.helper(writeDecimal)).tee(OUT);
    // "] = "
    code.i32(0x203d_205d).memory(Memory.i32Store).get(OUT).i32(4).op(Op.i32Add).set(OUT);
  }

  #setOutOrLeave(): void {
    const code = this.#code;
    code.tee(OUT).i32(-1).op(Op.i32Eq);
    code.if(() => code.i32(-1).op(Op.return));
  }
}

function integerLayout(size: number, flags: number): IntegerLayout {
  return {
    coding: "plain",
    form: "number",
    size,
    signed: (flags & SIGNED) !== 0,
    byteOrder: (flags & LITTLE_ENDIAN) !== 0 ? "little-endian" : "big-endian",
  };
}
