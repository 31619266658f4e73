/**
 * Runs of rows → finished lines: a merge's rows are written as text straight from their chunks.
 *
 * Names are written from tables that JavaScript fills: for each code of a dictionary 0 i32 address · 4 i32 length · 8 i32
 * width. Cell `i` of the parts: 0 i32 address of the table, or the width that the part has grown to.
 */

import type { NumberType } from "../../../column/column.ts";
import type { Code, Expression, Local } from "../../../wasm/code.ts";
import {
  add,
  elementAt,
  eq,
  eqz,
  gtS,
  gtU,
  i32Load,
  i32Load8U,
  i64Load,
  int,
  long,
  ltU,
  minU,
  mul,
  ne,
  sub,
  tee,
} from "../../../wasm/expression.ts";
import { Memory, ValueType } from "../../../wasm/opcodes.ts";
import type { LineFormat, LinePart, NumberColumn } from "../../line-format.ts";
import { type ChunkLayout, type Place, Slot } from "../memory/chunk.ts";
import { type KernelColumn, widthOf } from "../memory/columns.ts";
import { MERGED_CODES } from "../memory/dictionary.ts";
import { State } from "../memory/memory.ts";
import { RUN_BYTES, Run } from "../order/merge-emitter.ts";
import type { Unit } from "../scan/unit.ts";
import { CellEmitter, INTEGER_LOADS } from "./cell-emitter.ts";
import { LineTimeEmitter } from "./line-time-emitter.ts";
import { TextForm } from "./render-host.ts";
import { RowPlaces } from "./row-places.ts";
import { copyLiteral, decimalLength, writeDecimal } from "./text-helpers.ts";

const { i32, i64 } = ValueType;

export const NAME_BYTES = 12;
/** Offsets in an entry of a table of names. */
const Name = { address: 0, length: 4, width: 8 } as const;
export const CELL_BYTES = 8;
/** Of a cell: the table's address, and the width so far. */
export const Cell = { table: 0, width: 4 } as const;

const BLANK = 32;
const BLANKS = 0x2020_2020_2020_2020n;
const NEWLINE = 10;
const OPEN = "{".charCodeAt(0);
const CLOSE = "}".charCodeAt(0);

/**
 * (runs, count, out) → address behind the lines.
 * @param cells address of the parts' cells
 */
export function emitLines(
  unit: Unit,
  format: LineFormat,
  columns: readonly KernelColumn[],
  layout: ChunkLayout,
  cells: number,
): number {
  const emitter = new LineEmitter(unit, format, columns, layout, cells);
  return unit.module.function({ parameters: [i32, i32, i32], results: [i32] }, emitter.emit());
}

class LineEmitter {
  readonly #unit: Unit;
  readonly #format: LineFormat;
  readonly #columns: readonly KernelColumn[];
  readonly #layout: ChunkLayout;
  readonly #cells: number;
  readonly #code: Code;
  readonly #times: LineTimeEmitter;
  readonly #places: RowPlaces;
  readonly #cellsOf: CellEmitter;
  readonly #runs: Local = 0;
  readonly #count: Local = 1;
  readonly #out: Local = 2;
  readonly #chunk: Local;
  readonly #row: Local;
  readonly #end: Local;
  readonly #time: Local;
  readonly #value: Local;
  readonly #entry: Local;
  readonly #length: Local;
  readonly #lineStart: Local;

