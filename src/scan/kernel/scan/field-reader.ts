/** Values of fields at positions, as expressions: integers of any size at any bit, floats, lengths. */

import type { IntegerLayout } from "../../../ctf/read-field.ts";
import type { FloatClass } from "../../../ctf/trace-class.ts";
import type { Code, Expression, Local } from "../../../wasm/code.ts";
import {
  add,
  byteOf,
  extendU,
  i64Load,
  int,
  long,
  ne64,
  shl64,
  shrS64,
  shrU64,
} from "../../../wasm/expression.ts";
import { Memory, ValueType } from "../../../wasm/opcodes.ts";
import { readLeb128, reverseBits } from "./field-helpers.ts";
import { readBits, swapBytes, textLength } from "./helpers.ts";
import type { Location, Position } from "./position.ts";
import type { Unit } from "./unit.ts";

export class FieldReader {
  readonly #unit: Unit;
  readonly #input: Local;

  /** @param input local that holds the packet's address */
  constructor(unit: Unit, input: Local) {
    this.#unit = unit;
    this.#input = input;
  }

  /** A position, in bits. */
  bit({ base, offset }: Position): Expression {
    return (code) => code.push(offset > 0 ? add(base, int(offset)) : base);
  }

  /** The address of a byte-aligned position. */
  address(position: Position): Expression {
    const { base, offset } = this.#split(position);
    return offset > 0 ? add(base, int(offset)) : base;
  }

  /** The position that a local holds, in bits: so many whole strides behind a location. */
  positionAt(code: Code, bit: Local, { position }: Location, stride: number): Position {
    const isOnByte = position.byteBase !== undefined && position.offset % 8 === 0;
    if (!isOnByte || stride % 8 !== 0) return { base: bit, byteBase: undefined, offset: 0 };
    const byteBase = code.local(ValueType.i32);
    code.assign(byteBase, add(this.#input, byteOf(bit)));
    return { base: bit, byteBase, offset: 0 };
  }

  /** An integer of any size at any position, as i64. */
  integer(position: Position, size: number, signed: boolean, littleEndian: boolean): Expression {
    const { byteBase, offset } = position;
    const isWhole = byteBase !== undefined && offset % 8 === 0;
    if (isWhole && (size === 8 || (littleEndian && (size === 16 || size === 32 || size === 64)))) {
      const load = WHOLE_LOADS[size]![signed ? 1 : 0]!;
      return (code) => code.push(byteBase).memory(load, offset / 8);
    }
    const shift = offset & 7;
    if (byteBase !== undefined && littleEndian && shift + size <= 64)
      return cutBits(i64Load(byteBase, offset >> 3), shift, size, signed);
    if (isWhole && !littleEndian && size % 8 === 0) {
      const word = i64Load(byteBase, offset / 8);
      return cutBits(this.#unit.call(swapBytes, word), 64 - size, size, signed);
    }
    const order = int(littleEndian ? 1 : 0);
    const bits = this.#unit.call(readBits, this.#input, this.bit(position), int(size), order);
    return cutBits(bits, 0, size, signed);
  }

  /** An integer field's value, as i64; truth values as 0 or 1. */
  field(position: Position, layout: IntegerLayout): Expression {
    const value = this.#number(position, layout);
    return layout.form === "boolean" ? extendU(ne64(value, long(0n))) : value;
  }

  /** A float field's bits, as i64. */
  floatBits(position: Position, { coding, size, byteOrder }: FloatClass): Expression {
    const littleEndian = byteOrder === "little-endian";
    return coding === "plain"
      ? this.integer(position, size, false, littleEndian)
      : this.#reversed(position, size, littleEndian);
  }

  /** The length of a located text or array. */
  length({ position, length }: Location): Expression {
    if (length?.kind === "known") return (code) => code.push(length.local);
    const capacity = length?.capacity ?? int(length?.count ?? 0);
    return this.#unit.call(textLength, this.address(position), capacity);
  }

  #number(position: Position, { coding, size, signed, byteOrder }: IntegerLayout): Expression {
    const littleEndian = byteOrder === "little-endian";
    switch (coding) {
      case "plain":
        return this.integer(position, size, signed, littleEndian);
      case "reversed": {
        const value = this.#reversed(position, size, littleEndian);
        return signed ? cutBits(value, 0, size, true) : value;
      }
      case "leb128":
        return this.#unit.call(readLeb128, this.address(position), int(signed ? 1 : 0));
    }
  }

  #reversed(position: Position, size: number, littleEndian: boolean): Expression {
    const bits = this.integer(position, size, false, littleEndian);
    const reversed = this.#unit.call(reverseBits, bits);
    return size < 64 ? shrU64(reversed, long(BigInt(64 - size))) : reversed;
  }

  /** A byte-aligned position as an address and a constant. */
  #split(position: Position): { readonly base: Expression; readonly offset: number } {
    const { byteBase, offset } = position;
    if (byteBase !== undefined && offset % 8 === 0)
      return { base: (code) => code.push(byteBase), offset: offset / 8 };
    return { base: add(this.#input, byteOf(this.bit(position))), offset: 0 };
  }
}

/** Bits `[shift, shift + size)` of an i64, extended to 64 bits. */
function cutBits(value: Expression, shift: number, size: number, signed: boolean): Expression {
  const up = 64 - shift - size;
  const raised = up > 0 ? shl64(value, long(BigInt(up))) : value;
  if (up + shift === 0) return raised;
  return (signed ? shrS64 : shrU64)(raised, long(BigInt(up + shift)));
}

/** Loads of whole bytes by size: unsigned, signed. */
const WHOLE_LOADS: Readonly<Record<number, readonly [Memory, Memory]>> = {
  8: [Memory.i64Load8U, Memory.i64Load8S],
  16: [Memory.i64Load16U, Memory.i64Load16S],
  32: [Memory.i64Load32U, Memory.i64Load32S],
  64: [Memory.i64Load, Memory.i64Load],
};
