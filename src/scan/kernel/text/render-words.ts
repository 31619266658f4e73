/** What every operation of the render machine uses: its program's words, the position, literals, numbers. */

import type { Code, Local } from "../../../wasm/code.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import { copyText, readBits } from "../scan/helpers.ts";
import type { Unit } from "../scan/unit.ts";
import { LITTLE_ENDIAN, SIGNED } from "./render-program.ts";

const { i32, i64 } = ValueType;

export const PROGRAM: Local = 0;
export const INPUT: Local = 1;
export const BIT: Local = 2;
export const OUT: Local = 3;
export const LIMIT: Local = 4;

export class RenderWords {
  readonly #unit: Unit;
  readonly #code: Code;
  /** The number that was read last, i64. */
  readonly value: Local;
  readonly count: Local;
  readonly length: Local;

  constructor(unit: Unit, code: Code) {
    this.#unit = unit;
    this.#code = code;
    this.value = code.local(i64);
    this.count = code.local(i32);
    this.length = code.local(i32);
  }

  /** The address of the slot whose offset is word number `i`. */
  slot(i: number): void {
    this.arg(i);
    this.#code.push(this.#unit.slots).op(Op.i32Add);
  }

  /** Leaves with -1: the text would pass the limit. */
  overflow(): void {
    this.#code.i32(-1).op(Op.return);
  }

  /** Word number `i` of the operation at hand. */
  arg(i: number): void {
    this.#code.get(PROGRAM).memory(Memory.i32Load, i * 4);
  }

  pushFlag(flag: number): void {
    this.arg(3);
    this.#code.i32(flag).op(Op.i32And);
  }

  /** bit := align(bit, argument 1) */
  align(): void {
    const code = this.#code;
    code.get(BIT);
    this.arg(1);
    code.op(Op.i32Add).i32(1).op(Op.i32Sub).i32(0);
    this.arg(1);
    code.op(Op.i32Sub, Op.i32And).set(BIT);
  }

  /** Copies a literal whose address and length are arguments `i` and `i + 1`. */
  copy(i: number): void {
    const code = this.#code;
    this.arg(i + 1);
    code
      .tee(this.length)
      .get(OUT)
      .op(Op.i32Add)
      .get(LIMIT)
      .op(Op.i32GtU)
      .if(() => this.overflow());
    code.get(OUT);
    this.arg(i);
    code.get(this.length).call(this.#unit.helper(copyText)).op(Op.drop);
    code.get(OUT).get(this.length).op(Op.i32Add).set(OUT);
  }

  /** Arguments 1 to 4: align, size, flags, slot. Leaves the value as i64, extended, and in its slot if it has one. */
  readInteger(): void {
    this.readNumber();
    const code = this.#code;
    this.arg(4);
    code.if(() => {
      this.slot(4);
      code.get(this.value).memory(Memory.i64Store);
    });
    code.get(this.value);
  }

  /** Arguments 1 to 3: align, size, flags. Sets `value` and moves on. */
  readNumber(): void {
    const code = this.#code;
    this.align();
    code.get(BIT).i32(7).op(Op.i32And);
    this.arg(2);
    code.op(Op.i32Add).i32(64).op(Op.i32LeU);
    this.pushFlag(LITTLE_ENDIAN);
    code.i32(0).op(Op.i32Ne, Op.i32And);
    code.if(
      () => {
        code.get(INPUT).get(BIT).i32(3).op(Op.i32ShrU, Op.i32Add).memory(Memory.i64Load);
        code.get(BIT).i32(7).op(Op.i32And, Op.i64ExtendI32U, Op.i64ShrU);
      },
      () => {
        code.get(INPUT).get(BIT);
        this.arg(2);
        this.pushFlag(LITTLE_ENDIAN);
        code.i32(0).op(Op.i32Ne).call(this.#unit.helper(readBits));
      },
      i64,
    );
    // Cut to its size, and extended by sign or zeros.
    const up = (): void => {
      code.i32(64);
      this.arg(2);
      code.op(Op.i32Sub, Op.i64ExtendI32U);
    };
    up();
    code.op(Op.i64Shl).set(this.value);
    this.pushFlag(SIGNED);
    code.if(
      () => {
        code.get(this.value);
        up();
        code.op(Op.i64ShrS);
      },
      () => {
        code.get(this.value);
        up();
        code.op(Op.i64ShrU);
      },
      i64,
    );
    code.set(this.value);
    code.get(BIT);
    this.arg(2);
    code.op(Op.i32Add).set(BIT);
  }

  /** The address of the position, which lies on a byte border. */
  pushAddress(): void {
    this.#code.get(INPUT).get(BIT).i32(3).op(Op.i32ShrU, Op.i32Add);
  }

  /** Sets `count` from a constant argument, or from the slot whose address is an argument. */
  pushCount(constant: number, slot: number): void {
    const code = this.#code;
    this.arg(slot);
    code.if(
      () => {
        this.slot(slot);
        code.memory(Memory.i32Load);
      },
      () => this.arg(constant),
      i32,
    );
    code.set(this.count);
  }
}
