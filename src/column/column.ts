/** The waist of the engine: columns in Arrow's physical layout, between decoder, ordering and encoder. */
import { takeValidity, type Validity, validityRange } from "./validity.ts";

export const NUMBER_TYPES = [
  "int8",
  "int16",
  "int32",
  "int64",
  "uint8",
  "uint16",
  "uint32",
  "uint64",
  "float32",
  "float64",
] as const;
export type NumberType = (typeof NUMBER_TYPES)[number];

export type ColumnType =
  | { readonly kind: "number"; readonly number: NumberType }
  /** int64 nanoseconds since the Unix epoch. */
  | { readonly kind: "timestamp" }
  /** Text fields as they are; JSON of payloads and compound fields; or, where classes differ, either beside decimals. */
  | { readonly kind: "utf8"; readonly content: "text" | "json" | "mixed" }
  /** int32 codes into a dictionary of texts. */
  | { readonly kind: "dictionary" }
  | { readonly kind: "list"; readonly element: NumberType }
  /** No value in any row: what is asked for is not declared. */
  | { readonly kind: "null" };

/** `int32`, `timestamp`, `utf8`, `json`, `dictionary`, `list<uint8>` */
export function typeName(type: ColumnType): string {
  switch (type.kind) {
    case "number":
      return type.number;
    case "utf8":
      return type.content === "json" ? "json" : "utf8";
    case "list":
      return `list<${type.element}>`;
    default:
      return type.kind;
  }
}

export type NumberArray =
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** Distinct texts by code; texts are only ever added. */
export interface DictionaryTexts {
  readonly size: number;
  text(code: number): string;
}

/** Arrays may be longer than the batch's rows need. */
export type Column = Validity &
  (
    | { readonly kind: "number"; readonly values: NumberArray }
    | { readonly kind: "utf8"; readonly offsets: Int32Array; readonly bytes: Uint8Array }
    | {
        readonly kind: "dictionary";
        readonly codes: Int32Array;
        readonly dictionary: DictionaryTexts;
      }
    | { readonly kind: "list"; readonly offsets: Int32Array; readonly values: NumberArray }
    | { readonly kind: "null" }
  );

/** Rows of one query. */
export interface ColumnBatch {
  readonly rows: number;
  /** What rows are ordered by; 0 where a row has no time. */
  readonly timestamps: BigInt64Array;
  /** In the order of the query's layout; timestamp columns refer to `timestamps` and say which rows have a time. */
  readonly columns: readonly Column[];
  /** The rows as finished lines, instead of timestamps and columns, where the query asks for lines and its store makes them. */
  readonly lines?: Uint8Array | undefined;
  /** Of totals of a query that goes on: their number; each takes the place of the one before. */
  readonly snapshot?: number | undefined;
}

/** The array that holds a number type. */
export const NUMBER_ARRAYS: Readonly<
  Record<
    NumberType,
    {
      new (length: number): NumberArray;
      new (buffer: ArrayBuffer, byteOffset: number, length: number): NumberArray;
    }
  >
> = {
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
};

/** An array of a number type, zeroed. */
export function numberArray(type: NumberType, length: number): NumberArray {
  return new NUMBER_ARRAYS[type](length);
}

/** Bytes that a batch holds in memory. */
export function bytesOf({ timestamps, columns, lines }: ColumnBatch): number {
  const beside = timestamps.byteLength + (lines?.byteLength ?? 0);
  return columns.reduce((sum, column) => sum + columnBytes(column), beside);
}

function columnBytes(column: Column): number {
  const validity = column.validity?.byteLength ?? 0;
  switch (column.kind) {
    case "number":
      return validity + column.values.byteLength;
    case "utf8":
      return validity + column.offsets.byteLength + column.bytes.byteLength;
    case "dictionary":
      return validity + column.codes.byteLength;
    case "list":
      return validity + column.offsets.byteLength + column.values.byteLength;
    case "null":
      return validity;
  }
}

/** A batch of its own memory, of one that is borrowed. */
export function copyBatch({ rows, timestamps, columns, lines }: ColumnBatch): ColumnBatch {
  if (lines !== undefined) return { rows, timestamps, columns, lines: lines.slice() };
  const times = timestamps.slice();
  // A column of the timestamps is the same array.
  const copies = columns.map((column) =>
    column.kind === "number" && column.values === timestamps
      ? { ...column, values: times, validity: column.validity?.slice() }
      : copyColumn(column),
  );
  return { rows, timestamps: times, columns: copies };
}

