/** The lines of a batch under assembly, and the tables of names that they are written from. */

import type { DictionaryTexts } from "../../../column/column.ts";
import type { WasmFunction } from "../../../wasm/runtime.ts";
import type { LineFormat, LinePart } from "../../line-format.ts";
import type { Kernel } from "../kernel.ts";
import type { KernelColumn } from "../memory/columns.ts";
import { State } from "../memory/memory.ts";
import type { Unit } from "../scan/unit.ts";
import { hasCells } from "./cell-emitter.ts";
import { CELL_BYTES, Cell, emitLines, mostBytes, NAME_BYTES } from "./line-emitter.ts";

const FIRST_NAMES = 256;
const FIRST_BYTES = 1 << 21;
/** What is made safe to show takes at most so many times the bytes. */
const MOST_VISIBLE = 6;
/** Copies write up to 15 bytes behind what they copy. */
const SLACK = 64;

/** A part's names, by the codes of a dictionary. */
interface NameTable {
  readonly part: LinePart & { kind: "name" };
  readonly cell: number;
  /** Whose codes they are. */
  dictionary: DictionaryTexts | undefined;
  known: number;
  capacity: number;
  longest: number;
}

export class LineAssembly {
  readonly #kernel: Kernel;
  readonly #format: LineFormat;
  readonly #textsOf: (column: number) => DictionaryTexts;
  readonly #cells: number;
  readonly #tables: readonly NameTable[];
  readonly #rowBytes: number;
  #gather: WasmFunction | undefined;
  #address: number;
  #capacity = FIRST_BYTES;
  #length = 0;

  /** @param textsOf gives the dictionary whose codes a column's rows have once they are merged */
  constructor(kernel: Kernel, format: LineFormat, textsOf: (column: number) => DictionaryTexts) {
    const { memory } = kernel;
    this.#kernel = kernel;
    this.#format = format;
    this.#textsOf = textsOf;
    this.#cells = memory.allocate(format.parts.length * CELL_BYTES);
    this.#address = memory.allocate(FIRST_BYTES + SLACK);
    this.#rowBytes = format.parts.reduce((sum, part) => sum + mostBytes(part), 1);
    this.#tables = format.parts.flatMap((part, i) => {
      if (part.kind !== "name") return [];
      const cell = this.#cells + i * CELL_BYTES;
      memory.set(cell + Cell.table, memory.allocate(FIRST_NAMES * NAME_BYTES));
      return [{ part, cell, dictionary: undefined, known: 0, capacity: FIRST_NAMES, longest: 0 }];
    });
    // Before every time, so that the first line makes the clock's text.
    memory.set64(memory.state + State.clockSecond, -0x8000_0000, 0);
    memory.set64(memory.state + State.isoSecond, -0x8000_0000, 0);
  }

  get bytes(): number {
    return this.#length;
  }

  /** Declares the function that writes lines in a module that will be given to `use`. */
  emit(unit: Unit): number {
    const { columns, chunks } = this.#kernel;
    return emitLines(unit, this.#format, columns.columns, chunks.layout, this.#cells);
  }

  use(gather: WasmFunction): void {
    this.#gather = gather;
  }

  /** Writes the lines of some runs. @param textBytes of all text columns in their rows */
  append(runs: number, count: number, rows: number, textBytes: number): void {
    const { memory } = this.#kernel;
    let most = rows * this.#rowBytes + textBytes * MOST_VISIBLE;
    for (const table of this.#tables) {
      this.#learn(table);
      most += rows * table.longest;
      const { align } = table.part;
      if (align !== undefined) memory.set(table.cell + Cell.width, align.width.current);
    }
    this.#reserve(this.#length + most);
    const end = this.#gather!(runs, count, this.#address + this.#length) as number;
    this.#length = end - this.#address;
    for (const { part, cell } of this.#tables) {
      if (part.align !== undefined) part.align.width.current = memory.get(cell + Cell.width);
    }
  }

  /** The lines, borrowed until more are appended. */
  take(): Uint8Array {
    const lines = this.#kernel.memory.u8.subarray(this.#address, this.#address + this.#length);
    this.#length = 0;
    return lines;
  }

  #learn(table: NameTable): void {
    const { memory } = this.#kernel;
    const { part, cell } = table;
    const { align } = part;
    const texts = this.#textsOf(part.column);
    if (texts !== table.dictionary) {
      this.#forget(table);
      table.dictionary = texts;
    }
    if (texts.size > table.capacity) {
      table.capacity = Math.max(texts.size, table.capacity * 2);
      const larger = memory.allocate(table.capacity * NAME_BYTES);
      const old = memory.get(cell + Cell.table);
      memory.u8.copyWithin(larger, old, old + table.known * NAME_BYTES);
      memory.set(cell + Cell.table, larger);
    }
    for (; table.known < texts.size; table.known++) {
      const painted = part.paint(texts.text(table.known));
      const entry = memory.get(cell + Cell.table) + table.known * NAME_BYTES;
      memory.set(entry, memory.literal(painted));
      memory.set(entry + 4, painted.length);
      if (align !== undefined) memory.set(entry + 8, painted.length - align.beside);
      table.longest = Math.max(table.longest, painted.length);
    }
  }

  /** Names of a dictionary that has been renewed: their memory is for others. */
  #forget(table: NameTable): void {
    const { memory } = this.#kernel;
    const first = memory.get(table.cell + Cell.table);
    for (let i = 0; i < table.known; i++) {
      const entry = first + i * NAME_BYTES;
      memory.giveLiteral(memory.get(entry), memory.get(entry + 4));
    }
    table.known = 0;
    table.longest = 0;
  }

  /** What is there already is kept. */
  #reserve(bytes: number): void {
    if (bytes <= this.#capacity) return;
    const { memory } = this.#kernel;
    this.#capacity = Math.max(bytes, this.#capacity * 2);
    const larger = memory.allocate(this.#capacity + SLACK);
    memory.u8.copyWithin(larger, this.#address, this.#address + this.#length);
    this.#address = larger;
  }
}

/** Whether all columns that a format names can be written by code. */
export function canWriteLines(format: LineFormat, columns: readonly KernelColumn[]): boolean {
  return format.parts.every((part) => {
    switch (part.kind) {
      case "name": {
        const kind = columns[part.column]?.kind;
        return kind === "dictionary" || kind === "constant";
      }
      case "cell":
        return hasCells(columns[part.column]);
      case "text":
        return columns[part.column]?.kind === "rendered";
      case "number":
        return part.columns.every(({ column }) => {
          const one = columns[column];
          return one?.kind === "number" && !one.number.startsWith("float");
        });
      default:
        return true;
    }
  });
}
