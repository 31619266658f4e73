/**
 * The render machine: a WebAssembly function that runs render programs over a record and writes text.
 *
 * (program, input, bit, out, limit) → address behind the text, or -1 if it would pass `limit`. The record was walked to
 * its end before, so that fields lie inside the packet. The position afterwards is in `State.renderBit`; whether a byte
 * beyond ASCII was written, in `State.renderSeen`.
 */

import type { Code, Local } from "../../../wasm/code.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import { State } from "../memory/memory.ts";
import { copyText, findZero, readBits, textLength } from "../scan/helpers.ts";
import type { Helper, Unit } from "../scan/unit.ts";
import { LITTLE_ENDIAN, MAX_NUMBER_BYTES, SIGNED } from "./render-program.ts";
import { writeDecimal, writeJsonInteger, writePower, writeText } from "./text-helpers.ts";

const { i32, i64, f64 } = ValueType;

export const renderMachine: Helper = {
  type: { parameters: [i32, i32, i32, i32, i32], results: [i32] },
  body(unit) {
    return new MachineEmitter(unit).emit();
  },
};

const PROGRAM: Local = 0;
const INPUT: Local = 1;
const BIT: Local = 2;
const OUT: Local = 3;
const LIMIT: Local = 4;

class MachineEmitter {
  readonly #unit: Unit;
  readonly #code: Code;
  readonly #self: number;
  readonly #value: Local;
  readonly #count: Local;
  readonly #length: Local;
  readonly #before: Local;

  constructor(unit: Unit) {
    this.#unit = unit;
    this.#code = unit.code(5);
    this.#self = unit.helper(renderMachine);
    this.#value = this.#code.local(i64);
    this.#count = this.#code.local(i32);
    this.#length = this.#code.local(i32);
    this.#before = this.#code.local(i32);
  }

  emit(): Uint8Array {
    const code = this.#code;
    code.loop((next) => {
      const advance = (words: number): void => {
        code
          .get(PROGRAM)
          .i32(words * 4)
          .op(Op.i32Add)
          .set(PROGRAM)
          .br(next);
      };
      // One check for everything small; texts and literals check their own length.
      code.get(OUT).i32(MAX_NUMBER_BYTES).op(Op.i32Add).get(LIMIT).op(Op.i32GtU);
      code.if(() => this.#overflow());
      code.get(PROGRAM).memory(Memory.i32Load);
      code.switch([
        () => {
          code.i32(this.#unit.state).get(BIT).memory(Memory.i32Store, State.renderBit);
          code.get(OUT).op(Op.return);
        },
        () => {
          this.#copy(1);
          advance(3);
        },
        () => {
          this.#pushOut();
          this.#readInteger();
          this.#pushFlag(SIGNED);
          code.call(this.#unit.helper(writeDecimal)).set(OUT);
          advance(5);
        },
        () => {
          this.#jsonInteger();
          advance(5);
        },
        () => {
          this.#pushOut();
          this.#readInteger();
          this.#arg(5);
          this.#arg(6);
          code.call(this.#unit.helper(writePower)).set(OUT);
          advance(7);
        },
        () => {
          this.#float();
          advance(5);
        },
        () => {
          this.#labels();
          advance(6);
        },
        () => {
          this.#string();
          advance(3);
        },
        () => {
          this.#text();
          advance(5);
        },
        () => {
          this.#array();
          advance(14);
        },
        () => {
          this.#variant();
          // The words of the ranges follow the fixed ones.
          this.#arg(3);
          code.i32(20).op(Op.i32Mul).get(PROGRAM).op(Op.i32Add).set(PROGRAM);
          advance(4);
        },
        () => {
          this.#align();
          advance(2);
        },
        () => {
          this.#packet();
          advance(1);
        },
        () => advance(2),
      ]);
      code.op(Op.unreachable);
    });
    return code.op(Op.unreachable).body();
  }

  #overflow(): void {
    this.#code.i32(-1).op(Op.return);
  }

  #arg(i: number): void {
    this.#code.get(PROGRAM).memory(Memory.i32Load, i * 4);
  }

  #pushOut(): void {
    this.#code.get(OUT);
  }

  #pushFlag(flag: number): void {
    this.#arg(3);
    this.#code.i32(flag).op(Op.i32And);
  }