function copyColumn(column: Column): Column {
  const validity = column.validity?.slice();
  switch (column.kind) {
    case "number":
      return { ...column, values: column.values.slice(), validity };
    case "utf8":
      return { ...column, offsets: column.offsets.slice(), bytes: column.bytes.slice(), validity };
    case "dictionary":
      return { ...column, codes: column.codes.slice(), validity };
    case "list": {
      const offsets = column.offsets.slice();
      return { ...column, offsets, values: column.values.slice(), validity };
    }
    case "null":
      return column;
  }
}

/** The given rows of a batch, as a batch of its own memory. */
export function takeRows({ timestamps, columns }: ColumnBatch, rows: Int32Array): ColumnBatch {
  const times = takeNumbers(timestamps, rows) as BigInt64Array;
  const taken = columns.map((column) =>
    column.kind === "number" && column.values === timestamps
      ? { ...column, values: times, ...takeValidity(column, rows) }
      : takeColumnRows(column, rows),
  );
  return { rows: rows.length, timestamps: times, columns: taken };
}

/** The rows `[from, to)`, copied. */
export function takeRange(
  { timestamps, columns }: ColumnBatch,
  from: number,
  to: number,
): ColumnBatch {
  const times = timestamps.slice(from, to);
  const taken = columns.map((column) =>
    column.kind === "number" && column.values === timestamps
      ? { ...column, values: times, ...validityRange(column, from, to) }
      : takeColumnRange(column, from, to),
  );
  return { rows: to - from, timestamps: times, columns: taken };
}

function takeColumnRange(column: Column, from: number, to: number): Column {
  const validity = validityRange(column, from, to);
  switch (column.kind) {
    case "number":
      return { ...column, values: column.values.slice(from, to), ...validity };
    case "dictionary":
      return { ...column, codes: column.codes.slice(from, to), ...validity };
    case "utf8": {
      const [offsets, first, last] = offsetRange(column.offsets, from, to);
      return { ...column, offsets, bytes: column.bytes.slice(first, last), ...validity };
    }
    case "list": {
      const [offsets, first, last] = offsetRange(column.offsets, from, to);
      return { ...column, offsets, values: column.values.slice(first, last), ...validity };
    }
    case "null":
      return nullRows(to - from);
  }
}

/** Offsets of some rows, from 0 on, and what they span of the values. */
function offsetRange(all: Int32Array, from: number, to: number): [Int32Array, number, number] {
  const offsets = all.slice(from, to + 1);
  const first = offsets[0]!;
  const last = offsets[to - from]!;
  if (first !== 0) for (let i = 0; i < offsets.length; i++) offsets[i]! -= first;
  return [offsets, first, last];
}

function nullRows(rows: number): Column {
  return { kind: "null", validity: new Uint8Array((rows + 7) >> 3), nullCount: rows };
}

function takeNumbers(values: NumberArray, rows: Int32Array): NumberArray {
  const taken = values.slice(0, rows.length);
  // One cast for all widths: both arrays are of the same type.
  const from = values as Uint8Array;
  const to = taken as Uint8Array;
  for (let i = 0; i < rows.length; i++) to[i] = from[rows[i]!]!;
  return taken;
}

function takeColumnRows(column: Column, rows: Int32Array): Column {
  const validity = takeValidity(column, rows);
  switch (column.kind) {
    case "number":
      return { ...column, values: takeNumbers(column.values, rows), ...validity };
    case "dictionary":
      return { ...column, codes: takeNumbers(column.codes, rows) as Int32Array, ...validity };
    case "utf8": {
      const { offsets, map } = takeOffsets(column.offsets, rows);
      const bytes = new Uint8Array(offsets[rows.length]!);
      map((from, to, at) => bytes.set(column.bytes.subarray(from, to), at));
      return { ...column, offsets, bytes, ...validity };
    }
    case "list": {
      const { offsets, map } = takeOffsets(column.offsets, rows);
      const values = column.values.slice(0, offsets[rows.length]!);
      map((from, to, at) =>
        (values as Uint8Array).set(column.values.subarray(from, to) as Uint8Array, at),
      );
      return { ...column, offsets, values, ...validity };
    }
    case "null":
      return nullRows(rows.length);
  }
}

/** Offsets of the taken rows, and what copies their spans. */
function takeOffsets(
  source: Int32Array,
  rows: Int32Array,
): {
  readonly offsets: Int32Array;
  map(copy: (from: number, to: number, at: number) => void): void;
} {
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach((row, i) => {
    offsets[i + 1] = offsets[i]! + source[row + 1]! - source[row]!;
  });
  return {
    offsets,
    map(copy) {
      rows.forEach((row, i) => {
        copy(source[row]!, source[row + 1]!, offsets[i]!);
      });
    },
  };
}
