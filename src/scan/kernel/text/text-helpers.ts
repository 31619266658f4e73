/** Functions that write numbers and texts for the render machine. */

import { elementAt, i64Load, int, sub } from "../../../wasm/expression.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import { Digits, State } from "../memory/memory.ts";
import { copyText } from "../scan/helpers.ts";
import type { Helper } from "../scan/unit.ts";

const { i32, i64, f64 } = ValueType;

/** Numbers of the styles that `render-host.ts` writes floats in. */
export const JSON_STYLE = 0;
export const TEXT_STYLE = 1;
const BABELTRACE_STYLE = 2;

/** (out, value, signed) → address behind its decimal digits. Two at a time, from the last; eight bytes may be written. */
export const writeDecimal: Helper = {
  type: { parameters: [i32, i64, i32], results: [i32] },
  body(unit) {
    const code = unit.code(3);
    const [out, value, signed] = [0, 1, 2];
    const count = code.local(i32);
    const end = code.local(i32);
    const at = code.local(i32);
    const rest = code.local(i64);
    const small = code.local(i32);
    const quotient = code.local(i32);
    code.get(value).i64(10n).op(Op.i64LtU);
    code.if(() => {
      code.get(out).i32(48).get(value).op(Op.i32WrapI64, Op.i32Add).memory(Memory.i32Store8);
      code.get(out).i32(1).op(Op.i32Add, Op.return);
    });
    code.get(signed).i32(0).op(Op.i32Ne).get(value).i64(0n).op(Op.i64LtS, Op.i32And);
    code.if(() => {
      code.get(out).i32(45).memory(Memory.i32Store8).get(out).i32(1).op(Op.i32Add).set(out);
      code.i64(0n).get(value).op(Op.i64Sub).set(value);
    });
    // Bits times log10(2) is the number of digits, or one too few.
    code.i32(64).get(value).i64(1n).op(Op.i64Or, Op.i64Clz, Op.i32WrapI64, Op.i32Sub);
    code.i32(1233).op(Op.i32Mul).i32(12).op(Op.i32ShrU).tee(count);
    code.get(value).push(i64Load(elementAt(unit.digits, count, 8)));
    code.op(Op.i64GeU, Op.i32Add).set(count);
    code.get(out).get(count).op(Op.i32Add).tee(end).set(at);
    const pair = (push: () => void): void => {
      code.get(at).i32(2).op(Op.i32Sub).tee(at);
      push();
      code
        .i32(1)
        .op(Op.i32Shl)
        .push(unit.digits)
        .op(Op.i32Add)
        .memory(Memory.i32Load16U, Digits.pairs);
      code.memory(Memory.i32Store16);
    };
    // Eight digits at a time until 32 bits hold the rest.
    code.block((isSmall) => {
      code.loop((again) => {
        code.get(value).i64(0xffff_ffffn).op(Op.i64LeU).brIf(isSmall);
        code.get(value).i64(100_000_000n).op(Op.i64DivU).set(rest);
        code.get(value).get(rest).i64(100_000_000n).op(Op.i64Mul, Op.i64Sub, Op.i32WrapI64);
        code.set(small);
        for (let i = 0; i < 4; i++) {
          code.get(small).i32(100).op(Op.i32DivU).set(quotient);
          pair(() => code.get(small).get(quotient).i32(100).op(Op.i32Mul, Op.i32Sub));
          code.get(quotient).set(small);
        }
        code.get(rest).set(value).br(again);
      });
    });
    code.get(value).op(Op.i32WrapI64).set(small);
    code.block((done) => {
      code.loop((again) => {
        code.get(small).i32(100).op(Op.i32LtU).brIf(done);
        code.get(small).i32(100).op(Op.i32DivU).set(quotient);
        pair(() => code.get(small).get(quotient).i32(100).op(Op.i32Mul, Op.i32Sub));
        code.get(quotient).set(small).br(again);
      });
    });
    // One digit or two are left: of a pair that begins with a zero, only the second.
    code.get(small).i32(10).op(Op.i32GeU);
    code.if(
      () => pair(() => code.get(small)),
      () => {
        code.get(at).i32(1).op(Op.i32Sub).get(small).i32(48).op(Op.i32Add);
        code.memory(Memory.i32Store8);
      },
    );
    return code.get(end).body();
  },
};

/** (value, signed) → how many characters `writeDecimal` writes. */
export const decimalLength: Helper = {
  type: { parameters: [i64, i32], results: [i32] },
  body(unit) {
    const code = unit.code(2);
    const [value, signed] = [0, 1];
    const count = code.local(i32);
    const sign = code.local(i32);
    code.get(signed).i32(0).op(Op.i32Ne).get(value).i64(0n).op(Op.i64LtS, Op.i32And).tee(sign);
    code.if(() => code.i64(0n).get(value).op(Op.i64Sub).set(value));
    code
      .get(value)
      .op(Op.i64Eqz)
      .if(() => code.i32(1).op(Op.return));
    code.i32(64).get(value).op(Op.i64Clz, Op.i32WrapI64, Op.i32Sub);
    code.i32(1233).op(Op.i32Mul).i32(12).op(Op.i32ShrU).tee(count).get(sign).op(Op.i32Add);
    code.get(value).push(i64Load(elementAt(unit.digits, count, 8)));
    return code.op(Op.i64GeU, Op.i32Add).body();
  },
};

