/** Cells of JSON and CSV: values as they stand in their columns → what the formats write of them. */

import type { NumberType } from "../../../column/column.ts";
import type { Code, Expression, Local } from "../../../wasm/code.ts";
import { add, eqz, i32Load, int, sub } from "../../../wasm/expression.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import type { LinePart } from "../../line-format.ts";
import { type ChunkLayout, type Place, Slot } from "../memory/chunk.ts";
import { type KernelColumn, widthOf } from "../memory/columns.ts";
import type { Unit } from "../scan/unit.ts";
import { isAscii, isPlainInJson, writeCsvField } from "./cell-helpers.ts";
import type { LineTimeEmitter } from "./line-time-emitter.ts";
import { TextForm } from "./render-host.ts";
import type { RowPlaces } from "./row-places.ts";
import {
  copyLiteral,
  JSON_STYLE,
  TEXT_STYLE,
  writeDecimal,
  writeFloat,
  writeJsonInteger,
} from "./text-helpers.ts";

const { i32 } = ValueType;

const QUOTE = 34;

export type CellPart = LinePart & { readonly kind: "cell" };

/** Integers of number types as i64. */
export const INTEGER_LOADS: Readonly<Partial<Record<NumberType, Memory>>> = {
  int8: Memory.i64Load8S,
  uint8: Memory.i64Load8U,
  int16: Memory.i64Load16S,
  uint16: Memory.i64Load16U,
  int32: Memory.i64Load32S,
  uint32: Memory.i64Load32U,
  int64: Memory.i64Load,
  uint64: Memory.i64Load,
};

/** Whether a column's values can be written as cells. */
export function hasCells(column: KernelColumn | undefined): boolean {
  switch (column?.kind) {
    case "timestamp":
    case "number":
    case "utf8":
    case "null":
      return true;
    case "rendered":
      // babeltrace2's lines pass bytes as they are, valid or not.
      return column.style !== "babeltrace";
    default:
      return false;
  }
}

export class CellEmitter {
  readonly #unit: Unit;
  readonly #code: Code;
  readonly #out: Local;
  readonly #rows: RowPlaces;
  readonly #layout: ChunkLayout;
  readonly #columns: readonly KernelColumn[];
  readonly #times: LineTimeEmitter;
  readonly #text: Local;
  readonly #length: Local;

  /** @param out local that holds the address of the next character */
  constructor(
    unit: Unit,
    code: Code,
    out: Local,
    rows: RowPlaces,
    layout: ChunkLayout,
    columns: readonly KernelColumn[],
    times: LineTimeEmitter,
  ) {
    this.#unit = unit;
    this.#code = code;
    this.#out = out;
    this.#rows = rows;
    this.#layout = layout;
    this.#columns = columns;
    this.#times = times;
    this.#text = code.local(i32);
    this.#length = code.local(i32);
  }

  emit(part: CellPart): void {
    const column = this.#columns[part.column];
    const place = this.#layout.places[part.column];
    if (column === undefined || place === undefined || column.kind === "null") return;
    this.#code.when(this.#rows.isPresent(place), () => {
      this.#literal(part.before);
      this.#value(part, column, place);
    });
  }

  #value(part: CellPart, column: KernelColumn, place: Place): void {
    switch (column.kind) {
      case "timestamp":
        this.#quoted(part.dialect === "json", () => this.#times.iso());
        break;
      case "number":
        if (column.number === "float32" || column.number === "float64")
          this.#float(part, column.number, place);
        else this.#integer(part, column.number, place);
        break;
      case "utf8":
      case "rendered":
        this.#findText(place);
        if (part.dialect === "csv") this.#csv(place);
        else if (part.isJson) this.#json(place);
        else this.#jsonString();
        break;
    }
  }

  #integer({ dialect }: CellPart, number: NumberType, { values }: Place): void {
    const code = this.#code;
    const isSigned = number.startsWith("uint") ? 0 : 1;
    // All of 32 bits are exact in JSON.
    const isLarge = dialect === "json" && widthOf(number) === 8;
    const value: Expression = (code) =>
      code.push(this.#rows.address(widthOf(number))).memory(INTEGER_LOADS[number]!, values);
    const write = isLarge ? writeJsonInteger : writeDecimal;
    code.assign(this.#out, this.#unit.call(write, this.#out, value, int(isSigned)));
  }

  /** Digits of a binary32 are those of the same binary64: columns are numbers of JavaScript. */
  #float({ dialect }: CellPart, number: "float32" | "float64", { values }: Place): void {
    const value: Expression = (code) => {
      code.push(this.#rows.address(widthOf(number)));
      return number === "float64"
        ? code.memory(Memory.f64Load, values)
        : code.memory(Memory.f32Load, values).op(Op.f64PromoteF32);
    };
    const style = dialect === "json" ? JSON_STYLE : TEXT_STYLE;
    const written = this.#unit.call(writeFloat, value, int(64), int(style), this.#out);
    this.#code.assign(this.#out, written);
  }

  #findText({ values, slot }: Place): void {
    const code = this.#code;
    const from = i32Load(this.#rows.address(4), values);
    code.assign(this.#text, from);
    code.assign(this.#length, sub(i32Load(this.#rows.address(4), values + 4), this.#text));
    code.assign(this.#text, add(i32Load(this.#rows.chunk, slot + Slot.text), this.#text));
  }

  /** JSON text as it stands. */
  #json(place: Place): void {
    this.#code.when(
      this.#mayBeInvalid(place),
      () => this.#byHost(TextForm.plain),
      () => this.#copy(),
    );
  }

  #jsonString(): void {
    this.#code.when(
      this.#unit.call(isPlainInJson, this.#text, this.#length),
      () => this.#quoted(true, () => this.#copy()),
      () => this.#byHost(TextForm.json),
    );
  }

  #csv(place: Place): void {
    this.#code.when(
      this.#mayBeInvalid(place),
      () => this.#byHost(TextForm.csv),
      () => {
        const written = this.#unit.call(writeCsvField, this.#out, this.#text, this.#length);
        this.#code.assign(this.#out, written);
      },
    );
  }

  /** Whether bytes beyond ASCII are among the text's, which the host must look at. */
  #mayBeInvalid({ slot }: Place): Expression {
    return (code) => {
      code.push(i32Load(this.#rows.chunk, slot + Slot.seen));
      return code.if(
        () => code.push(eqz(this.#unit.call(isAscii, this.#text, this.#length))),
        () => code.i32(0),
        i32,
      );
    };
  }

  #byHost(form: number): void {
    this.#code.get(this.#text).get(this.#length).i32(form).get(this.#out);
    this.#code.call(this.#unit.textFunction).set(this.#out);
  }

  #copy(): void {
    const written = this.#unit.call(copyLiteral, this.#out, this.#text, this.#length);
    this.#code.assign(this.#out, written);
  }

  #literal(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const from = this.#unit.literal(bytes);
    const written = this.#unit.call(copyLiteral, this.#out, from, int(bytes.length));
    this.#code.assign(this.#out, written);
  }

  #quoted(isQuoted: boolean, write: () => void): void {
    const quote = (): void => {
      if (!isQuoted) return;
      this.#code.store(Memory.i32Store8, this.#out, int(QUOTE));
      this.#code.increase(this.#out, 1);
    };
    quote();
    write();
    quote();
  }
}
