/** Functions that write numbers and texts for the render machine. */

import { Memory, Op, ValueType } from "../../wasm/opcodes.ts";
import { copyText } from "./helpers.ts";
import { State } from "./memory.ts";
import type { Helper } from "./unit.ts";

const { i32, i64 } = ValueType;

/** (out, value, signed) → address behind its decimal digits. */
export const writeDecimal: Helper = {
  type: { parameters: [i32, i64, i32], results: [i32] },
  body(unit) {
    const code = unit.code(3);
    const [out, value, signed] = [0, 1, 2];
    const end = code.local(i32);
    const at = code.local(i32);
    const tenth = code.local(i64);
    const limit = code.local(i64);
    const small = code.local(i32);
    const smallTenth = code.local(i32);
    code.get(signed).i32(0).op(Op.i32Ne).get(value).i64(0n).op(Op.i64LtS, Op.i32And);
    code.if(() => {
      code.get(out).i32(45).memory(Memory.i32Store8).get(out).i32(1).op(Op.i32Add).set(out);
      code.i64(0n).get(value).op(Op.i64Sub).set(value);
    });
    code.get(out).i32(1).op(Op.i32Add).set(end).i64(10n).set(limit);
    code.block((counted) => {
      code.loop((again) => {
        code.get(value).get(limit).op(Op.i64LtU).brIf(counted);
        code.get(end).i32(1).op(Op.i32Add).tee(end);
        // Twenty digits are the most; the limit would wrap.
        code.get(out).op(Op.i32Sub).i32(20).op(Op.i32GeU).brIf(counted);
        code.get(limit).i64(10n).op(Op.i64Mul).set(limit).br(again);
      });
    });
    code.get(end).set(at);
    const digit = (push: () => void): void => {
      code.get(at).i32(1).op(Op.i32Sub).tee(at);
      push();
      code.i32(48).op(Op.i32Add).memory(Memory.i32Store8);
    };
    code.block((isSmall) => {
      code.loop((again) => {
        code.get(value).i64(0xffff_ffffn).op(Op.i64LeU).brIf(isSmall);
        code.get(value).i64(10n).op(Op.i64DivU).set(tenth);
        digit(() => code.get(value).get(tenth).i64(10n).op(Op.i64Mul, Op.i64Sub, Op.i32WrapI64));
        code.get(tenth).set(value).br(again);
      });
    });
    code.get(value).op(Op.i32WrapI64).set(small);
    code.block((done) => {
      code.loop((again) => {
        code.get(at).get(out).op(Op.i32LeU).brIf(done);
        code.get(small).i32(10).op(Op.i32DivU).set(smallTenth);
        digit(() => code.get(small).get(smallTenth).i32(10).op(Op.i32Mul, Op.i32Sub));
        code.get(smallTenth).set(small).br(again);
      });
    });
    return code.get(end).body();
  },
};

/** (out, value, bits per digit, bits shown) → address behind its digits, without leading zeros, letters in upper case. */
export const writePower: Helper = {
  type: { parameters: [i32, i64, i32, i32], results: [i32] },
  body(unit) {
    const code = unit.code(4);
    const [out, value, digitBits, shown] = [0, 1, 2, 3];
    const shift = code.local(i32);
    const digit = code.local(i32);
    const started = code.local(i32);
    // Bits behind those shown are cut off.
    code.get(value).i32(64).get(shown).op(Op.i32Sub, Op.i64ExtendI32U, Op.i64Shl);
    code.i32(64).get(shown).op(Op.i32Sub, Op.i64ExtendI32U, Op.i64ShrU).set(value);
    // The highest digit's shift: (ceil(shown / digitBits) - 1) * digitBits
    code
      .get(shown)
      .i32(1)
      .op(Op.i32Sub)
      .get(digitBits)
      .op(Op.i32DivU)
      .get(digitBits)
      .op(Op.i32Mul)
      .set(shift);
    code.loop((again) => {
      code.get(value).get(shift).op(Op.i64ExtendI32U, Op.i64ShrU, Op.i32WrapI64);
      code.i32(1).get(digitBits).op(Op.i32Shl).i32(1).op(Op.i32Sub, Op.i32And).tee(digit);
      code.get(started).op(Op.i32Or).get(shift).op(Op.i32Eqz, Op.i32Or);
      code.if(() => {
        code.i32(1).set(started);
        code
          .get(out)
          .get(digit)
          .i32(48)
          .i32(55)
          .get(digit)
          .i32(10)
          .op(Op.i32LtU, Op.select, Op.i32Add)
          .memory(Memory.i32Store8);
        code.get(out).i32(1).op(Op.i32Add).set(out);
      });
      code.get(shift).if(() => {
        code.get(shift).get(digitBits).op(Op.i32Sub).set(shift).br(again);
      });
    });
    return code.get(out).body();
  },
};

/**
 * (out, limit, text, length, mode, table) → address behind the text, or -1. Between quotes with the table's escapes; in mode 1
 * bare if the table calls every byte plain and there is one.
 */
export const writeText: Helper = {
  type: { parameters: [i32, i32, i32, i32, i32, i32], results: [i32] },
  body(unit) {
    const copy = unit.helper(copyText);
    const code = unit.code(6);
    const [out, limit, text, length, mode, table] = [0, 1, 2, 3, 4, 5];
    const i = code.local(i32);
    const entry = code.local(i32);
    const byte = code.local(i32);
    // At the worst each byte becomes six, between two quotes; eight more because copies overshoot.
    code
      .get(length)
      .i32(6)
      .op(Op.i32Mul)
      .i32(10)
      .op(Op.i32Add)
      .get(out)
      .op(Op.i32Add)
      .get(limit)
      .op(Op.i32GtU);
    code.if(() => code.i32(-1).op(Op.return));
    const load = (): void => {
      code.get(table).get(text).get(i).op(Op.i32Add).memory(Memory.i32Load8U).tee(byte);
      code.i32(3).op(Op.i32Shl, Op.i32Add).set(entry);
    };
    const step = (): void => {
      code.get(i).i32(1).op(Op.i32Add).set(i);
    };
    code.block((needsQuotes) => {
      code.get(mode).op(Op.i32Eqz).brIf(needsQuotes);
      code.get(length).op(Op.i32Eqz).brIf(needsQuotes);
      code.block((isBare) => {
        code.loop((again) => {
          code.get(i).get(length).op(Op.i32GeU).brIf(isBare);
          load();
          code.get(entry).memory(Memory.i32Load8U, 7).op(Op.i32Eqz).brIf(needsQuotes);
          step();
          code.br(again);
        });
      });
      code.get(out).get(text).get(length).call(copy).op(Op.drop);
      code.get(out).get(length).op(Op.i32Add).op(Op.return);
    });
    const quote = (): void => {
      code.get(out).i32(34).memory(Memory.i32Store8).get(out).i32(1).op(Op.i32Add).set(out);
    };
    quote();
    code.i32(0).set(i);
    code.block((done) => {
      code.loop((again) => {
        code.get(i).get(length).op(Op.i32GeU).brIf(done);
        load();
        code
          .get(byte)
          .i32(0x80)
          .op(Op.i32And)
          .if(() => {
            code.i32(unit.state).i32(1).memory(Memory.i32Store, State.renderSeen);
          });
        // All seven bytes at once: those that do not belong are written over.
        code.get(out).get(entry).memory(Memory.i64Load, 1).memory(Memory.i64Store);
        code.get(out).get(entry).memory(Memory.i32Load8U).op(Op.i32Add).set(out);
        step();
        code.br(again);
      });
    });
    quote();
    return code.get(out).body();
  },
};