/** (out, value below 10^9) → address behind its nine digits. */
export const writeNine: Helper = {
  type: { parameters: [i32, i32], results: [i32] },
  body(unit) {
    const code = unit.code(2);
    const [out, value] = [0, 1];
    const rest = code.local(i32);
    code.get(value).i32(10).op(Op.i32DivU).set(rest);
    code.get(out).get(value).get(rest).i32(10).op(Op.i32Mul, Op.i32Sub).i32(48).op(Op.i32Add);
    code.memory(Memory.i32Store8, 8);
    for (const at of [6, 4, 2, 0]) {
      code.get(rest).i32(100).op(Op.i32DivU).set(value);
      code.get(out).get(rest).get(value).i32(100).op(Op.i32Mul, Op.i32Sub);
      code.i32(1).op(Op.i32Shl).push(unit.digits).op(Op.i32Add);
      code.memory(Memory.i32Load16U, Digits.pairs).memory(Memory.i32Store16, at);
      code.get(value).set(rest);
    }
    return code.get(out).i32(9).op(Op.i32Add).body();
  },
};

/** (out, value, signed) → address behind its decimal digits, between quotes beyond ±(2^53 − 1). */
export const writeJsonInteger: Helper = {
  type: { parameters: [i32, i64, i32], results: [i32] },
  body(unit) {
    const write = unit.helper(writeDecimal);
    const code = unit.code(3);
    const [out, value, signed] = [0, 1, 2];
    const most = 2n ** 53n - 1n;
    // v + (2^53 − 1) > 2 × (2^53 − 1), unsigned, for signed ones; v > 2^53 − 1 for the others.
    code.get(value).i64(0n).i64(most).get(signed).op(Op.i32Eqz, Op.select, Op.i64Add);
    code
      .i64(most)
      .i64(2n * most)
      .get(signed)
      .op(Op.i32Eqz, Op.select, Op.i64GtU);
    code.if(() => {
      code.get(out).i32(34).memory(Memory.i32Store8);
      code.get(out).i32(1).op(Op.i32Add).get(value).get(signed).call(write).tee(out);
      code.i32(34).memory(Memory.i32Store8).get(out).i32(1).op(Op.i32Add, Op.return);
    });
    return code.get(out).get(value).get(signed).call(write).body();
  },
};

