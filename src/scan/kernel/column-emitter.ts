/** Emits how a record's fields get into the columns' regions at the current row. */

import type { FieldClass } from "../../ctf/trace-class.ts";
import type { Code, Local } from "../../wasm/code.ts";
import { Memory, Op, ValueType } from "../../wasm/opcodes.ts";
import type { NumberType } from "../column.ts";
import type { ColumnSource } from "../event-plan.ts";
import type { KernelColumn } from "./columns.ts";
import { codeOfText } from "./dictionary.ts";
import { NotCompilable } from "./filter-emitter.ts";
import { copyText } from "./helpers.ts";
import { State } from "./memory.ts";
import { renderMachine } from "./render-machine.ts";
import type { Unit } from "./unit.ts";
import { type Location, Status, type WalkEmitter } from "./walk-emitter.ts";

const { i32 } = ValueType;

/** First constant in a class record; see `stream-emitter.ts`. */
export const RECORD_CONSTANTS = 16;

export class ColumnEmitter {
  readonly #unit: Unit;
  readonly #code: Code;
  readonly #walk: WalkEmitter;
  readonly #row: Local;
  readonly #record: Local;

  /** @param row local with the row's number; @param record local with the class record's address */
  constructor(unit: Unit, code: Code, walk: WalkEmitter, row: Local, record: Local) {
    this.#unit = unit;
    this.#code = code;
    this.#walk = walk;
    this.#row = row;
    this.#record = record;
  }

