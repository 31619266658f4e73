/**
 * Filters over rows. A row is laid out as the record of an event class that has the columns as its fields, so that the
 * filter's own linker and interpreter decide: a condition means the same behind a table as on events.
 */

import type { Column, ColumnBatch, ColumnType } from "../../column/column.ts";
import { halvesOf, isWide } from "../../column/halves.ts";
import { isPresent } from "../../column/row-reader.ts";
import type { ColumnLayout, Schema } from "../../column/schema.ts";
import { TextMemo } from "../../column/text-memo.ts";
import type {
  EventClass,
  FieldClass,
  Member,
  OptionalClass,
  StreamClass,
  StructureClass,
  TraceClass,
} from "../../ctf/trace-class.ts";
import type { LinkedProgram, Program } from "../../filter/bytecode.ts";
import { FilterInterpreter } from "../../filter/interpret.ts";
import { link } from "../../filter/link.ts";
import type { RecordView } from "../../filter/record-view.ts";

/** The field that stands for a column. */
export function fieldName(column: number): string {
  return `column_${column}`;
}

/** Bytes of a number in the record. */
const NUMBER_BYTES = 8;

export class RowCondition {
  readonly #program: LinkedProgram;
  readonly #interpreter: FilterInterpreter;
  /** The columns that the program reads. */
  readonly #columns: readonly number[];
  readonly #view: { -readonly [name in keyof RecordView]: RecordView[name] };
  #numbers: DataView;
  /** Of the batch that is looked at: 64-bit columns in halves. */
  #halves: readonly (Int32Array | undefined)[] = [];
  readonly #texts = new TextMemo((text) => encoder.encode(text));

  /** @param program whose references are `fieldName`s */
  constructor(program: Program, schema: Schema) {
    this.#program = link(program, environmentOf(schema));
    this.#interpreter = new FilterInterpreter(this.#program);
    this.#columns = this.#program.fields.map(({ path }) => columnAt(path, schema));
    const count = this.#columns.length;
    const bytes = new Uint8Array(Math.max(64, count * NUMBER_BYTES));
    this.#numbers = new DataView(bytes.buffer);
    this.#view = {
      bytes,
      bitOffsets: new Int32Array(count),
      lengths: new Int32Array(count),
      timeHi: 0,
      timeLo: 0,
    };
  }

  /** Why no row can match; `undefined` if one may. */
  get never(): string | undefined {
    return this.#program.verdict === "never" ? this.#program.reason : undefined;
  }

  /** The rows that match, in their order. */
  rows(batch: ColumnBatch): Int32Array {
    const rows = new Int32Array(batch.rows);
    this.#halves = this.#columns.map((at) => wideHalves(batch.columns[at]!));
    let count = 0;
    for (let row = 0; row < batch.rows; row++) if (this.#holds(batch, row)) rows[count++] = row;
    return rows.subarray(0, count);
  }

  /** A column of 1 where a row matches, else 0. */
  mask(batch: ColumnBatch): Column {
    const values = new Uint8Array(batch.rows);
    for (const row of this.rows(batch)) values[row] = 1;
    return { kind: "number", values, validity: undefined, nullCount: 0 };
  }

  #holds(batch: ColumnBatch, row: number): boolean {
    if (this.#program.verdict !== "evaluate") return this.#program.verdict === "always";
    const view = this.#view;
    let end = this.#columns.length * NUMBER_BYTES;
    for (let i = 0; i < this.#columns.length; i++) {
      const column = batch.columns[this.#columns[i]!]!;
      if (!isPresent(column, row) || column.kind === "null") {
        view.bitOffsets[i] = -1;
      } else if (column.kind === "number") {
        view.bitOffsets[i] = i * NUMBER_BYTES * 8;
        this.#setNumber(column, this.#halves[i], row, i * NUMBER_BYTES);
      } else {
        const text = this.#text(column, row);
        view.bitOffsets[i] = end * 8;
        // What a tracer sees of a text ends at its first NUL.
        const nul = text.indexOf(0);
        view.lengths[i] = nul === -1 ? text.length : nul;
        end = this.#setText(text, end);
      }
    }
    return this.#interpreter.matches(view);
  }

  #setNumber(
    { values }: Column & { kind: "number" },
    halves: Int32Array | undefined,
    row: number,
    at: number,
  ): void {
    const numbers = this.#numbers;
    if (halves !== undefined) {
      numbers.setInt32(at, halves[row * 2]!, true);
      numbers.setInt32(at + 4, halves[row * 2 + 1]!, true);
    } else if (values instanceof Float64Array || values instanceof Float32Array) {
      numbers.setFloat64(at, values[row]!, true);
    } else {
      const value = Number(values[row]);
      numbers.setInt32(at, value | 0, true);
      numbers.setInt32(at + 4, value < 0 ? -1 : 0, true);
    }
  }

  #text(column: Column, row: number): Uint8Array {
    if (column.kind === "utf8")
      return column.bytes.subarray(column.offsets[row], column.offsets[row + 1]);
    if (column.kind !== "dictionary" || column.dictionary.size === 0) return NO_TEXT;
    return this.#texts.of(column.dictionary, column.codes[row]!);
  }

  /** Puts a text into the record; where it ends. */
  #setText(text: Uint8Array, at: number): number {
    const view = this.#view;
    const end = at + text.length;
    if (end > view.bytes.length) {
      const larger = new Uint8Array(end * 2);
      larger.set(view.bytes);
      view.bytes = larger;
      this.#numbers = new DataView(larger.buffer);
    }
    view.bytes.set(text, at);
    return end;
  }
}