/** (out, source, length) → address behind the copy. Up to 15 bytes more are read and written. */
export const copyLiteral: Helper = {
  type: { parameters: [i32, i32, i32], results: [i32] },
  body(unit) {
    const code = unit.code(3);
    const [out, source, length] = [0, 1, 2];
    const end = code.local(i32);
    code.get(out).get(length).op(Op.i32Add).set(end);
    code.loop((again) => {
      code.get(out).get(source).memory(Memory.i64Load).memory(Memory.i64Store);
      code.get(out).get(source).memory(Memory.i64Load, 8).memory(Memory.i64Store, 8);
      code.get(source).i32(16).op(Op.i32Add).set(source);
      code.get(out).i32(16).op(Op.i32Add).tee(out).get(end).op(Op.i32LtU);
      code.if(() => code.br(again));
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

/** (text, length, table) → bytes of the text with the table's escapes. */
const escapedLength: Helper = {
  type: { parameters: [i32, i32, i32], results: [i32] },
  body(unit) {
    const code = unit.code(3);
    const [text, length, table] = [0, 1, 2];
    const end = code.local(i32);
    const sum = code.local(i32);
    code.get(text).get(length).op(Op.i32Add).set(end);
    code.block((done) => {
      code.loop((again) => {
        code.get(text).get(end).op(Op.i32GeU).brIf(done);
        code.get(table).get(text).memory(Memory.i32Load8U).i32(3).op(Op.i32Shl, Op.i32Add);
        code.memory(Memory.i32Load8U).get(sum).op(Op.i32Add).set(sum);
        code.get(text).i32(1).op(Op.i32Add).set(text).br(again);
      });
    });
    return code.get(sum).body();
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
    // Between two quotes; eight more because copies overshoot.
    const pushIsBeyond = (): void => {
      code.i32(10).op(Op.i32Add).get(out).op(Op.i32Add).get(limit).op(Op.i32GtU);
    };
    // At the worst each byte becomes six.
    code.get(length).i32(6).op(Op.i32Mul);
    pushIsBeyond();
    code.if(() => {
      code.get(text).get(length).get(table).call(unit.helper(escapedLength));
      pushIsBeyond();
      code.if(() => code.i32(-1).op(Op.return));
    });
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
            code.push(unit.state).i32(1).memory(Memory.i32Store, State.renderSeen);
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

/**
 * (value, size, style, out) → address behind the digits. Values of few digits, which are most, are written here, all others by
 * the host: at most three decimals for the styles that write the shortest digits, ten binary ones for `%g`.
 */
export const writeFloat: Helper = {
  type: { parameters: [f64, i32, i32, i32], results: [i32] },
  body(unit) {
    const code = unit.code(4);
    const [value, size, style, out] = [0, 1, 2, 3];
    const magnitude = code.local(f64);
    const scaled = code.local(f64);
    const whole = code.local(i64);
    const power = code.local(i64);
    const digits = code.local(i32);
    const rest = code.local(i64);
    code.get(value).op(Op.f64Abs).set(magnitude);
    code.block((byHost) => {
      // Also false for NaN.
      code.get(magnitude).f64(0.001).op(Op.f64Ge, Op.i32Eqz).brIf(byHost);
      code.get(style).i32(BABELTRACE_STYLE).op(Op.i32Eq);
      code.if(
        () => {
          // Six digits, where 1 <= value < 10^6 and value × 2^10 is whole: then value × 2^10 × 10^decimals is exact.
          code.get(magnitude).f64(1).op(Op.f64Ge, Op.i32Eqz).brIf(byHost);
          code.get(magnitude).f64(1e6).op(Op.f64Lt, Op.i32Eqz).brIf(byHost);
          code.get(magnitude).f64(1024).op(Op.f64Mul).tee(scaled).op(Op.f64Trunc);
          code.get(scaled).op(Op.f64Ne).brIf(byHost);
          code.get(magnitude).truncateToI64().set(whole);
          for (const bound of [10n, 100n, 1000n, 10_000n, 100_000n])
            code.get(digits).get(whole).i64(bound).op(Op.i64GeU, Op.i32Add).set(digits);
          code.assign(power, i64Load(elementAt(unit.digits, sub(int(5), digits), 8)));
          code.get(scaled).truncateToI64().get(power).op(Op.i64Mul).tee(whole);
          code.i64(1023n).op(Op.i64And).set(rest);
          code.get(whole).i64(10n).op(Op.i64ShrU).tee(whole);
          // Halves go to the even digit.
          code.get(rest).i64(512n).op(Op.i64GtU);
          code.get(rest).i64(512n).op(Op.i64Eq);
          code.get(whole).i64(1n).op(Op.i64And, Op.i32WrapI64, Op.i32And, Op.i32Or);
          code.op(Op.i64ExtendI32U, Op.i64Add).tee(whole);
          code.get(power).i64(1_000_000n).op(Op.i64Mul, Op.i64GeU).brIf(byHost);
        },
        () => {
          code.get(magnitude).f64(1e12).op(Op.f64Lt, Op.i32Eqz).brIf(byHost);
          code.get(magnitude).f64(1000).op(Op.f64Mul).tee(scaled).op(Op.f64Trunc);
          code.get(scaled).op(Op.f64Ne).brIf(byHost);
          code.get(scaled).f64(1000).op(Op.f64Div).get(magnitude).op(Op.f64Ne).brIf(byHost);
          code.get(scaled).truncateToI64().set(whole);
          code.i64(1000n).set(power);
          // Of a binary32, as many digits as it surely has.
          code.get(size).i32(32).op(Op.i32Eq).get(whole).i64(999_999n).op(Op.i64GtU, Op.i32And);
          code.brIf(byHost);
        },
      );
      code.get(value).f64(0).op(Op.f64Lt);
      code.if(() => {
        code.get(out).i32(45).memory(Memory.i32Store8).get(out).i32(1).op(Op.i32Add).set(out);
      });
      code.get(out).get(whole).get(power).op(Op.i64DivU).i32(0);
      code.call(unit.helper(writeDecimal)).set(out);
      code.get(whole).get(power).op(Op.i64RemU).tee(rest).op(Op.i64Eqz);
      code.if(() => code.get(out).op(Op.return));
      code.get(out).i32(46).memory(Memory.i32Store8);
      code.loop((again) => {
        code.get(out).i32(1).op(Op.i32Add).tee(out);
        code.get(rest).i64(10n).op(Op.i64Mul).tee(rest).get(power).op(Op.i64DivU, Op.i32WrapI64);
        code.i32(48).op(Op.i32Add).memory(Memory.i32Store8);
        code.get(rest).get(power).op(Op.i64RemU).tee(rest).op(Op.i64Eqz, Op.i32Eqz);
        code.if(() => code.br(again));
      });
      code.get(out).i32(1).op(Op.i32Add, Op.return);
    });
    code.get(value).get(size).get(style).get(out).call(unit.floatFunction);
    return code.body();
  },
};