  /** Emits what may find a region full: it answers `full` before anything of the row counts. */
  emitTexts(column: KernelColumn, source: ColumnSource, start: Local): void {
    if (column.kind === "rendered") {
      this.#render(column, source, start);
      return;
    }
    if (column.kind !== "dictionary" && column.kind !== "utf8") return;
    const location = textLocation(source, this.#walk);
    if (location === undefined) return;
    this.#ifPresent(location, () => {
      if (column.kind === "dictionary") this.#dictionary(column, location);
      else this.#utf8(column, location);
    });
  }

  /** Emits the rest: numbers, constants and nulls. */
  emitRest(column: KernelColumn, source: ColumnSource): void {
    switch (column.kind) {
      case "number":
        if (column.column.request.kind === "cpu_id") this.#cpuId(column);
        else this.#number(column, source);
        break;
      case "constant":
        this.#constant(column);
        break;
      case "dictionary":
      case "utf8":
        // The column was settled before a class came in which the name is no text.
        if (column.kind === "utf8" && source.kind === "field" && !isText(source.fieldClass)) {
          throw new NotCompilable(`${source.fieldClass.kind} in a text column`);
        }
        this.#nullIfAbsent(column, textLocation(source, this.#walk));
        break;
      case "rendered":
      case "timestamp":
      case "deferred":
        break;
    }
  }

  #ifPresent(location: Location, then: () => void): void {
    if (!location.isOptional) {
      then();
      return;
    }
    this.#code.get(location.position.base).i32(0).op(Op.i32GeS).if(then);
  }

  #number(column: KernelColumn & { kind: "number" }, source: ColumnSource): void {
    const location =
      source.kind === "field" ? this.#walk.locations.get(source.location) : undefined;
    const fieldClass = source.kind === "field" ? source.fieldClass : undefined;
    if (
      location === undefined ||
      fieldClass === undefined ||
      !isNumberOf(column.number, fieldClass)
    ) {
      this.#null(column);
      return;
    }
    const store = (): void => {
      const { width, memory } = STORES[column.number];
      this.#pushSlot(width);
      this.#pushNumber(column.number, fieldClass, location);
      this.#code.memory(memory, column.values);
    };
    if (!location.isOptional) {
      store();
      return;
    }
    const code = this.#code;
    code.get(location.position.base).i32(0).op(Op.i32GeS);
    code.if(store, () => this.#null(column));
  }

  /** The field's value as the column's store wants it. */
  #pushNumber(number: NumberType, fieldClass: FieldClass, location: Location): void {
    const code = this.#code;
    if (fieldClass.kind === "float") {
      this.#walk.pushFloatBits(location.position, fieldClass);
      if (fieldClass.size === 32) code.op(Op.i32WrapI64, Op.f32ReinterpretI32);
      else code.op(Op.f64ReinterpretI64);
      if (fieldClass.size === 32 && number === "float64") code.op(Op.f64PromoteF32);
      if (fieldClass.size === 64 && number === "float32") code.op(Op.f32DemoteF64);
      return;
    }
    if (fieldClass.kind !== "integer") return;
    const { signed } = fieldClass;
    this.#walk.pushField(location.position, fieldClass);
    if (number === "float64") code.op(signed ? Op.f64ConvertI64S : Op.f64ConvertI64U);
    else if (number === "float32")
      code.op(signed ? Op.f64ConvertI64S : Op.f64ConvertI64U, Op.f32DemoteF64);
  }

  #cpuId(column: KernelColumn & { kind: "number" }): void {
    const code = this.#code;
    this.#pushSlot(4);
    code.i32(0).memory(Memory.i32Load, State.cpuId).memory(Memory.i32Store, column.values);
    code
      .i32(0)
      .memory(Memory.i32Load, State.hasCpuId)
      .op(Op.i32Eqz)
      .if(() => this.#null(column));
  }

  #constant(column: KernelColumn & { kind: "constant" }): void {
    const code = this.#code;
    const value = code.local(i32);
    this.#pushSlot(4);
    code
      .get(this.#record)
      .memory(Memory.i32Load, RECORD_CONSTANTS + 4 * column.constant)
      .tee(value);
    code.i32(0).get(value).i32(0).op(Op.i32GeS, Op.select).memory(Memory.i32Store, column.codes);
    if (column.column.nullable)
      code
        .get(value)
        .i32(0)
        .op(Op.i32LtS)
        .if(() => this.#null(column));
  }

  #dictionary(column: KernelColumn & { kind: "dictionary" }, location: Location): void {
    const code = this.#code;
    const value = code.local(i32);
    code.i32(column.dictionary.address);
    const offset = this.#walk.pushAddress(location.position);
    if (offset > 0) code.i32(offset).op(Op.i32Add);
    this.#walk.pushLength(location);
    this.#unit.callShared(code, codeOfText);
    code.tee(value).i32(0).op(Op.i32LtS);
    code.if(() => code.i32(Status.dictionaryFull).op(Op.return));
    this.#pushSlot(4);
    code.get(value).memory(Memory.i32Store, column.codes);
  }

  #utf8(column: KernelColumn & { kind: "utf8" }, location: Location): void {
    const code = this.#code;
    const length = code.local(i32);
    const end = code.local(i32);
    const start = code.local(i32);
    this.#walk.pushLength(location);
    code.set(length);
    this.#pushSlot(4);
    code.memory(Memory.i32Load, column.offsets).tee(start).get(length).op(Op.i32Add).tee(end);
    code.i32(column.text).memory(Memory.i32Load, 4).op(Op.i32GtU);
    code.if(() => code.i32(Status.full).op(Op.return));
    code.i32(column.text).i32(column.text).memory(Memory.i32Load, 8);
    code.i32(column.text).memory(Memory.i32Load).get(start).op(Op.i32Add);
    const offset = this.#walk.pushAddress(location.position);
    if (offset > 0) code.i32(offset).op(Op.i32Add);
    code.get(length).call(this.#unit.helper(copyText)).op(Op.i32Or).memory(Memory.i32Store, 8);
    this.#pushSlot(4);
    code.get(end).memory(Memory.i32Store, column.offsets + 4);
  }

  /** Runs the class's render program at the payload, or at the whole record. */
  #render(column: KernelColumn & { kind: "rendered" }, source: ColumnSource, start: Local): void {
    const code = this.#code;
    const base = code.local(i32);
    const end = code.local(i32);
    const input = code.local(i32);
    code.i32(0).memory(Memory.i32Load, State.input).set(input);
    code.i32(column.text).memory(Memory.i32Load).set(base);
    code
      .get(this.#record)
      .memory(Memory.i32Load, RECORD_CONSTANTS + 4 * column.constant)
      .get(input);
    const location =
      source.kind === "field" ? this.#walk.locations.get(source.location) : undefined;
    if (location === undefined) code.get(start);
    else this.#walk.pushPosition(location.position);
    code.get(base);
    this.#pushSlot(4);
    code.memory(Memory.i32Load, column.offsets).op(Op.i32Add);
    code.get(base).i32(column.text).memory(Memory.i32Load, 4).op(Op.i32Add);
    this.#unit.callShared(code, renderMachine);
    code.tee(end).i32(-1).op(Op.i32Eq);
    code.if(() => code.i32(Status.full).op(Op.return));
    this.#pushSlot(4);
    code
      .get(end)
      .get(base)
      .op(Op.i32Sub)
      .memory(Memory.i32Store, column.offsets + 4);
  }

  #nullIfAbsent(
    column: KernelColumn & { kind: "dictionary" | "utf8" },
    location: Location | undefined,
  ): void {
    const code = this.#code;
    const absent = (): void => {
      this.#null(column);
      if (column.kind === "utf8") {
        // An empty text: it ends where the one before did.
        this.#pushSlot(4);
        this.#pushSlot(4);
        code.memory(Memory.i32Load, column.offsets).memory(Memory.i32Store, column.offsets + 4);
      } else {
        this.#pushSlot(4);
        code.i32(0).memory(Memory.i32Store, column.codes);
      }
    };
    if (location === undefined) absent();
    else if (location.isOptional) code.get(location.position.base).i32(0).op(Op.i32LtS).if(absent);
  }

  /** Clears the row's validity bit and counts it. */
  #null({ validity, nulls }: { readonly validity: number; readonly nulls: number }): void {
    const code = this.#code;
    const byte = code.local(i32);
    code.get(this.#row).i32(3).op(Op.i32ShrU).tee(byte);
    code.get(byte).memory(Memory.i32Load8U, validity);
    code.i32(1).get(this.#row).i32(7).op(Op.i32And, Op.i32Shl).i32(-1).op(Op.i32Xor, Op.i32And);
    code.memory(Memory.i32Store8, validity);
    code.i32(nulls).i32(nulls).memory(Memory.i32Load).i32(1).op(Op.i32Add).memory(Memory.i32Store);
  }

  /** Puts `row * width` on the stack: the region's address is the store's constant offset. */
  #pushSlot(width: 1 | 2 | 4 | 8): void {
    this.#code.get(this.#row);
    if (width > 1) this.#code.i32(Math.log2(width)).op(Op.i32Shl);
  }
}