  /** bit := align(bit, argument 1) */
  #align(): void {
    const code = this.#code;
    code.get(BIT);
    this.#arg(1);
    code.op(Op.i32Add).i32(1).op(Op.i32Sub).i32(0);
    this.#arg(1);
    code.op(Op.i32Sub, Op.i32And).set(BIT);
  }

  /** Copies a literal whose address and length are arguments `i` and `i + 1`. */
  #copy(i: number): void {
    const code = this.#code;
    this.#arg(i + 1);
    code
      .tee(this.#length)
      .get(OUT)
      .op(Op.i32Add)
      .get(LIMIT)
      .op(Op.i32GtU)
      .if(() => this.#overflow());
    code.get(OUT);
    this.#arg(i);
    code.get(this.#length).call(this.#unit.helper(copyText)).op(Op.drop);
    code.get(OUT).get(this.#length).op(Op.i32Add).set(OUT);
  }

  /** Arguments 1 to 4: align, size, flags, slot. Leaves the value as i64, extended, and in its slot if it has one. */
  #readInteger(): void {
    this.#readNumber();
    const code = this.#code;
    this.#arg(4);
    code.if(() => {
      this.#arg(4);
      code.get(this.#value).memory(Memory.i64Store);
    });
    code.get(this.#value);
  }

  /** Arguments 1 to 3: align, size, flags. Sets `value` and moves on. */
  #readNumber(): void {
    const code = this.#code;
    this.#align();
    code.get(BIT).i32(7).op(Op.i32And);
    this.#arg(2);
    code.op(Op.i32Add).i32(64).op(Op.i32LeU);
    this.#pushFlag(LITTLE_ENDIAN);
    code.i32(0).op(Op.i32Ne, Op.i32And);
    code.if(
      () => {
        code.get(INPUT).get(BIT).i32(3).op(Op.i32ShrU, Op.i32Add).memory(Memory.i64Load);
        code.get(BIT).i32(7).op(Op.i32And, Op.i64ExtendI32U, Op.i64ShrU);
      },
      () => {
        code.get(INPUT).get(BIT);
        this.#arg(2);
        this.#pushFlag(LITTLE_ENDIAN);
        code.i32(0).op(Op.i32Ne).call(this.#unit.helper(readBits));
      },
      i64,
    );
    // Cut to its size, and extended by sign or zeros.
    const up = (): void => {
      code.i32(64);
      this.#arg(2);
      code.op(Op.i32Sub, Op.i64ExtendI32U);
    };
    up();
    code.op(Op.i64Shl).set(this.#value);
    this.#pushFlag(SIGNED);
    code.if(
      () => {
        code.get(this.#value);
        up();
        code.op(Op.i64ShrS);
      },
      () => {
        code.get(this.#value);
        up();
        code.op(Op.i64ShrU);
      },
      i64,
    );
    code.set(this.#value);
    code.get(BIT);
    this.#arg(2);
    code.op(Op.i32Add).set(BIT);
  }

  #byte(value: number): void {
    const code = this.#code;
    code.get(OUT).i32(value).memory(Memory.i32Store8);
    code.get(OUT).i32(1).op(Op.i32Add).set(OUT);
  }

  #jsonInteger(): void {
    const code = this.#code;
    this.#pushOut();
    this.#readInteger();
    this.#pushFlag(SIGNED);
    code.call(this.#unit.helper(writeJsonInteger)).set(OUT);
  }

  #float(): void {
    const code = this.#code;
    this.#readNumber();
    this.#arg(2);
    code.i32(32).op(Op.i32Eq);
    code.if(
      () => code.get(this.#value).op(Op.i32WrapI64, Op.f32ReinterpretI32, Op.f64PromoteF32),
      () => code.get(this.#value).op(Op.f64ReinterpretI64),
      f64,
    );
    this.#arg(2);
    this.#arg(4);
    code.get(OUT).call(this.#unit.floatFunction).set(OUT);
  }

  /** Labels may be long: the host answers -1 if they do not fit. */
  #labels(): void {
    const code = this.#code;
    this.#readInteger();
    code.op(Op.drop);
    this.#arg(5);
    code.get(this.#value).i64(32n).op(Op.i64ShrU, Op.i32WrapI64);
    code
      .get(this.#value)
      .op(Op.i32WrapI64)
      .get(OUT)
      .get(LIMIT)
      .call(this.#unit.labelFunction)
      .tee(OUT);
    code
      .i32(-1)
      .op(Op.i32Eq)
      .if(() => this.#overflow());
  }

  #string(): void {
    const code = this.#code;
    code.get(BIT).i32(7).op(Op.i32Add).i32(-8).op(Op.i32And).set(BIT);
    this.#pushAddress();
    code.tee(this.#before);
    // The walk has found the zero byte before the content's end.
    code
      .i32(-1)
      .call(this.#unit.helper(findZero))
      .get(this.#before)
      .op(Op.i32Sub)
      .set(this.#length);
    this.#writeText();
    code.get(BIT).get(this.#length).i32(1).op(Op.i32Add).i32(3).op(Op.i32Shl, Op.i32Add).set(BIT);
  }

  #text(): void {
    const code = this.#code;
    code.get(BIT).i32(7).op(Op.i32Add).i32(-8).op(Op.i32And).set(BIT);
    this.#pushCount(3, 4);
    this.#pushAddress();
    code.tee(this.#before).get(this.#count).call(this.#unit.helper(textLength)).set(this.#length);
    this.#writeText();
    code.get(BIT).get(this.#count).i32(3).op(Op.i32Shl, Op.i32Add).set(BIT);
  }

  #pushAddress(): void {
    this.#code.get(INPUT).get(BIT).i32(3).op(Op.i32ShrU, Op.i32Add);
  }

  /** Sets `count` from a constant argument, or from the slot whose address is an argument. */
  #pushCount(constant: number, slot: number): void {
    const code = this.#code;
    this.#arg(slot);
    code.if(
      () => {
        this.#arg(slot);
        code.memory(Memory.i32Load);
      },
      () => this.#arg(constant),
      i32,
    );
    code.set(this.#count);
  }

  /** Text at `before`, `length` bytes; arguments 1 and 2: mode and table. */
  #writeText(): void {
    const code = this.#code;
    code.get(OUT).get(LIMIT).get(this.#before).get(this.#length);
    this.#arg(1);
    this.#arg(2);
    code
      .call(this.#unit.helper(writeText))
      .tee(OUT)
      .i32(-1)
      .op(Op.i32Eq)
      .if(() => this.#overflow());
  }

  #array(): void {
    const code = this.#code;
    const count = code.local(i32);
    const i = code.local(i32);
    this.#align();
    this.#pushCount(2, 3);
    code.get(this.#count).tee(count).op(Op.i32Eqz);
    code.if(
      () => this.#copy(12),
      () => {
        this.#copy(6);
        code.i32(0).set(i);
        code.block((done) => {
          code.loop((again) => {
            code.get(i).get(count).op(Op.i32GeU).brIf(done);
            code.get(i).if(() => this.#copy(8));
            this.#arg(4);
            code.if(() => {
              code
                .get(OUT)
                .i32(MAX_NUMBER_BYTES)
                .op(Op.i32Add)
                .get(LIMIT)
                .op(Op.i32GtU)
                .if(() => this.#overflow());
              this.#byte(91);
              code
                .get(OUT)
                .get(i)
                .op(Op.i64ExtendI32U)
                .i32(0)
                .call(this.#unit.helper(writeDecimal))
                .set(OUT);
              for (const character of "] = ") this.#byte(character.charCodeAt(0));
            });
            this.#arg(5);
            this.#run();
            code.get(i).i32(1).op(Op.i32Add).set(i).br(again);
          });
        });
        this.#copy(10);
      },
    );
  }

  /** Runs the program whose address is on the stack at the current position. */
  #run(): void {
    const code = this.#code;
    code.get(INPUT).get(BIT).get(OUT).get(LIMIT).call(this.#self).tee(OUT);
    code
      .i32(-1)
      .op(Op.i32Eq)
      .if(() => this.#overflow());
    code.i32(this.#unit.state).memory(Memory.i32Load, State.renderBit).set(BIT);
  }

  /** The first range that holds the selector; the walk has seen that there is one. */
  #variant(): void {
    const code = this.#code;
    const entry = code.local(i32);
    code.get(PROGRAM).i32(16).op(Op.i32Add).set(entry);
    this.#arg(1);
    code.memory(Memory.i64Load).set(this.#value);
    code.block((found) => {
      code.loop((again) => {
        this.#arg(2);
        code.if(
          () => {
            code.get(this.#value).get(entry).memory(Memory.i64Load).op(Op.i64GeS);
            code.get(this.#value).get(entry).memory(Memory.i64Load, 8).op(Op.i64LeS, Op.i32And);
          },
          () => {
            code.get(this.#value).get(entry).memory(Memory.i64Load).op(Op.i64GeU);
            code.get(this.#value).get(entry).memory(Memory.i64Load, 8).op(Op.i64LeU, Op.i32And);
          },
          i32,
        );
        code.brIf(found);
        code.get(entry).i32(20).op(Op.i32Add).set(entry).br(again);
      });
    });
    code.get(entry).memory(Memory.i32Load, 16);
    this.#run();
  }

  #packet(): void {
    const code = this.#code;
    code.i32(this.#unit.state).memory(Memory.i32Load, State.packetTextLength).tee(this.#length);
    code
      .get(OUT)
      .op(Op.i32Add)
      .get(LIMIT)
      .op(Op.i32GtU)
      .if(() => this.#overflow());
    code.get(OUT).i32(this.#unit.state).memory(Memory.i32Load, State.packetText).get(this.#length);
    code.call(this.#unit.helper(copyText)).op(Op.drop);
    code.get(OUT).get(this.#length).op(Op.i32Add).set(OUT);
  }
}
