/** Emits how a record's fields get into the chunk's regions at the current row. */

import type { NumberType } from "../../../column/column.ts";
import { MAX_DICTIONARY_TEXT_BYTES } from "../../../column/layout.ts";
import type { FieldClass, Length } from "../../../ctf/trace-class.ts";
import type { LinkedProgram } from "../../../filter/bytecode.ts";
import type { Code, Local } from "../../../wasm/code.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import type { ColumnSource } from "../../event-plan.ts";
import { type Place, Slot } from "../memory/chunk.ts";
import { type KernelColumn, widthOf } from "../memory/columns.ts";
import { codeOfText } from "../memory/dictionary.ts";
import { State } from "../memory/memory.ts";
import { renderMachine } from "../text/render-machine.ts";
import { isRenderable } from "../text/render-program.ts";
import { FilterEmitter, NotCompilable } from "./filter-emitter.ts";
import { copyText } from "./helpers.ts";
import type { Unit } from "./unit.ts";
import { type Location, type Position, Status, type WalkEmitter } from "./walk-emitter.ts";

const { i32 } = ValueType;

/** First constant in a class record; see `stream-emitter.ts`. */
export const RECORD_CONSTANTS = 12;

/** Locals of a record function. */
export interface RecordLocals {
  /** Address of the packet. */
  readonly input: Local;
  /** First bit of the record's contexts. */
  readonly start: Local;
  /** Address of the class record. */
  readonly record: Local;
  readonly chunk: Local;
  readonly row: Local;
  /** The record's time, i64. */
  readonly time: Local;
}

export class ColumnEmitter {
  readonly #unit: Unit;
  readonly #code: Code;
  readonly #walk: WalkEmitter;
  readonly #locals: RecordLocals;
  readonly #renderers: ReadonlyMap<number, number>;

  /** @param renderers functions that render, by the constant that names their program; the machine renders what has none */
  constructor(
    unit: Unit,
    code: Code,
    walk: WalkEmitter,
    locals: RecordLocals,
    renderers: ReadonlyMap<number, number>,
  ) {
    this.#renderers = renderers;
    this.#unit = unit;
    this.#code = code;
    this.#walk = walk;
    this.#locals = locals;
  }

