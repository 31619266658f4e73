/**
 * Code as formulas: `i32Load(add(chunk, shl(row, int(3))), offset)`. An expression writes what leaves one value on the stack,
 * its operands first, from left to right. A plain number is a local variable; constants are `int(1)` and `long(1n)`.
 *
 * Names without a suffix are of i32, those with 64 of i64, whose comparisons give an i32.
 */

import type { Expression, Operand } from "./code.ts";
import { Memory, Op } from "./opcodes.ts";

export const int =
  (value: number): Expression =>
  (code) =>
    code.i32(value);
export const long =
  (value: bigint): Expression =>
  (code) =>
    code.i64(value);

type Unary = (of: Operand) => Expression;
type Binary = (a: Operand, b: Operand) => Expression;

const unary =
  (...ops: Op[]): Unary =>
  (of) =>
  (code) =>
    code.push(of).op(...ops);
const binary =
  (op: Op): Binary =>
  (a, b) =>
  (code) =>
    code.push(a).push(b).op(op);

export const add: Binary = binary(Op.i32Add);
export const sub: Binary = binary(Op.i32Sub);
export const mul: Binary = binary(Op.i32Mul);
export const divU: Binary = binary(Op.i32DivU);
export const and: Binary = binary(Op.i32And);
export const or: Binary = binary(Op.i32Or);
export const xor: Binary = binary(Op.i32Xor);
export const shl: Binary = binary(Op.i32Shl);
export const shrU: Binary = binary(Op.i32ShrU);
export const eqz: Unary = unary(Op.i32Eqz);
export const eq: Binary = binary(Op.i32Eq);
export const ne: Binary = binary(Op.i32Ne);
export const ltS: Binary = binary(Op.i32LtS);
export const ltU: Binary = binary(Op.i32LtU);
export const gtS: Binary = binary(Op.i32GtS);
export const gtU: Binary = binary(Op.i32GtU);
export const geS: Binary = binary(Op.i32GeS);
export const geU: Binary = binary(Op.i32GeU);

export const add64: Binary = binary(Op.i64Add);
export const sub64: Binary = binary(Op.i64Sub);
export const mul64: Binary = binary(Op.i64Mul);
export const divS64: Binary = binary(Op.i64DivS);
export const divU64: Binary = binary(Op.i64DivU);
export const and64: Binary = binary(Op.i64And);
export const xor64: Binary = binary(Op.i64Xor);
export const shl64: Binary = binary(Op.i64Shl);
export const shrS64: Binary = binary(Op.i64ShrS);
export const shrU64: Binary = binary(Op.i64ShrU);
export const eq64: Binary = binary(Op.i64Eq);
export const ne64: Binary = binary(Op.i64Ne);
export const ltS64: Binary = binary(Op.i64LtS);
export const gtS64: Binary = binary(Op.i64GtS);
export const gtU64: Binary = binary(Op.i64GtU);
export const geS64: Binary = binary(Op.i64GeS);
export const geU64: Binary = binary(Op.i64GeU);
export const leS64: Binary = binary(Op.i64LeS);
export const leU64: Binary = binary(Op.i64LeU);

/** i64 → i32, and back as a signed or an unsigned number. */
export const wrap: Unary = unary(Op.i32WrapI64);
export const extendS: Unary = unary(Op.i64ExtendI32S);
export const extendU: Unary = unary(Op.i64ExtendI32U);

/** One of two values: the first if the condition, evaluated last, is not 0. */
export const select =
  (first: Operand, second: Operand, condition: Operand): Expression =>
  (code) =>
    code.push(first).push(second).push(condition).op(Op.select);

/** The lesser of two locals, as unsigned numbers. */
export const minU: Binary = (a, b) => select(a, b, ltU(a, b));

/** Sets a local and gives the value on. */
export const tee =
  (local: number, value: Operand): Expression =>
  (code) =>
    code.push(value).tee(local);

const load =
  (instruction: Memory) =>
  (address: Operand, offset = 0): Expression =>
  (code) =>
    code.push(address).memory(instruction, offset);

type Load = (address: Operand, offset?: number) => Expression;
/** Loads at an address plus a constant offset. */
export const i32Load: Load = load(Memory.i32Load);
export const i32Load8U: Load = load(Memory.i32Load8U);
export const i64Load: Load = load(Memory.i64Load);

/** `base + index * width` */
export function elementAt(base: Operand, index: Operand, width: number): Expression {
  return add(base, width > 1 ? shl(index, int(Math.log2(width))) : index);
}

/** The address of the byte in which a bit lies. */
export function byteOf(bit: Operand): Expression {
  return shrU(bit, int(3));
}
