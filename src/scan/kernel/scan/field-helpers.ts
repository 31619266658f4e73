/** Functions that the emitted code calls for the field classes that only CTF 2 has. */

import { MAX_LEB128_BYTES } from "../../../ctf/read-field.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import { swapBytes } from "./helpers.ts";
import type { Helper } from "./unit.ts";

const { i32, i64 } = ValueType;

/**
 * (from, end, signed) → bytes of the variable-length integer at address `from`; 0 if it does not end before `end` or holds
 * more than 64 bits.
 */
export const leb128Length: Helper = {
  type: { parameters: [i32, i32, i32], results: [i32] },
  body(unit) {
    const code = unit.code(3);
    const [from, end, signed] = [0, 1, 2];
    const length = code.local(i32);
    const last = code.local(i32);
    code.loop((again) => {
      // An address behind the end may also be far behind it.
      code.get(from).get(length).op(Op.i32Add).get(end).op(Op.i32GeU);
      code.if(() => code.i32(0).op(Op.return));
      code.get(from).get(length).op(Op.i32Add).memory(Memory.i32Load8U).set(last);
      code.get(length).i32(1).op(Op.i32Add).set(length);
      code.get(last).i32(0x80).op(Op.i32LtU);
      code.if(
        () => {
          code.get(length).i32(MAX_LEB128_BYTES).op(Op.i32LtU);
          code.if(() => code.get(length).op(Op.return));
          code.get(last).i32(2).op(Op.i32LtU).get(last).op(Op.i32Eqz);
          code.get(last).i32(0x7f).op(Op.i32Eq, Op.i32Or);
          // unsigned: at most 1; signed: 0 or 0x7f
          code.get(signed).op(Op.i32Eqz, Op.select);
          code.if(() => code.get(length).op(Op.return));
          code.i32(0).op(Op.return);
        },
        () => {
          code.get(length).i32(MAX_LEB128_BYTES).op(Op.i32GeU);
          code.if(() => code.i32(0).op(Op.return));
        },
      );
      code.br(again);
    });
    return code.op(Op.unreachable).body();
  },
};

/** (from, signed) → the variable-length integer at address `from`, which `leb128Length` has accepted. */
export const readLeb128: Helper = {
  type: { parameters: [i32, i32], results: [i64] },
  body(unit) {
    const code = unit.code(2);
    const [from, signed] = [0, 1];
    const value = code.local(i64);
    const shift = code.local(i64);
    const byte = code.local(i32);
    code.loop((again) => {
      code.get(from).memory(Memory.i32Load8U).set(byte);
      code.get(byte).i32(0x7f).op(Op.i32And, Op.i64ExtendI32U).get(shift).op(Op.i64Shl);
      code.get(value).op(Op.i64Or).set(value);
      code.get(shift).i64(7n).op(Op.i64Add).set(shift);
      code.get(from).i32(1).op(Op.i32Add).set(from);
      code.get(byte).i32(0x80).op(Op.i32GeU).brIf(again);
    });
    code.get(signed).get(shift).i64(64n).op(Op.i64LtU, Op.i32And);
    code.if(() => {
      // Shifts count modulo 64, so -shift means 64 - shift.
      code.get(value).i64(0n).get(shift).op(Op.i64Sub, Op.i64Shl);
      code.i64(0n).get(shift).op(Op.i64Sub, Op.i64ShrS).set(value);
    });
    return code.get(value).body();
  },
};

/** i64 with its bits in reverse order. */
export const reverseBits: Helper = {
  type: { parameters: [i64], results: [i64] },
  body(unit) {
    const swap = unit.helper(swapBytes);
    const code = unit.code(1);
    for (const [shift, mask] of [
      [1n, 0x5555_5555_5555_5555n],
      [2n, 0x3333_3333_3333_3333n],
      [4n, 0x0f0f_0f0f_0f0f_0f0fn],
    ] as const) {
      code.get(0).i64(mask).op(Op.i64And).i64(shift).op(Op.i64Shl);
      code.get(0).i64(shift).op(Op.i64ShrU).i64(mask).op(Op.i64And, Op.i64Or).set(0);
    }
    return code.get(0).call(swap).body();
  },
};

/** (from, end, unit) → address of the first code unit of zeros, `end` if there is none; units are of 2 or 4 bytes. */
export const findZeroUnit: Helper = {
  type: { parameters: [i32, i32, i32], results: [i32] },
  body(unit) {
    const code = unit.code(3);
    const [from, end, size] = [0, 1, 2];
    code.loop((again) => {
      code.get(from).get(size).op(Op.i32Add).get(end).op(Op.i32GtU);
      code.if(() => code.get(end).op(Op.return));
      code.get(from).memory(Memory.i32Load);
      code.i32(-1).i32(0xffff).get(size).i32(4).op(Op.i32Eq, Op.select, Op.i32And);
      code.op(Op.i32Eqz).if(() => code.get(from).op(Op.return));
      code.get(from).get(size).op(Op.i32Add).set(from).br(again);
    });
    return code.op(Op.unreachable).body();
  },
};
