/** What all columns of a record function share: where the row's values go, how a field becomes a number, nulls. */

import type { NumberType } from "../../../column/column.ts";
import type { FieldClass } from "../../../ctf/trace-class.ts";
import type { Code, Expression, Local } from "../../../wasm/code.ts";
import {
  add,
  and,
  byteOf,
  elementAt,
  geS,
  i32Load,
  i32Load8U,
  int,
  shl,
  tee,
  xor,
} from "../../../wasm/expression.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import { type Place, Slot } from "../memory/chunk.ts";
import type { FieldReader } from "./field-reader.ts";
import type { Location, Position } from "./position.ts";

/** First constant in a class record; see `stream-emitter.ts`. */
export const RECORD_CONSTANTS = 12;

/** Locals of a record function. */
export interface RecordLocals {
  /** Address of the packet. */
  readonly input: Local;
  /** First bit of the record's contexts. */
  readonly start: Local;
  /** The bit behind the record. */
  readonly after: Local;
  /** Address of the class record. */
  readonly record: Local;
  readonly chunk: Local;
  readonly row: Local;
  /** The record's time, i64. */
  readonly time: Local;
}

export class RowEmitter {
  readonly #code: Code;
  readonly #reader: FieldReader;
  readonly #locals: RecordLocals;

  constructor(code: Code, reader: FieldReader, locals: RecordLocals) {
    this.#code = code;
    this.#reader = reader;
    this.#locals = locals;
  }

  /** `chunk + row * width`: the region is the constant offset of the load or store. */
  value(width: 1 | 2 | 4 | 8): Expression {
    return elementAt(this.#locals.chunk, this.#locals.row, width);
  }

  /** A constant of the record's class. */
  constant(constant: number): Expression {
    return i32Load(this.#locals.record, RECORD_CONSTANTS + 4 * constant);
  }

  /** Runs `then` where a field is there, else `otherwise`. */
  ifPresent(location: Location, then: () => void, otherwise?: () => void): void {
    if (location.isOptional) this.#code.when(geS(location.position.base, int(0)), then, otherwise);
    else then();
  }

  /** The field's value as the column's store takes it. */
  number(number: NumberType, fieldClass: FieldClass, position: Position): Expression {
    const reader = this.#reader;
    return (code) => {
      if (fieldClass.kind === "float") {
        code.push(reader.floatBits(position, fieldClass));
        if (fieldClass.size === 32) code.op(Op.i32WrapI64, Op.f32ReinterpretI32);
        else code.op(Op.f64ReinterpretI64);
        if (fieldClass.size === 32 && number === "float64") code.op(Op.f64PromoteF32);
        if (fieldClass.size === 64 && number === "float32") code.op(Op.f32DemoteF64);
      } else if (fieldClass.kind === "integer") {
        const toDouble = fieldClass.signed ? Op.f64ConvertI64S : Op.f64ConvertI64U;
        code.push(reader.field(position, fieldClass));
        if (number === "float64") code.op(toDouble);
        else if (number === "float32") code.op(toDouble, Op.f32DemoteF64);
      }
    };
  }

  /** Clears the row's validity bit and counts it. */
  null({ slot, validity }: Place): void {
    const code = this.#code;
    const { chunk, row } = this.#locals;
    const byte = code.local(ValueType.i32);
    code.push(tee(byte, add(chunk, byteOf(row))));
    const bit = shl(int(1), and(row, int(7)));
    code.push(and(i32Load8U(byte, validity), xor(bit, int(-1))));
    code.memory(Memory.i32Store8, validity);
    const nulls = slot + Slot.nulls;
    code.store(Memory.i32Store, chunk, add(i32Load(chunk, nulls), int(1)), nulls);
  }
}

/** How a number gets into a column of its type. */
export const STORES: Readonly<Record<NumberType, Memory>> = {
  int8: Memory.i64Store8,
  uint8: Memory.i64Store8,
  int16: Memory.i64Store16,
  uint16: Memory.i64Store16,
  int32: Memory.i64Store32,
  uint32: Memory.i64Store32,
  int64: Memory.i64Store,
  uint64: Memory.i64Store,
  float32: Memory.f32Store,
  float64: Memory.f64Store,
};
