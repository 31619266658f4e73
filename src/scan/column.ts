/** The waist of the engine: columns in Arrow's physical layout, between decoder, ordering and encoder. */

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
  | { readonly kind: "list"; readonly element: NumberType };

export interface ColumnLayout {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
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

/** Bit `i & 7` of byte `i >> 3` is 1 where row `i` has a value; `undefined` if all have. */
export interface Validity {
  readonly validity: Uint8Array | undefined;
  readonly nullCount: number;
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
  );

/** Rows of one query. Column 0 is always the timestamps. */
export interface ColumnBatch {
  readonly rows: number;
  readonly timestamps: BigInt64Array;
  /** In the order of the query's layout; timestamp columns refer to `timestamps`. */
  readonly columns: readonly Column[];
  /** The rows as finished lines, instead of timestamps and columns, where the query asks for lines and its store makes them. */
  readonly lines?: Uint8Array | undefined;
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

/** A batch of its own memory, of one that is borrowed. */
export function copyBatch({ rows, timestamps, columns, lines }: ColumnBatch): ColumnBatch {
  if (lines !== undefined) return { rows, timestamps, columns, lines: lines.slice() };
  const times = timestamps.slice();
  // A column of the timestamps is the same array.
  const copies = columns.map((column) =>
    column.kind === "number" && column.values === timestamps
      ? { ...column, values: times }
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
  }
}
