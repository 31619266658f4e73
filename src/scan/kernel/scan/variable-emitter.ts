/**
 * Values of any length: texts, codes of texts, rendered fields, lists. They may find the chunk's region or the dictionary full:
 * the function then answers so before anything of the row counts, and the record is read again with more room.
 */

import type { FieldClass } from "../../../ctf/trace-class.ts";
import type { Code, Expression } from "../../../wasm/code.ts";
import {
  add,
  eq,
  eqz,
  gtU,
  i32Load,
  int,
  ltS,
  mul,
  or,
  sub,
  tee,
} from "../../../wasm/expression.ts";
import { Memory, ValueType } from "../../../wasm/opcodes.ts";
import { type Place, Slot } from "../memory/chunk.ts";
import { type KernelColumn, widthOf } from "../memory/columns.ts";
import { codeOfText } from "../memory/dictionary-code.ts";
import { State } from "../memory/memory.ts";
import { renderMachine } from "../text/render-machine.ts";
import type { FieldReader } from "./field-reader.ts";
import { copyText } from "./helpers.ts";
import type { Location } from "./position.ts";
import { type RecordLocals, type RowEmitter, STORES } from "./row-emitter.ts";
import { Status } from "./status.ts";
import type { Unit } from "./unit.ts";

const { i32 } = ValueType;

export class VariableEmitter {
  readonly #unit: Unit;
  readonly #code: Code;
  readonly #reader: FieldReader;
  readonly #row: RowEmitter;
  readonly #locals: RecordLocals;
  readonly #renderers: ReadonlyMap<number, number>;

  /** @param renderers functions that render, by the constant that names their program; the machine renders what has none */
  constructor(
    unit: Unit,
    code: Code,
    reader: FieldReader,
    row: RowEmitter,
    locals: RecordLocals,
    renderers: ReadonlyMap<number, number>,
  ) {
    this.#unit = unit;
    this.#code = code;
    this.#reader = reader;
    this.#row = row;
    this.#locals = locals;
    this.#renderers = renderers;
  }

  dictionary(place: Place, location: Location): void {
    const code = this.#code;
    const value = code.local(i32);
    const dictionary = i32Load(this.#locals.chunk, place.slot + Slot.dictionary);
    const text = this.#reader.address(location.position);
    const found = this.#unit.call(codeOfText, dictionary, text, this.#reader.length(location));
    code.when(ltS(tee(value, found), int(0)), () => code.answer(int(Status.dictionaryFull)));
    code.store(Memory.i32Store, this.#row.value(4), value, place.values);
  }

  utf8(place: Place, location: Location): void {
    const code = this.#code;
    const { chunk } = this.#locals;
    const length = code.local(i32);
    const end = code.local(i32);
    const start = code.local(i32);
    code.assign(length, this.#reader.length(location));
    const from = tee(start, i32Load(this.#row.value(4), place.values));
    this.#fullIfBeyond(place, tee(end, add(from, length)));
    const seen = place.slot + Slot.seen;
    const target = add(i32Load(chunk, place.slot + Slot.text), start);
    const source = this.#reader.address(location.position);
    const copied = this.#unit.call(copyText, target, source, length);
    code.store(Memory.i32Store, chunk, or(i32Load(chunk, seen), copied), seen);
    code.store(Memory.i32Store, this.#row.value(4), end, place.values + 4);
  }

  /** Runs the class's render program at a field, or at the record's beginning. */
  render(place: Place, constant: number, location: Location | undefined): void {
    const code = this.#code;
    const { chunk, input, start } = this.#locals;
    const base = code.local(i32);
    const end = code.local(i32);
    code.assign(base, i32Load(chunk, place.slot + Slot.text));
    const rendered: Expression = (code) => {
      code.push(this.#row.constant(constant)).get(input);
      code.push(location === undefined ? start : this.#reader.bit(location.position));
      code.push(add(base, i32Load(this.#row.value(4), place.values)));
      code.push(add(base, i32Load(chunk, place.slot + Slot.textCapacity)));
      return code.call(this.#renderers.get(constant) ?? this.#unit.helper(renderMachine));
    };
    code.when(eq(tee(end, rendered), int(-1)), () => this.#full(place));
    code.store(Memory.i32Store, this.#row.value(4), sub(end, base), place.values + 4);
  }

  /** Offsets count elements, the capacity bytes. */
  list(
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
    code.assign(count, this.#reader.length(location));
    const from = tee(first, i32Load(this.#row.value(4), place.values));
    // A record's elements are fewer than its bits, so that neither sum nor product wraps.
    this.#fullIfBeyond(place, mul(tee(end, add(from, count)), int(width)));
    const text = i32Load(chunk, place.slot + Slot.text);
    code.assign(out, add(text, mul(first, int(width))));
    code.assign(bit, this.#reader.bit(location.position));
    const stride = Math.ceil(element.size / element.align) * element.align;
    code.until(eqz(count), () => {
      code.get(out);
      const position = this.#reader.positionAt(code, bit, location, stride);
      code.push(this.#row.number(column.number, element, position));
      code.memory(STORES[column.number]);
      code.increase(bit, stride);
      code.increase(out, width);
      code.assign(count, sub(count, int(1)));
    });
    code.store(Memory.i32Store, this.#row.value(4), end, place.values + 4);
  }

  /** Leaves with `full` if an end, in bytes, is beyond the texts' capacity. */
  #fullIfBeyond(place: Place, end: Expression): void {
    const capacity = i32Load(this.#locals.chunk, place.slot + Slot.textCapacity);
    this.#code.when(gtU(end, capacity), () => this.#full(place));
  }

  /** Leaves with `full`, and says which column is. */
  #full({ slot }: Place): void {
    this.#code.store(Memory.i32Store, this.#unit.state, int(slot), State.fullSlot);
    this.#code.answer(int(Status.full));
  }
}
