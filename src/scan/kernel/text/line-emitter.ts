/**
 * Runs of rows → finished lines: a merge's rows are written as text straight from their chunks.
 *
 * Names are written from tables that JavaScript fills: for each code of a dictionary 0 i32 address · 4 i32 length · 8 i32
 * width. Cell `i` of the parts: 0 i32 address of the table, or the width that the part has grown to.
 */

import type { NumberType } from "../../../column/column.ts";
import type { Code, Local } from "../../../wasm/code.ts";
import { Memory, Op, ValueType } from "../../../wasm/opcodes.ts";
import type { LineFormat, LinePart, NumberColumn } from "../../line-format.ts";
import { type ChunkLayout, type Place, Slot } from "../memory/chunk.ts";
import { type KernelColumn, widthOf } from "../memory/columns.ts";
import { MERGED_CODES } from "../memory/dictionary.ts";
import { State } from "../memory/memory.ts";
import { RUN_BYTES } from "../order/merge-emitter.ts";
import type { Unit } from "../scan/unit.ts";
import { copyLiteral, decimalLength, writeDecimal, writeNine } from "./text-helpers.ts";

const { i32, i64 } = ValueType;

export const NAME_BYTES = 12;
export const CELL_BYTES = 8;
/** Of a cell: the table's address, and the width so far. */
export const Cell = { table: 0, width: 4 } as const;

const BLANKS = 0x2020_2020_2020_2020n;
const SECOND = 1_000_000_000n;