const STORES: Readonly<
  Record<NumberType, { readonly width: 1 | 2 | 4 | 8; readonly memory: Memory }>
> = {
  int8: { width: 1, memory: Memory.i64Store8 },
  uint8: { width: 1, memory: Memory.i64Store8 },
  int16: { width: 2, memory: Memory.i64Store16 },
  uint16: { width: 2, memory: Memory.i64Store16 },
  int32: { width: 4, memory: Memory.i64Store32 },
  uint32: { width: 4, memory: Memory.i64Store32 },
  int64: { width: 8, memory: Memory.i64Store },
  uint64: { width: 8, memory: Memory.i64Store },
  float32: { width: 4, memory: Memory.f32Store },
  float64: { width: 8, memory: Memory.f64Store },
};

function isNumberOf(number: NumberType, fieldClass: FieldClass): boolean {
  return (
    fieldClass.kind === "integer" || (fieldClass.kind === "float" && number.startsWith("float"))
  );
}

/** Where a text field lies; `undefined` for fields that are no texts or absent. */
function textLocation(source: ColumnSource, walk: WalkEmitter): Location | undefined {
  if (source.kind !== "field") return undefined;
  const { fieldClass } = source;
  if (isText(fieldClass) && "encoding" in fieldClass && fieldClass.encoding !== "utf-8")
    throw new NotCompilable(`text in ${fieldClass.encoding}`);
  return isText(source.fieldClass) ? walk.locations.get(source.location) : undefined;
}

function isText({ kind }: FieldClass): boolean {
  return kind === "string" || kind === "text";
}