function wideHalves(column: Column): Int32Array | undefined {
  return column.kind === "number" && isWide(column.values) ? halvesOf(column.values) : undefined;
}

const NO_TEXT = new Uint8Array(0);
const encoder = new TextEncoder();

function columnAt(path: readonly number[], schema: Schema): number {
  const members = membersOf(schema);
  return members[path[0]!]!.column;
}

/** The columns that a filter can look into, as members of a structure. */
function membersOf(schema: Schema): readonly (Member & { readonly column: number })[] {
  return schema.flatMap((layout, column) => {
    const fieldClass = fieldClassOf(layout);
    return fieldClass === undefined ? [] : [{ name: fieldName(column), fieldClass, column }];
  });
}

/** Rows may lack a value, as records may lack an optional field. */
function fieldClassOf({ type }: ColumnLayout): OptionalClass | undefined {
  const fieldClass = valueClassOf(type);
  if (fieldClass === undefined) return undefined;
  return {
    kind: "optional",
    align: 1,
    selectorSlot: 0,
    selectorSigned: false,
    ranges: [],
    fieldClass,
  };
}

function valueClassOf(type: ColumnType): FieldClass | undefined {
  switch (type.kind) {
    case "timestamp":
      return integerClass(true);
    case "number":
      if (type.number.startsWith("float")) return FLOAT;
      return integerClass(type.number !== "uint64");
    case "dictionary":
    case "utf8":
      return { kind: "text", align: 8, encoding: "utf-8", length: { kind: "static", count: 0 } };
    // A column without a type has no value: of any type.
    case "null":
      return integerClass(true);
    case "list":
      return undefined;
  }
}

const FLOAT: FieldClass = {
  kind: "float",
  coding: "plain",
  size: 64,
  align: 8,
  byteOrder: "little-endian",
};

function integerClass(isSigned: boolean): FieldClass {
  return {
    kind: "integer",
    coding: "plain",
    form: "number",
    size: 64,
    align: 8,
    signed: isSigned,
    byteOrder: "little-endian",
    base: 10,
    mappings: undefined,
    roles: [],
    isClock: false,
    slot: undefined,
  };
}

/** What a filter over rows is linked to. */
function environmentOf(schema: Schema): {
  readonly traceClass: TraceClass;
  readonly streamClass: StreamClass;
  readonly eventClass: EventClass;
} {
  const payload: StructureClass = { kind: "structure", align: 8, members: membersOf(schema) };
  const eventClass: EventClass = {
    id: 0,
    name: "row",
    logLevel: undefined,
    specificContext: undefined,
    payload,
  };
  const streamClass: StreamClass = {
    id: 0,
    clock: undefined,
    packetContext: undefined,
    eventHeader: undefined,
    commonContext: undefined,
    eventClasses: new Map([[0, eventClass]]),
  };
  const traceClass: TraceClass = {
    version: 0,
    format: "CTF 2",
    uuid: undefined,
    environment: new Map(),
    clocks: new Map(),
    packetHeader: undefined,
    streamClasses: new Map([[0, streamClass]]),
    slotCount: 0,
  };
  return { traceClass, streamClass, eventClass };
}