/** (runs, count, out) → address behind the lines. */
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
  readonly #runs: Local = 0;
  readonly #count: Local = 1;
  readonly #out: Local = 2;
  readonly #chunk: Local;
  readonly #row: Local;
  readonly #end: Local;
  readonly #time: Local;
  readonly #second: Local;
  readonly #nanoseconds: Local;
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
    this.#second = code.local(i64);
    this.#nanoseconds = code.local(i32);
    this.#value = code.local(i64);
    this.#entry = code.local(i32);
    this.#length = code.local(i32);
    this.#lineStart = code.local(i32);
  }

  emit(): Uint8Array {
    const code = this.#code;
    code.block((done) => {
      code.loop((again) => {
        code.get(this.#count).op(Op.i32Eqz).brIf(done);
        code.get(this.#runs).memory(Memory.i32Load).set(this.#chunk);
        code.get(this.#runs).memory(Memory.i32Load, 4).tee(this.#row);
        code.get(this.#runs).memory(Memory.i32Load, 8).op(Op.i32Add).set(this.#end);
        code.loop((next) => {
          this.#line();
          code.get(this.#row).i32(1).op(Op.i32Add).tee(this.#row).get(this.#end).op(Op.i32LtU);
          code.if(() => code.br(next));
        });
        code.get(this.#runs).i32(RUN_BYTES).op(Op.i32Add).set(this.#runs);
        code.get(this.#count).i32(1).op(Op.i32Sub).set(this.#count).br(again);
      });
    });
    return code.get(this.#out).body();
  }

  #line(): void {
    const code = this.#code;
    code.get(this.#chunk).get(this.#row).i32(3).op(Op.i32Shl, Op.i32Add);
    code.memory(Memory.i64Load, this.#layout.timestamps).set(this.#time);
    if (this.#format.trims) code.get(this.#out).set(this.#lineStart);
    const { parts, timeParts, timeColumn, noTime } = this.#format;
    const write = (from: number, to: number): void => {
      for (let i = from; i < to; i++) this.#part(parts[i]!, this.#cells + i * CELL_BYTES);
    };
    const timed = (): void => {
      write(0, timeParts);
      const { state } = this.#unit;
      code.i32(state).get(this.#time).memory(Memory.i64Store, State.lineTime);
      code.i32(state).i32(1).memory(Memory.i32Store, State.hasLineTime);
    };
    if (timeColumn === undefined) {
      timed();
    } else {
      this.#pushIsPresent(this.#layout.places[timeColumn]!);
      code.if(timed, () => this.#literal(noTime));
    }
    write(timeParts, parts.length);
    if (this.#format.trims) this.#trim();
    code.get(this.#out).i32(10).memory(Memory.i32Store8);
    this.#step(1);
  }

  #part(part: LinePart, cell: number): void {
    switch (part.kind) {
      case "literal":
        this.#literal(part.bytes);
        break;
      case "time":
        this.#timeOfDay();
        break;
      case "delta":
        this.#delta();
        break;
      case "number":
        this.#number(part);
        break;
      case "name":
        this.#name(part, cell);
        break;
      case "text":
        this.#text(this.#layout.places[part.column]!, part.isRaw);
        break;
    }
  }

  #literal(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const code = this.#code;
    if (bytes.length === 1) {
      code.get(this.#out).i32(bytes[0]!).memory(Memory.i32Store8);
      this.#step(1);
      return;
    }
    code.get(this.#out).i32(this.#unit.literal(bytes)).i32(bytes.length);
    code.call(this.#unit.helper(copyLiteral)).set(this.#out);
  }

  /** Seconds are rounded down. The part down to the second is made by the host once a second. */
  #timeOfDay(): void {
    const code = this.#code;
    const { state } = this.#unit;
    code.get(this.#time).i64(SECOND).op(Op.i64DivS).set(this.#second);
    code.get(this.#time).get(this.#second).i64(SECOND).op(Op.i64Mul, Op.i64Sub, Op.i32WrapI64);
    code.tee(this.#nanoseconds).i32(0).op(Op.i32LtS);
    code.if(() => {
      code.get(this.#nanoseconds).i32(Number(SECOND)).op(Op.i32Add).set(this.#nanoseconds);
      code.get(this.#second).i64(1n).op(Op.i64Sub).set(this.#second);
    });
    code.get(this.#second).i32(state).memory(Memory.i64Load, State.clockSecond).op(Op.i64Ne);
    code.if(() => {
      code.i32(state).get(this.#second).memory(Memory.i64Store, State.clockSecond);
      code
        .get(this.#second)
        .op(Op.f64ConvertI64S)
        .i32(state + State.clockText);
      code.call(this.#unit.clockFunction);
    });
    code.get(this.#out).i32(state).memory(Memory.i64Load, State.clockText);
    code.memory(Memory.i64Store);
    code.get(this.#out).i32(46).memory(Memory.i32Store8, 8);
    code.get(this.#out).i32(9).op(Op.i32Add).get(this.#nanoseconds);
    code.call(this.#unit.helper(writeNine)).set(this.#out);
  }

  #delta(): void {
    const code = this.#code;
    const { state } = this.#unit;
    const unknown = this.#unit.literal(new TextEncoder().encode("?.?????????"));
    code.i32(state).memory(Memory.i32Load, State.hasLineTime).op(Op.i32Eqz);
    code.if(
      () => {
        code.get(this.#out).i32(unknown).i32(11).call(this.#unit.helper(copyLiteral));
        code.set(this.#out);
      },
      () => {
        code.i32(state).memory(Memory.i64Load, State.lineTime).set(this.#value);
        // A late row is older than the one before it: no time has passed.
        code.get(this.#time).get(this.#value).op(Op.i64Sub).i64(0n);
        code.get(this.#time).get(this.#value).op(Op.i64GeS, Op.select).set(this.#value);
        code.get(this.#out).get(this.#value).i64(SECOND).op(Op.i64DivU).tee(this.#second).i32(0);
        code.call(this.#unit.helper(writeDecimal)).tee(this.#out).i32(46).memory(Memory.i32Store8);
        code.get(this.#out).i32(1).op(Op.i32Add);
        code.get(this.#value).get(this.#second).i64(SECOND).op(Op.i64Mul, Op.i64Sub);
        code.op(Op.i32WrapI64).call(this.#unit.helper(writeNine)).set(this.#out);
      },
    );
  }

  #number(part: LinePart & { kind: "number" }): void {
    const code = this.#code;
    const write = ({ column, width, after }: NumberColumn, number: NumberType): void => {
      const signed = number.startsWith("uint") ? 0 : 1;
      this.#literal(part.before);
      this.#pushAddress(widthOf(number));
      code.memory(LOADS[number]!, this.#layout.places[column]!.values).set(this.#value);
      if (width > 0) {
        code.i32(width).get(this.#value).i32(signed).call(this.#unit.helper(decimalLength));
        code.op(Op.i32Sub).set(this.#length);
        this.#blanks(16);
      }
      code.get(this.#out).get(this.#value).i32(signed);
      code.call(this.#unit.helper(writeDecimal)).set(this.#out);
      this.#literal(after);
    };
    const first = (columns: readonly NumberColumn[]): void => {
      const [one, ...others] = columns;
      const column = one?.column;
      const kernelColumn = column === undefined ? undefined : this.#columns[column];
      if (one === undefined || column === undefined || kernelColumn === undefined) {
        this.#literal(part.absent);
        return;
      }
      if (kernelColumn.kind !== "number" || LOADS[kernelColumn.number] === undefined) {
        first(others);
        return;
      }
      this.#pushIsPresent(this.#layout.places[column]!);
      code.if(
        () => write(one, kernelColumn.number),
        () => first(others),
      );
    };
    first(part.columns);
  }

  #name(part: LinePart & { kind: "name" }, cell: number): void {
    const code = this.#code;
    const place = this.#layout.places[part.column]!;
    this.#pushIsPresent(place);
    code.if(
      () => {
        code.i32(cell).memory(Memory.i32Load, Cell.table);
        this.#pushCode(this.#columns[part.column]!, place);
        code.i32(NAME_BYTES).op(Op.i32Mul, Op.i32Add).set(this.#entry);
        code.get(this.#out).get(this.#entry).memory(Memory.i32Load);
        code.get(this.#entry).memory(Memory.i32Load, 4).call(this.#unit.helper(copyLiteral));
        code.set(this.#out);
        if (part.align !== undefined) this.#align(part.align.width.most, cell);
      },
      () => this.#literal(part.absent),
    );
  }

  /** The width grows to the entry's, but not beyond the most; then blanks. */
  #align(most: number, cell: number): void {
    const code = this.#code;
    const width = this.#length;
    code.get(this.#entry).memory(Memory.i32Load, 8).tee(width).i32(most);
    code.get(width).i32(most).op(Op.i32LtU, Op.select).tee(width);
    code.i32(cell).memory(Memory.i32Load, Cell.width).op(Op.i32GtU);
    code.if(() => code.i32(cell).get(width).memory(Memory.i32Store, Cell.width));
    code.i32(cell).memory(Memory.i32Load, Cell.width);
    code.get(this.#entry).memory(Memory.i32Load, 8).op(Op.i32Sub).set(this.#length);
    this.#blanks(64);
  }

  /** Writes `length` blanks, at most so many; none if it is not above 0. */
  #blanks(most: number): void {
    const code = this.#code;
    code.get(this.#length).i32(0).op(Op.i32GtS);
    code.if(() => {
      for (let i = 0; i < most; i += 8) code.get(this.#out).i64(BLANKS).memory(Memory.i64Store, i);
      code.get(this.#out).get(this.#length).op(Op.i32Add).set(this.#out);
    });
  }

  /** Bytes beyond ASCII are the host's to look at, all others were made safe when they were rendered. */
  #text({ values, slot }: Place, isRaw: boolean): void {
    const code = this.#code;
    this.#pushAddress(4);
    code.memory(Memory.i32Load, values).set(this.#entry);
    this.#pushAddress(4);
    code
      .memory(Memory.i32Load, values + 4)
      .get(this.#entry)
      .op(Op.i32Sub)
      .tee(this.#length);
    code.if(() => {
      code.get(this.#chunk).memory(Memory.i32Load, slot + Slot.text);
      code.get(this.#entry).op(Op.i32Add).set(this.#entry);
      const copy = (): void => {
        code.get(this.#out).get(this.#entry).get(this.#length);
        code.call(this.#unit.helper(copyLiteral)).set(this.#out);
      };
      if (isRaw) {
        copy();
        return;
      }
      code.get(this.#chunk).memory(Memory.i32Load, slot + Slot.seen);
      code.if(() => {
        code.get(this.#entry).get(this.#length).get(this.#out).call(this.#unit.visibleFunction);
        code.set(this.#out);
      }, copy);
    });
  }

  #trim(): void {
    const code = this.#code;
    code.block((done) => {
      code.loop((again) => {
        code.get(this.#out).get(this.#lineStart).op(Op.i32Eq).brIf(done);
        code.get(this.#out).i32(1).op(Op.i32Sub).memory(Memory.i32Load8U);
        code.i32(32).op(Op.i32Ne).brIf(done);
        code.get(this.#out).i32(1).op(Op.i32Sub).set(this.#out).br(again);
      });
    });
  }

  #pushCode(column: KernelColumn, { values, slot }: Place): void {
    const code = this.#code;
    if (column.kind === "dictionary")
      code.get(this.#chunk).memory(Memory.i32Load, slot + Slot.dictionary);
    this.#pushAddress(4);
    code.memory(Memory.i32Load, values);
    if (column.kind === "dictionary")
      code.i32(2).op(Op.i32Shl, Op.i32Add).memory(Memory.i32Load, MERGED_CODES);
  }

  #pushIsPresent({ slot, validity }: Place): void {
    const code = this.#code;
    code.get(this.#chunk).memory(Memory.i32Load, slot + Slot.nulls);
    code.if(
      () => {
        code.get(this.#chunk).get(this.#row).i32(3).op(Op.i32ShrU, Op.i32Add);
        code.memory(Memory.i32Load8U, validity);
        code.get(this.#row).i32(7).op(Op.i32And, Op.i32ShrU).i32(1).op(Op.i32And);
      },
      () => code.i32(1),
      i32,
    );
  }

  /** Puts `chunk + row * width` on the stack. */
  #pushAddress(width: 1 | 2 | 4 | 8): void {
    const code = this.#code;
    code.get(this.#chunk).get(this.#row);
    if (width > 1) code.i32(Math.log2(width)).op(Op.i32Shl);
    code.op(Op.i32Add);
  }

  #step(bytes: number): void {
    this.#code.get(this.#out).i32(bytes).op(Op.i32Add).set(this.#out);
  }
}

/** Number types that lines can show, as i64. */
const LOADS: Readonly<Partial<Record<NumberType, Memory>>> = {
  int8: Memory.i64Load8S,
  uint8: Memory.i64Load8U,
  int16: Memory.i64Load16S,
  uint16: Memory.i64Load16U,
  int32: Memory.i64Load32S,
  uint32: Memory.i64Load32U,
  int64: Memory.i64Load,
  uint64: Memory.i64Load,
};

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
  }
}
