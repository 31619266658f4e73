/** Functions that the emitted code calls: bytes, bits, texts. */

import { ANY_RUN } from "../../../filter/text-literal.ts";
import type { Expression, Local } from "../../../wasm/code.ts";
import {
  extendU,
  int,
  long,
  ltU,
  select,
  shl,
  shrU64,
  sub,
  tee,
} from "../../../wasm/expression.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import type { Helper } from "./unit.ts";

const { i32, i64 } = ValueType;

const ONES = 0x0101_0101_0101_0101n;
const HIGHS = 0x8080_8080_8080_8080n;

/**
 * (from, end) → address of the first zero byte from `from` on, `end` or beyond if there is none before it.
 * Eight bytes at a time; may read seven bytes behind `end`.
 */
export const findZero: Helper = {
  type: { parameters: [i32, i32], results: [i32] },
  body(unit) {
    const code = unit.code(2);
    const [from, end] = [0, 1];
    const word = code.local(i64);
    code.block((done) => {
      code.loop((again) => {
        code.get(from).get(end).op(Op.i32GeU).brIf(done);
        // zero bytes: (word - ones) & ~word & highs
        code.get(from).memory(Memory.i64Load).tee(word);
        code.i64(ONES).op(Op.i64Sub).get(word).i64(-1n).op(Op.i64Xor, Op.i64And);
        code.i64(HIGHS).op(Op.i64And).tee(word).op(Op.i64Eqz);
        code.if(() => {
          code.get(from).i32(8).op(Op.i32Add).set(from).br(again);
        });
        code
          .get(from)
          .get(word)
          .op(Op.i64Ctz, Op.i32WrapI64)
          .i32(3)
          .op(Op.i32ShrU, Op.i32Add)
          .set(from);
      });
    });
    return code.get(from).body();
  },
};

/** (from, count) → how many bytes stand before the first zero byte, at most `count`. */
export const textLength: Helper = {
  type: { parameters: [i32, i32], results: [i32] },
  body(unit) {
    const find = unit.helper(findZero);
    const code = unit.code(2);
    const length = code.local(i32);
    code.get(0).get(0).get(1).op(Op.i32Add).call(find).get(0).op(Op.i32Sub).tee(length);
    return code.get(1).get(length).get(1).op(Op.i32LtU, Op.select).body();
  },
};

/** i64 with its bytes in reverse order. */
export const swapBytes: Helper = {
  type: { parameters: [i64], results: [i64] },
  body(unit) {
    const code = unit.code(1);
    for (const [shift, mask] of [
      [8n, 0x00ff_00ff_00ff_00ffn],
      [16n, 0x0000_ffff_0000_ffffn],
      [32n, 0x0000_0000_ffff_ffffn],
    ] as const) {
      code.get(0).i64(mask).op(Op.i64And).i64(shift).op(Op.i64Shl);
      code.get(0).i64(shift).op(Op.i64ShrU).i64(mask).op(Op.i64And, Op.i64Or).set(0);
    }
    return code.get(0).body();
  },
};

/**
 * (bit, size, littleEndian) → the field's bits, zero-extended. `bit` counts from the address that `input` names:
 * parameters are (input, bit, size, littleEndian). One bit a step: for fields that no load reaches.
 */
export const readBits: Helper = {
  type: { parameters: [i32, i32, i32, i32], results: [i64] },
  body(unit) {
    const code = unit.code(4);
    const [input, bit, size, littleEndian] = [0, 1, 2, 3];
    const value = code.local(i64);
    const i = code.local(i32);
    const at = code.local(i32);
    code.block((done) => {
      code.loop((again) => {
        code.get(i).get(size).op(Op.i32GeU).brIf(done);
        code.get(bit).get(i).op(Op.i32Add).set(at);
        // the byte, then the bit in it
        code.get(input).get(at).i32(3).op(Op.i32ShrU, Op.i32Add).memory(Memory.i32Load8U);
        code.get(at).i32(7).op(Op.i32And);
        code.i32(7).get(at).i32(7).op(Op.i32And, Op.i32Sub);
        code.get(littleEndian).op(Op.select, Op.i32ShrU).i32(1).op(Op.i32And, Op.i64ExtendI32U);
        // little endian: value |= bit << i; big endian: value = value << 1 | bit
        code.get(i).op(Op.i64ExtendI32U).i64(0n).get(littleEndian).op(Op.select, Op.i64Shl);
        code
          .get(value)
          .get(value)
          .i64(1n)
          .op(Op.i64Shl)
          .get(littleEndian)
          .op(Op.select, Op.i64Or)
          .set(value);
        code.get(i).i32(1).op(Op.i32Add).set(i).br(again);
      });
    });
    return code.get(value).body();
  },
};

/**
 * (a, aLength, aIsPrefix, b, bLength, bIsPrefix) → negative, zero or positive as text `a` sorts before, with or after `b`;
 * bytes are signed. A prefix equals whatever it covers.
 */
