/** Emits how a record's fields get into the chunk's regions at the current row. */

import type { PlacePart } from "../../../column/request.ts";
import type { LinkedProgram } from "../../../filter/bytecode.ts";
import type { Code, Expression } from "../../../wasm/code.ts";
import { eqz, geS, i32Load, i64Load, int, ltS, select, tee } from "../../../wasm/expression.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import type { ColumnSource } from "../../event-plan.ts";
import type { Place } from "../memory/chunk.ts";
import { type KernelColumn, widthOf } from "../memory/columns.ts";
import { State } from "../memory/memory.ts";
import { fits, isText } from "./column-fit.ts";
import { FilterEmitter } from "./filter-emitter.ts";
import type { Location } from "./position.ts";
import { type RecordLocals, RowEmitter, STORES } from "./row-emitter.ts";
import type { Unit } from "./unit.ts";
import { VariableEmitter } from "./variable-emitter.ts";
import type { WalkEmitter } from "./walk-emitter.ts";

const { i32 } = ValueType;

export class ColumnEmitter {
  readonly #unit: Unit;
  readonly #code: Code;
  readonly #walk: WalkEmitter;
  readonly #locals: RecordLocals;
  readonly #row: RowEmitter;
  readonly #variable: VariableEmitter;

  /** @param renderers functions that render, by the constant that names their program; the machine renders what has none */
  constructor(
    unit: Unit,
    code: Code,
    walk: WalkEmitter,
    locals: RecordLocals,
    renderers: ReadonlyMap<number, number>,
  ) {
    const { reader } = walk;
    this.#unit = unit;
    this.#code = code;
    this.#walk = walk;
    this.#locals = locals;
    this.#row = new RowEmitter(code, reader, locals);
    this.#variable = new VariableEmitter(unit, code, reader, this.#row, locals, renderers);
  }

  /** Emits what may find a region full: it answers `full` before anything of the row counts. */
  emitTexts(column: KernelColumn, place: Place, source: ColumnSource): void {
    const variable = this.#variable;
    if (column.kind === "rendered") {
      variable.render(place, column.constant, this.#location(source));
      return;
    }
    const location = this.#valueLocation(column, source);
    if (location === undefined || source.kind !== "field") return;
    const { fieldClass } = source;
    switch (column.kind) {
      case "dictionary":
        this.#row.ifPresent(location, () => variable.dictionary(place, location));
        break;
      case "utf8":
        this.#row.ifPresent(location, () => {
          if (isText(fieldClass)) variable.utf8(place, location);
          else variable.render(place, column.constant, location);
        });
        break;
      case "list":
        this.#row.ifPresent(location, () => variable.list(column, place, fieldClass, location));
        break;
    }
  }

  /** Emits the rest: numbers, constants and nulls. */
  emitRest(column: KernelColumn, place: Place, source: ColumnSource): void {
    switch (column.kind) {
      case "timestamp":
        if (source.kind === "absent") this.#row.null(place);
        break;
      case "number":
        this.#anyNumber(column, place, source);
        break;
      case "constant":
        this.#constant(column, place);
        break;
      case "class-id":
        this.#classId(column, place);
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
    return fits(column, source.fieldClass) ? this.#location(source) : undefined;
  }

  #anyNumber(column: KernelColumn & { kind: "number" }, place: Place, source: ColumnSource): void {
    const { request } = column.column;
    if (request.kind === "cpu_id") this.#cpuId(place);
    else if (request.kind === "weight")
      this.#code.store(Memory.i32Store, this.#row.value(4), int(1), place.values);
    else if (request.kind === "place") this.#place(place, request.part);
    else if (source.kind === "match") this.#match(place, source.linked);
    else this.#number(column, place, source);
  }

  /** Where the record lies in its packet. */
  #place(place: Place, part: PlacePart): void {
    const code = this.#code;
    const { state } = this.#unit;
    if (part === "clock") {
      code.store(Memory.i64Store, this.#row.value(8), i64Load(state, State.clock), place.values);
      return;
    }
    const bit: Expression =
      part === "begin" ? i32Load(state, State.start) : (to) => to.get(this.#locals.after);
    code.store(Memory.i32Store, this.#row.value(4), bit, place.values);
  }

  #classId(column: KernelColumn & { kind: "class-id" }, place: Place): void {
    const code = this.#code;
    code.push(this.#row.value(8)).push(this.#row.constant(column.constant));
    code.op(Op.f64ConvertI32U).memory(Memory.f64Store, place.values);
  }

  #number(column: KernelColumn & { kind: "number" }, place: Place, source: ColumnSource): void {
    const location = this.#valueLocation(column, source);
    if (location === undefined || source.kind !== "field") {
      this.#row.null(place);
      return;
    }
    const { number } = column;
    const value = this.#row.number(number, source.fieldClass, location.position);
    this.#row.ifPresent(
      location,
      () => this.#code.store(STORES[number], this.#row.value(widthOf(number)), value, place.values),
      () => this.#row.null(place),
    );
  }

  #cpuId(place: Place): void {
    const code = this.#code;
    const { state } = this.#unit;
    code.store(Memory.i32Store, this.#row.value(4), i32Load(state, State.cpuId), place.values);
    code.when(eqz(i32Load(state, State.hasCpuId)), () => this.#row.null(place));
  }

  #match(place: Place, linked: LinkedProgram): void {
    const code = this.#code;
    code.push(this.#row.value(1));
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

  /** The code of the class's text; below 0 if it has none. */
  #constant(column: KernelColumn & { kind: "constant" }, place: Place): void {
    const code = this.#code;
    const value = code.local(i32);
    const constant = tee(value, this.#row.constant(column.constant));
    const { nullable } = column.column;
    const stored = nullable ? select(constant, int(0), geS(value, int(0))) : constant;
    code.store(Memory.i32Store, this.#row.value(4), stored, place.values);
    if (nullable) code.when(ltS(value, int(0)), () => this.#row.null(place));
  }

  #nullIfAbsent(
    column: KernelColumn & { kind: "dictionary" | "utf8" | "list" },
    place: Place,
    location: Location | undefined,
  ): void {
    const code = this.#code;
    const absent = (): void => {
      this.#row.null(place);
      const value = this.#row.value(4);
      if (column.kind === "dictionary") {
        code.store(Memory.i32Store, value, int(0), place.values);
      } else {
        // Empty: it ends where the one before did.
        code.store(Memory.i32Store, value, i32Load(value, place.values), place.values + 4);
      }
    };
    if (location === undefined) absent();
    else if (location.isOptional) code.when(ltS(location.position.base, int(0)), absent);
  }
}
