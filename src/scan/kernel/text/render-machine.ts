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
import { copyText, findZero, textLength } from "../scan/helpers.ts";
import type { Helper, Unit } from "../scan/unit.ts";
import { MAX_NUMBER_BYTES, SIGNED } from "./render-program.ts";
import { BIT, INPUT, LIMIT, OUT, PROGRAM, RenderWords } from "./render-words.ts";
import { writeDecimal, writeJsonInteger, writePower, writeText } from "./text-helpers.ts";

const { i32, f64 } = ValueType;

export const renderMachine: Helper = {
  type: { parameters: [i32, i32, i32, i32, i32], results: [i32] },
  body(unit) {
    return new MachineEmitter(unit).emit();
  },
};

class MachineEmitter {
  readonly #unit: Unit;
  readonly #code: Code;
  readonly #self: number;
  readonly #words: RenderWords;
  readonly #value: Local;
  readonly #count: Local;
  readonly #length: Local;
  readonly #before: Local;

  constructor(unit: Unit) {
    this.#unit = unit;
    this.#code = unit.code(5);
    this.#self = unit.helper(renderMachine);
    this.#words = new RenderWords(unit, this.#code);
    this.#value = this.#words.value;
    this.#count = this.#words.count;
    this.#length = this.#words.length;
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
      code.if(() => this.#words.overflow());
      code.get(PROGRAM).memory(Memory.i32Load);
      code.switch(this.#operations(advance));
      code.op(Op.unreachable);
    });
    return code.op(Op.unreachable).body();
  }

  /** What each operation does, by its number in `render-program.ts`. @param advance goes on behind so many words */
  #operations(advance: (words: number) => void): (() => void)[] {
    const then =
      (operation: () => void, words: number): (() => void) =>
      () => {
        operation();
        advance(words);
      };
    return [
      () => this.#end(),
      then(() => this.#words.copy(1), 3),
      then(() => this.#decimal(), 5),
      then(() => this.#jsonInteger(), 5),
      then(() => this.#power(), 7),
      then(() => this.#float(), 5),
      then(() => this.#labels(), 6),
      then(() => this.#string(), 3),
      then(() => this.#text(), 5),
      then(() => this.#array(), 14),
      then(() => this.#variant(), 4),
      then(() => this.#words.align(), 2),
      then(() => this.#packet(), 1),
      () => advance(2),
    ];
  }

  #end(): void {
    const code = this.#code;
    code.push(this.#unit.state).get(BIT).memory(Memory.i32Store, State.renderBit);
    code.get(OUT).op(Op.return);
  }

  #decimal(): void {
    this.#pushOut();
    this.#words.readInteger();
    this.#words.pushFlag(SIGNED);
    this.#code.call(this.#unit.helper(writeDecimal)).set(OUT);
  }

  #power(): void {
    this.#pushOut();
    this.#words.readInteger();
    this.#words.arg(5);
    this.#words.arg(6);
    this.#code.call(this.#unit.helper(writePower)).set(OUT);
  }

  #pushOut(): void {
    this.#code.get(OUT);
  }

  #byte(value: number): void {
    const code = this.#code;
    code.get(OUT).i32(value).memory(Memory.i32Store8);
    code.get(OUT).i32(1).op(Op.i32Add).set(OUT);
  }

  #jsonInteger(): void {
    const code = this.#code;
    this.#pushOut();
    this.#words.readInteger();
    this.#words.pushFlag(SIGNED);
    code.call(this.#unit.helper(writeJsonInteger)).set(OUT);
  }

  #float(): void {
    const code = this.#code;
    this.#words.readNumber();
    this.#words.arg(2);
    code.i32(32).op(Op.i32Eq);
    code.if(
      () => code.get(this.#value).op(Op.i32WrapI64, Op.f32ReinterpretI32, Op.f64PromoteF32),
      () => code.get(this.#value).op(Op.f64ReinterpretI64),
      f64,
    );
    this.#words.arg(2);
    this.#words.arg(4);
    code.get(OUT).call(this.#unit.floatFunction).set(OUT);
  }

  /** Labels may be long: the host answers -1 if they do not fit. */
  #labels(): void {
    const code = this.#code;
    this.#words.readInteger();
    code.op(Op.drop);
    this.#words.arg(5);
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
      .if(() => this.#words.overflow());
  }

  #string(): void {
    const code = this.#code;
    code.get(BIT).i32(7).op(Op.i32Add).i32(-8).op(Op.i32And).set(BIT);
    this.#words.pushAddress();
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
    this.#words.pushCount(3, 4);
    this.#words.pushAddress();
    code.tee(this.#before).get(this.#count).call(this.#unit.helper(textLength)).set(this.#length);
    this.#writeText();
    code.get(BIT).get(this.#count).i32(3).op(Op.i32Shl, Op.i32Add).set(BIT);
  }

  /** Text at `before`, `length` bytes; arguments 1 and 2: mode and table. */
  #writeText(): void {
    const code = this.#code;
    code.get(OUT).get(LIMIT).get(this.#before).get(this.#length);
    this.#words.arg(1);
    this.#words.arg(2);
    code
      .call(this.#unit.helper(writeText))
      .tee(OUT)
      .i32(-1)
      .op(Op.i32Eq)
      .if(() => this.#words.overflow());
  }

  #array(): void {
    const code = this.#code;
    const count = code.local(i32);
    const i = code.local(i32);
    this.#words.align();
    this.#words.pushCount(2, 3);
    code.get(this.#count).tee(count).op(Op.i32Eqz);
    code.if(
      () => this.#words.copy(12),
      () => {
        this.#words.copy(6);
        code.i32(0).set(i);
        code.block((done) => {
          code.loop((again) => {
            code.get(i).get(count).op(Op.i32GeU).brIf(done);
            code.get(i).if(() => this.#words.copy(8));
            this.#words.arg(4);
            code.if(() => {
              code
                .get(OUT)
                .i32(MAX_NUMBER_BYTES)
                .op(Op.i32Add)
                .get(LIMIT)
                .op(Op.i32GtU)
                .if(() => this.#words.overflow());
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
            this.#words.arg(5);
            this.#run();
            code.get(i).i32(1).op(Op.i32Add).set(i).br(again);
          });
        });
        this.#words.copy(10);
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
      .if(() => this.#words.overflow());
    code.push(this.#unit.state).memory(Memory.i32Load, State.renderBit).set(BIT);
  }

  /** The first range that holds the selector; the walk has seen that there is one. */
  #variant(): void {
    const code = this.#code;
    const entry = code.local(i32);
    code.get(PROGRAM).i32(16).op(Op.i32Add).set(entry);
    this.#words.slot(1);
    code.memory(Memory.i64Load).set(this.#value);
    code.block((found) => {
      code.loop((again) => {
        this.#words.arg(2);
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
    // The words of the ranges follow the fixed ones.
    this.#words.arg(3);
    code.i32(20).op(Op.i32Mul).get(PROGRAM).op(Op.i32Add).set(PROGRAM);
  }

  #packet(): void {
    const code = this.#code;
    code.push(this.#unit.state).memory(Memory.i32Load, State.packetTextLength).tee(this.#length);
    code
      .get(OUT)
      .op(Op.i32Add)
      .get(LIMIT)
      .op(Op.i32GtU)
      .if(() => this.#words.overflow());
    code.get(OUT).push(this.#unit.state).memory(Memory.i32Load, State.packetText).get(this.#length);
    code.call(this.#unit.helper(copyText)).op(Op.drop);
    code.get(OUT).get(this.#length).op(Op.i32Add).set(OUT);
  }
}