export const compareTexts: Helper = {
  type: { parameters: [i32, i32, i32, i32, i32, i32], results: [i32] },
  body(unit) {
    const code = unit.code(6);
    const [a, aLength, aIsPrefix, b, bLength, bIsPrefix] = [0, 1, 2, 3, 4, 5];
    const shared = code.local(i32);
    const i = code.local(i32);
    const difference = code.local(i32);
    code.get(aLength).get(bLength).get(aLength).get(bLength).op(Op.i32LtU, Op.select).set(shared);
    code.block((done) => {
      code.loop((again) => {
        code.get(i).get(shared).op(Op.i32GeU).brIf(done);
        code.get(a).get(i).op(Op.i32Add).memory(Memory.i32Load8S);
        code.get(b).get(i).op(Op.i32Add).memory(Memory.i32Load8S);
        code.op(Op.i32Sub).tee(difference);
        code.if(() => code.get(difference).op(Op.return));
        code.get(i).i32(1).op(Op.i32Add).set(i).br(again);
      });
    });
    code.get(aIsPrefix).get(aLength).get(shared).op(Op.i32Eq, Op.i32And);
    code.get(bIsPrefix).get(bLength).get(shared).op(Op.i32Eq, Op.i32And, Op.i32Or);
    code.if(() => code.i32(0).op(Op.return));
    return code.get(aLength).get(bLength).op(Op.i32Sub).body();
  },
};

/**
 * (pattern, codes, text, length) → 1 if the pattern (`codes` int16 each, `ANY_RUN` for a star) matches the whole text.
 * Only the latest star is ever retried.
 */
export const matchPattern: Helper = {
  type: { parameters: [i32, i32, i32, i32], results: [i32] },
  body(unit) {
    const code = unit.code(4);
    const [pattern, codes, text, length] = [0, 1, 2, 3];
    const p = code.local(i32);
    const t = code.local(i32);
    const starAt = code.local(i32);
    const retryFrom = code.local(i32);
    const current = code.local(i32);
    /** NOTHING, -2, where the pattern has ended: equal to no byte and no star. */
    const loadCode = (): void => {
      code.get(p).get(codes).op(Op.i32LtU);
      code.if(
        () => code.get(pattern).get(p).i32(1).op(Op.i32Shl, Op.i32Add).memory(Memory.i32Load16S),
        () => code.i32(-2),
        i32,
      );
    };
    const step = (local: number): void => {
      code.get(local).i32(1).op(Op.i32Add).set(local);
    };
    code.i32(-1).set(starAt);
    code.block((textDone) => {
      code.loop((again) => {
        code.get(t).get(length).op(Op.i32GeU).brIf(textDone);
        loadCode();
        code.tee(current).i32(ANY_RUN).op(Op.i32Eq);
        code.if(() => {
          code.get(p).set(starAt);
          step(p);
          code.get(t).set(retryFrom).br(again);
        });
        code.get(current).get(text).get(t).op(Op.i32Add).memory(Memory.i32Load8U).op(Op.i32Eq);
        code.if(() => {
          step(p);
          step(t);
          code.br(again);
        });
        code.get(starAt).i32(-1).op(Op.i32Eq);
        code.if(() => code.i32(0).op(Op.return));
        code.get(starAt).i32(1).op(Op.i32Add).set(p);
        step(retryFrom);
        code.get(retryFrom).set(t).br(again);
      });
    });
    code.block((done) => {
      code.loop((again) => {
        loadCode();
        code.i32(ANY_RUN).op(Op.i32Ne).brIf(done);
        step(p);
        code.br(again);
      });
    });
    return code.get(p).get(codes).op(Op.i32Eq).body();
  },
};

/**
 * (target, source, length) → whether a byte beyond ASCII is among those copied. Eight bytes at a time: up to seven behind
 * the text are read and written.
 */
export const copyText: Helper = {
  type: { parameters: [i32, i32, i32], results: [i32] },
  body(unit) {
    const code = unit.code(3);
    const [target, source, length] = [0, 1, 2];
    const i = code.local(i32);
    const word = code.local(i64);
    const seen = code.local(i64);
    code.block((done) => {
      code.loop((again) => {
        code.get(i).get(length).op(Op.i32GeU).brIf(done);
        code.get(target).get(i).op(Op.i32Add);
        code
          .get(source)
          .get(i)
          .op(Op.i32Add)
          .memory(Memory.i64Load)
          .tee(word)
          .memory(Memory.i64Store);
        code.get(seen).get(word);
        code.push(wordMask(length, i));
        code.op(Op.i64And, Op.i64Or).set(seen);
        code.get(i).i32(8).op(Op.i32Add).set(i).br(again);
      });
    });
    return code.get(seen).i64(0x8080_8080_8080_8080n).op(Op.i64And).i64(0n).op(Op.i64Ne).body();
  },
};

/** Mask for the word of a text that begins at byte `i`: all bits, or those of the bytes that are left. */
export function wordMask(length: Local, i: Local): Expression {
  return (code) => {
    const left = code.local(i32);
    const bytes = select(tee(left, sub(length, i)), int(8), ltU(left, int(8)));
    // -1 >>> (64 - 8 * min(left, 8))
    return code.push(shrU64(long(-1n), extendU(sub(int(64), shl(bytes, int(3))))));
  };
}