  /** Emits what may find a region full: it answers `full` before anything of the row counts. */
  emitTexts(column: KernelColumn, place: Place, source: ColumnSource): void {
    if (column.kind === "rendered") {
      this.#render(place, column.constant, this.#location(source));
      return;
    }
    const location = this.#valueLocation(column, source);
    if (location === undefined || source.kind !== "field") return;
    switch (column.kind) {
      case "dictionary":
        this.#ifPresent(location, () => this.#dictionary(place, location));
        break;
      case "utf8":
        this.#ifPresent(location, () => {
          if (isText(source.fieldClass)) this.#utf8(place, location);
          else this.#render(place, column.constant, location);
        });
        break;
      case "list":
        this.#ifPresent(location, () => this.#list(column, place, source.fieldClass, location));
        break;
    }
  }

  /** Emits the rest: numbers, constants and nulls. */
  emitRest(column: KernelColumn, place: Place, source: ColumnSource): void {
    switch (column.kind) {
      case "timestamp":
        if (source.kind === "absent") this.#null(place);
        break;
      case "number":
        if (column.column.request.kind === "cpu_id") this.#cpuId(place);
        else if (source.kind === "match") this.#match(place, source.linked);
        else this.#number(column, place, source);
        break;
      case "constant":
        this.#constant(column, place);
        break;
      case "dictionary":
      case "utf8":
      case "list":
        this.#nullIfAbsent(column, place, this.#valueLocation(column, source));
        break;
    }
  }

  #location(source: ColumnSource): Location | undefined {
    return source.kind === "field" ? this.#walk.locations.get(source.location) : undefined;
  }

  /**
   * Where a field lies whose class fits the column; one that does not gives nulls.
   * @throws NotCompilable for what only the interpreter can put there
   */
  #valueLocation(column: KernelColumn, source: ColumnSource): Location | undefined {
    if (source.kind !== "field") return undefined;
    const { fieldClass } = source;
    const hasTexts = column.kind === "utf8" || column.kind === "dictionary";
    if (
      hasTexts &&
      isText(fieldClass) &&
      "encoding" in fieldClass &&
      fieldClass.encoding !== "utf-8"
    )
      throw new NotCompilable(`text in ${fieldClass.encoding}`);
    if (column.kind === "dictionary" && isText(fieldClass) && !isShort(fieldClass))
      throw new NotCompilable("a long text in a dictionary");
    if (column.kind === "utf8" && !isText(fieldClass) && !isRenderable(fieldClass))
      throw new NotCompilable(`rendering of a ${fieldClass.kind}`);
    return fits(column, source.fieldClass) ? this.#location(source) : undefined;
  }

  #ifPresent(location: Location, then: () => void): void {
    if (!location.isOptional) {
      then();
      return;
    }
    this.#code.get(location.position.base).i32(0).op(Op.i32GeS).if(then);
  }

  #number(column: KernelColumn & { kind: "number" }, place: Place, source: ColumnSource): void {
    const location = this.#valueLocation(column, source);
    if (location === undefined || source.kind !== "field") {
      this.#null(place);
      return;
    }
    const store = (): void => {
      this.#pushRow(widthOf(column.number));
      this.#pushNumber(column.number, source.fieldClass, location.position);
      this.#code.memory(STORES[column.number], place.values);
    };
    if (!location.isOptional) {
      store();
      return;
    }
    const code = this.#code;
    code.get(location.position.base).i32(0).op(Op.i32GeS);
    code.if(store, () => this.#null(place));
  }

  /** The field's value as the column's store wants it. */
  #pushNumber(number: NumberType, fieldClass: FieldClass, position: Position): void {
    const code = this.#code;
    if (fieldClass.kind === "float") {
      this.#walk.pushFloatBits(position, fieldClass);
      if (fieldClass.size === 32) code.op(Op.i32WrapI64, Op.f32ReinterpretI32);
      else code.op(Op.f64ReinterpretI64);
      if (fieldClass.size === 32 && number === "float64") code.op(Op.f64PromoteF32);
      if (fieldClass.size === 64 && number === "float32") code.op(Op.f32DemoteF64);
      return;
    }
    if (fieldClass.kind !== "integer") return;
    const { signed } = fieldClass;
    this.#walk.pushField(position, fieldClass);
    if (number === "float64") code.op(signed ? Op.f64ConvertI64S : Op.f64ConvertI64U);
    else if (number === "float32")
      code.op(signed ? Op.f64ConvertI64S : Op.f64ConvertI64U, Op.f32DemoteF64);
  }

  #cpuId(place: Place): void {
    const code = this.#code;
    this.#pushRow(4);
    code.i32(this.#unit.state).memory(Memory.i32Load, State.cpuId);
    code.memory(Memory.i32Store, place.values);
    code
      .i32(this.#unit.state)
      .memory(Memory.i32Load, State.hasCpuId)
      .op(Op.i32Eqz)
      .if(() => this.#null(place));
  }

  #match(place: Place, linked: LinkedProgram): void {
    const code = this.#code;
    this.#pushRow(1);
    if (linked.verdict === "evaluate") {
      code.block((end) => {
        const reject = (): void => {
          code.i32(0).br(end);
        };
        new FilterEmitter(this.#unit, code, linked, this.#walk, this.#locals.time, reject).emit();
      }, i32);
    } else {
      code.i32(linked.verdict === "always" ? 1 : 0);
    }
    code.memory(Memory.i32Store8, place.values);
  }

  #constant(column: KernelColumn & { kind: "constant" }, place: Place): void {
    const code = this.#code;
    const value = code.local(i32);
    this.#pushRow(4);
    this.#pushConstant(column.constant);
    code.tee(value);
    if (!column.column.nullable) {
      code.memory(Memory.i32Store, place.values);
      return;
    }
    code.i32(0).get(value).i32(0).op(Op.i32GeS, Op.select).memory(Memory.i32Store, place.values);
    code
      .get(value)
      .i32(0)
      .op(Op.i32LtS)
      .if(() => this.#null(place));
  }

  #dictionary(place: Place, location: Location): void {
    const code = this.#code;
    const value = code.local(i32);
    code.get(this.#locals.chunk).memory(Memory.i32Load, place.slot + Slot.dictionary);
    this.#pushTextAddress(location);
    this.#walk.pushLength(location);
    code.call(this.#unit.helper(codeOfText)).tee(value).i32(0).op(Op.i32LtS);
    code.if(() => code.i32(Status.dictionaryFull).op(Op.return));
    this.#pushRow(4);
    code.get(value).memory(Memory.i32Store, place.values);
  }

  #utf8(place: Place, location: Location): void {
    const code = this.#code;
    const { chunk } = this.#locals;
    const length = code.local(i32);
    const end = code.local(i32);
    const start = code.local(i32);
    this.#walk.pushLength(location);
    code.set(length);
    this.#pushRow(4);
    code.memory(Memory.i32Load, place.values).tee(start).get(length).op(Op.i32Add).tee(end);
    this.#fullIfBeyond(place);
    code
      .get(chunk)
      .get(chunk)
      .memory(Memory.i32Load, place.slot + Slot.seen);
    code
      .get(chunk)
      .memory(Memory.i32Load, place.slot + Slot.text)
      .get(start)
      .op(Op.i32Add);
    this.#pushTextAddress(location);
    code.get(length).call(this.#unit.helper(copyText)).op(Op.i32Or);
    code.memory(Memory.i32Store, place.slot + Slot.seen);
    this.#pushRow(4);
    code.get(end).memory(Memory.i32Store, place.values + 4);
  }

  /** Runs the class's render program at a field, or at the record's beginning. */
  #render(place: Place, constant: number, location: Location | undefined): void {
    const code = this.#code;
    const { chunk, input, start } = this.#locals;
    const base = code.local(i32);
    const end = code.local(i32);
    code
      .get(chunk)
      .memory(Memory.i32Load, place.slot + Slot.text)
      .set(base);
    this.#pushConstant(constant);
    code.get(input);
    if (location === undefined) code.get(start);
    else this.#walk.pushPosition(location.position);
    code.get(base);
    this.#pushRow(4);
    code.memory(Memory.i32Load, place.values).op(Op.i32Add);
    code
      .get(base)
      .get(chunk)
      .memory(Memory.i32Load, place.slot + Slot.textCapacity)
      .op(Op.i32Add);
    code.call(this.#renderers.get(constant) ?? this.#unit.helper(renderMachine));
    code.tee(end).i32(-1).op(Op.i32Eq);
    code.if(() => this.#full(place));
    this.#pushRow(4);
    code
      .get(end)
      .get(base)
      .op(Op.i32Sub)
      .memory(Memory.i32Store, place.values + 4);
  }

  /** Offsets count elements, the capacity bytes. */
  #list(
    column: KernelColumn & { kind: "list" },
    place: Place,
    fieldClass: FieldClass,
    location: Location,
  ): void {
    if (fieldClass.kind !== "array") return;
    const { element } = fieldClass;
    if ((element.kind !== "integer" && element.kind !== "float") || element.coding === "leb128")
      return;
    const code = this.#code;
    const { chunk } = this.#locals;
    const width = widthOf(column.number);
    const first = code.local(i32);
    const count = code.local(i32);
    const end = code.local(i32);
    const bit = code.local(i32);
    const out = code.local(i32);
    this.#walk.pushLength(location);
    code.set(count);
    this.#pushRow(4);
    code.memory(Memory.i32Load, place.values).tee(first).get(count).op(Op.i32Add).tee(end);
    // A record's elements are fewer than its bits, so that neither sum nor product wraps.
    code.i32(width).op(Op.i32Mul);
    this.#fullIfBeyond(place);
    code.get(chunk).memory(Memory.i32Load, place.slot + Slot.text);
    code.get(first).i32(width).op(Op.i32Mul, Op.i32Add).set(out);
    this.#walk.pushPosition(location.position);
    code.set(bit);
    const stride = Math.ceil(element.size / element.align) * element.align;
    code.block((done) => {
      code.loop((again) => {
        code.get(count).op(Op.i32Eqz).brIf(done);
        code.get(out);
        this.#pushNumber(column.number, element, this.#walk.positionAt(bit, location, stride));
        code.memory(STORES[column.number]);
        code.get(bit).i32(stride).op(Op.i32Add).set(bit);
        code.get(out).i32(width).op(Op.i32Add).set(out);
        code.get(count).i32(1).op(Op.i32Sub).set(count).br(again);
      });
    });
    this.#pushRow(4);
    code.get(end).memory(Memory.i32Store, place.values + 4);
  }

  /** Leaves with `full` if the end on the stack, in bytes, is beyond the texts' capacity. */
  #fullIfBeyond(place: Place): void {
    const code = this.#code;
    code.get(this.#locals.chunk).memory(Memory.i32Load, place.slot + Slot.textCapacity);
    code.op(Op.i32GtU).if(() => this.#full(place));
  }

  /** Leaves with `full`, and says which column is. */
  #full({ slot }: Place): void {
    const code = this.#code;
    code.i32(this.#unit.state).i32(slot).memory(Memory.i32Store, State.fullSlot);
    code.i32(Status.full).op(Op.return);
  }

  #pushTextAddress(location: Location): void {
    const offset = this.#walk.pushAddress(location.position);
    if (offset > 0) this.#code.i32(offset).op(Op.i32Add);
  }

  #pushConstant(constant: number): void {
    this.#code.get(this.#locals.record).memory(Memory.i32Load, RECORD_CONSTANTS + 4 * constant);
  }

  #nullIfAbsent(
    column: KernelColumn & { kind: "dictionary" | "utf8" | "list" },
    place: Place,
    location: Location | undefined,
  ): void {
    const code = this.#code;
    const absent = (): void => {
      this.#null(place);
      this.#pushRow(4);
      if (column.kind === "dictionary") {
        code.i32(0).memory(Memory.i32Store, place.values);
      } else {
        // Empty: it ends where the one before did.
        this.#pushRow(4);
        code.memory(Memory.i32Load, place.values).memory(Memory.i32Store, place.values + 4);
      }
    };
    if (location === undefined) absent();
    else if (location.isOptional) code.get(location.position.base).i32(0).op(Op.i32LtS).if(absent);
  }

  /** Clears the row's validity bit and counts it. */
  #null({ slot, validity }: Place): void {
    const code = this.#code;
    const { chunk, row } = this.#locals;
    const byte = code.local(i32);
    code.get(chunk).get(row).i32(3).op(Op.i32ShrU, Op.i32Add).tee(byte);
    code.get(byte).memory(Memory.i32Load8U, validity);
    code.i32(1).get(row).i32(7).op(Op.i32And, Op.i32Shl).i32(-1).op(Op.i32Xor, Op.i32And);
    code.memory(Memory.i32Store8, validity);
    code
      .get(chunk)
      .get(chunk)
      .memory(Memory.i32Load, slot + Slot.nulls);
    code
      .i32(1)
      .op(Op.i32Add)
      .memory(Memory.i32Store, slot + Slot.nulls);
  }

  /** Puts `chunk + row * width` on the stack: the region is the constant offset of the load or store. */
  #pushRow(width: 1 | 2 | 4 | 8): void {
    const code = this.#code;
    code.get(this.#locals.chunk).get(this.#locals.row);
    if (width > 1) code.i32(Math.log2(width)).op(Op.i32Shl);
    code.op(Op.i32Add);
  }
}