  constructor(
    unit: Unit,
    format: LineFormat,
    columns: readonly KernelColumn[],
    layout: ChunkLayout,
    cells: number,
  ) {
    this.#unit = unit;
    this.#format = format;
    this.#columns = columns;
    this.#layout = layout;
    this.#cells = cells;
    const code = unit.code(3);
    this.#code = code;
    this.#chunk = code.local(i32);
    this.#row = code.local(i32);
    this.#end = code.local(i32);
    this.#time = code.local(i64);
    this.#value = code.local(i64);
    this.#entry = code.local(i32);
    this.#length = code.local(i32);
    this.#lineStart = code.local(i32);
    this.#times = new LineTimeEmitter(unit, code, this.#out, this.#time);
    this.#places = new RowPlaces(this.#chunk, this.#row);
    this.#cellsOf = new CellEmitter(
      unit,
      code,
      this.#out,
      this.#places,
      layout,
      columns,
      this.#times,
    );
  }

  emit(): Uint8Array {
    const code = this.#code;
    code.until(eqz(this.#count), () => {
      code.assign(this.#chunk, i32Load(this.#runs, Run.chunk));
      const first = tee(this.#row, i32Load(this.#runs, Run.row));
      code.assign(this.#end, add(first, i32Load(this.#runs, Run.rows)));
      code.loop((next) => {
        this.#line();
        const following = tee(this.#row, add(this.#row, int(1)));
        code.when(ltU(following, this.#end), () => code.br(next));
      });
      code.increase(this.#runs, RUN_BYTES);
      code.assign(this.#count, sub(this.#count, int(1)));
    });
    return code.get(this.#out).body();
  }

  #line(): void {
    const code = this.#code;
    code.assign(this.#time, i64Load(this.#places.address(8), this.#layout.timestamps));
    if (this.#format.trims || this.#format.isObject) code.assign(this.#lineStart, this.#out);
    const { parts, timeParts, timeColumn, noTime } = this.#format;
    const write = (from: number, to: number): void => {
      for (let i = from; i < to; i++) this.#part(parts[i]!, this.#cells + i * CELL_BYTES);
    };
    const timed = (): void => {
      write(0, timeParts);
      const { state } = this.#unit;
      code.store(Memory.i64Store, state, this.#time, State.lineTime);
      code.store(Memory.i32Store, state, int(1), State.hasLineTime);
    };
    if (timeColumn === undefined) timed();
    else
      code.when(this.#places.isPresent(this.#layout.places[timeColumn]!), timed, () =>
        this.#literal(noTime),
      );
    write(timeParts, parts.length);
    if (this.#format.trims) this.#trim();
    if (this.#format.isObject) this.#object();
    this.#byte(NEWLINE);
  }

  #part(part: LinePart, cell: number): void {
    switch (part.kind) {
      case "literal":
        this.#literal(part.bytes);
        break;
      case "time":
        this.#times.timeOfDay();
        break;
      case "delta":
        this.#times.delta();
        break;
      case "number":
        this.#firstNumber(part, part.columns);
        break;
      case "name":
        this.#name(part, cell);
        break;
      case "text":
        this.#text(this.#layout.places[part.column]!, part.isRaw);
        break;
      case "cell":
        this.#cellsOf.emit(part);
        break;
    }
  }

  #literal(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (bytes.length === 1) this.#byte(bytes[0]!);
    else this.#copy(this.#unit.literal(bytes), int(bytes.length));
  }

  #byte(value: number): void {
    this.#code.store(Memory.i32Store8, this.#out, int(value));
    this.#code.increase(this.#out, 1);
  }

  #copy(from: Expression, length: Expression): void {
    this.#code.assign(this.#out, this.#unit.call(copyLiteral, this.#out, from, length));
  }

  /** The number of the first of some columns that has one in this row. */
  #firstNumber(part: LinePart & { kind: "number" }, columns: readonly NumberColumn[]): void {
    const [one, ...others] = columns;
    const column = one?.column;
    const kernelColumn = column === undefined ? undefined : this.#columns[column];
    if (one === undefined || column === undefined || kernelColumn === undefined) {
      this.#literal(part.absent);
    } else if (kernelColumn.kind !== "number" || INTEGER_LOADS[kernelColumn.number] === undefined) {
      this.#firstNumber(part, others);
    } else {
      const { number } = kernelColumn;
      this.#code.when(
        this.#places.isPresent(this.#layout.places[column]!),
        () => this.#number(part, one, number),
        () => this.#firstNumber(part, others),
      );
    }
  }

  #number(
    part: LinePart & { kind: "number" },
    { column, width, after }: NumberColumn,
    number: NumberType,
  ): void {
    const code = this.#code;
    const signed = int(number.startsWith("uint") ? 0 : 1);
    this.#literal(part.before);
    code.push(this.#places.address(widthOf(number)));
    code.memory(INTEGER_LOADS[number]!, this.#layout.places[column]!.values).set(this.#value);
    if (width > 0) {
      const length = this.#unit.call(decimalLength, this.#value, signed);
      code.assign(this.#length, sub(int(width), length));
      this.#blanks(16);
    }
    code.assign(this.#out, this.#unit.call(writeDecimal, this.#out, this.#value, signed));
    this.#literal(after);
  }

  #name(part: LinePart & { kind: "name" }, cell: number): void {
    const code = this.#code;
    const place = this.#layout.places[part.column]!;
    const entry = this.#entry;
    code.when(
      this.#places.isPresent(place),
      () => {
        const nameCode = this.#nameCode(this.#columns[part.column]!, place);
        const table = i32Load(int(cell), Cell.table);
        code.assign(entry, add(table, mul(nameCode, int(NAME_BYTES))));
        this.#copy(i32Load(entry, Name.address), i32Load(entry, Name.length));
        if (part.align !== undefined) this.#align(part.align.width.most, cell);
      },
      () => this.#literal(part.absent),
    );
  }

  /** The code of a name in its table: for fields that of the merge's dictionary. */
  #nameCode(column: KernelColumn, { values, slot }: Place): Expression {
    const own = i32Load(this.#places.address(4), values);
    if (column.kind !== "dictionary") return own;
    const dictionary = i32Load(this.#chunk, slot + Slot.dictionary);
    return i32Load(elementAt(dictionary, own, 4), MERGED_CODES);
  }

  /** The width grows to the entry's, but not beyond the most; then blanks. */
  #align(most: number, cell: number): void {
    const code = this.#code;
    const width = this.#length;
    const own = i32Load(this.#entry, Name.width);
    code.assign(width, own);
    const known = i32Load(int(cell), Cell.width);
    code.when(gtU(tee(width, minU(width, int(most))), known), () =>
      code.store(Memory.i32Store, int(cell), width, Cell.width),
    );
    code.assign(this.#length, sub(known, own));
    this.#blanks(64);
  }

  /** Writes `length` blanks, at most so many; none if it is not above 0. */
  #blanks(most: number): void {
    const code = this.#code;
    code.when(gtS(this.#length, int(0)), () => {
      for (let i = 0; i < most; i += 8) code.store(Memory.i64Store, this.#out, long(BLANKS), i);
      code.assign(this.#out, add(this.#out, this.#length));
    });
  }

  /** Bytes beyond ASCII are the host's to look at, all others were made safe when they were rendered. */
  #text({ values, slot }: Place, isRaw: boolean): void {
    const code = this.#code;
    const [entry, length] = [this.#entry, this.#length];
    code.assign(entry, i32Load(this.#places.address(4), values));
    code.when(tee(length, sub(i32Load(this.#places.address(4), values + 4), entry)), () => {
      code.assign(entry, add(i32Load(this.#chunk, slot + Slot.text), entry));
      const copy = (): void =>
        this.#copy(
          (code) => code.get(entry),
          (code) => code.get(length),
        );
      if (isRaw) {
        copy();
        return;
      }
      code.when(
        i32Load(this.#chunk, slot + Slot.seen),
        () => {
          code.get(entry).get(length).i32(TextForm.visible).get(this.#out);
          code.call(this.#unit.textFunction).set(this.#out);
        },
        copy,
      );
    });
  }

  /** Values have a comma before them: `{` is written over the first, or stands alone. */
  #object(): void {
    const code = this.#code;
    code.when(eq(this.#out, this.#lineStart), () => code.increase(this.#out, 1));
    code.store(Memory.i32Store8, this.#lineStart, int(OPEN));
    this.#byte(CLOSE);
  }

  /** Takes blanks at the line's end away. */
  #trim(): void {
    const code = this.#code;
    code.until(eq(this.#out, this.#lineStart), (done) => {
      code.push(ne(i32Load8U(sub(this.#out, int(1))), int(BLANK))).brIf(done);
      code.assign(this.#out, sub(this.#out, int(1)));
    });
  }
}

/** Most bytes that a part can take, texts and names apart. */
export function mostBytes(part: LinePart): number {
  switch (part.kind) {
    case "literal":
      return part.bytes.length + 16;
    case "time":
      return 32;
    case "delta":
      return 48;
    case "number":
      return (
        64 +
        part.before.length +
        part.columns.reduce((most, { after }) => Math.max(most, after.length), 0) +
        part.absent.length
      );
    case "name":
      return 96 + part.absent.length;
    case "text":
      return 16;
    case "cell":
      return part.before.length + 64;
  }
}