const STORES: Readonly<Record<NumberType, Memory>> = {
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

/** Whether a field has a value for the column: its class may have come after the column was settled. */
function fits(column: KernelColumn, fieldClass: FieldClass): boolean {
  switch (column.kind) {
    case "number":
      return isNumberOf(column.number, fieldClass);
    case "list":
      return fieldClass.kind === "array" && isElementOf(column.number, fieldClass.element);
    case "dictionary":
      return isText(fieldClass);
    case "utf8":
      return true;
    default:
      return false;
  }
}

/** Elements lie at equal distances. */
function isElementOf(number: NumberType, element: FieldClass): boolean {
  const hasStride = element.kind !== "integer" || element.coding !== "leb128";
  return hasStride && isNumberOf(number, element);
}

function isNumberOf(number: NumberType, fieldClass: FieldClass): boolean {
  return (
    fieldClass.kind === "integer" || (fieldClass.kind === "float" && number.startsWith("float"))
  );
}

/** Dictionaries hold names: a text that could fill one is no name. */
function isShort(fieldClass: FieldClass): boolean {
  const { length } = fieldClass as { readonly length?: Length };
  return length?.kind === "static" && length.count <= MAX_DICTIONARY_TEXT_BYTES;
}

function isText({ kind }: FieldClass): boolean {
  return kind === "string" || kind === "text";
}
