/** How columns travel in Arrow: as they are, or in types that Spark has. */

import {
  type DataType,
  Decimal,
  Field,
  Int16,
  Int32,
  Int64,
  List,
  TimestampMicrosecond,
  Utf8,
} from "apache-arrow";
import type { ColumnType, NumberArray, NumberType } from "../../column/column.ts";
import type { ColumnLayout, Schema as Columns } from "../../column/schema.ts";
import { type DictionaryMode, fieldOf, numberType } from "./schema.ts";

/**
 * `exact`: nanoseconds, unsigned integers. `spark`: what Apache Spark takes without a cast: microseconds beside a column of
 * nanoseconds, unsigned integers as the next larger signed ones, uint64 as `decimal(20, 0)`, no dictionaries, no null columns.
 */
export type ArrowTypes = "exact" | "spark";

export interface EncodedField {
  readonly field: Field;
  /** The place of the column that it is made of. */
  readonly from: number;
  /** The bytes of numbers, or of a list's elements. */
  readonly numbers: (values: NumberArray, count: number) => Uint8Array;
}

export function encodedFields(
  columns: Columns,
  mode: DictionaryMode,
  types: ArrowTypes,
): readonly EncodedField[] {
  return columns.flatMap((column, from) =>
    types === "spark"
      ? sparkFields(column, from)
      : [{ field: fieldOf(column, from, mode), from, numbers: asTheyAre }],
  );
}

/** Columns of a time have another one beside them. */
function sparkFields(column: ColumnLayout, from: number): readonly EncodedField[] {
  const { name, type } = column;
  // Spark compares what a batch says of nulls with the schema, whose columns may all have them.
  const plain = fieldOf({ ...column, nullable: true }, from, "plain");
  const made = (as: DataType, own: string = name): Field =>
    new Field(own, as, true, plain.metadata);
  switch (type.kind) {
    case "timestamp":
      return [
        { field: made(new TimestampMicrosecond("UTC")), from, numbers: microseconds },
        { field: made(new Int64(), nanosecondsName(name)), from, numbers: asTheyAre },
      ];
    case "number": {
      const wider = WIDER[type.number];
      const field = wider === undefined ? plain : made(wider.type);
      return [{ field, from, numbers: wider?.bytes ?? asTheyAre }];
    }
    case "list": {
      const wider = WIDER[type.element];
      const element = wider?.type ?? numberType(type.element);
      const field = made(new List(new Field("item", element, true)));
      return [{ field, from, numbers: wider?.bytes ?? asTheyAre }];
    }
    case "null":
      return [{ field: new Field(name, new Utf8(), true), from, numbers: asTheyAre }];
    default:
      return [{ field: plain, from, numbers: asTheyAre }];
  }
}

/** As the Python client calls it. */
function nanosecondsName(name: string): string {
  return name === "timestamp" ? "ts_ns" : `${name}_ns`;
}

/** Whether a column of nulls is one of texts for its reader. */
export function isNullText({ kind }: Pick<ColumnType, "kind">, { field }: EncodedField): boolean {
  return kind === "null" && field.type instanceof Utf8;
}

interface Wider {
  readonly type: DataType;
  readonly bytes: EncodedField["numbers"];
}

const WIDER: Readonly<Partial<Record<NumberType, Wider>>> = {
  uint8: {
    type: new Int16(),
    bytes: (values, count) => view(Int16Array.from(some(values, count))),
  },
  uint16: {
    type: new Int32(),
    bytes: (values, count) => view(Int32Array.from(some(values, count))),
  },
  uint32: { type: new Int64(), bytes: (values, count) => spread(some(values, count), 2) },
  uint64: {
    type: new Decimal(0, 20, 128),
    bytes: (values, count) => spread(wordsOf(values, count), 4, 2),
  },
};

function asTheyAre(values: NumberArray, count: number): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, count * values.BYTES_PER_ELEMENT);
}

function some(values: NumberArray, count: number): Uint32Array {
  return values.subarray(0, count) as Uint32Array;
}

function wordsOf(values: NumberArray, count: number): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, count * 2);
}

function view({ buffer, byteOffset, byteLength }: NumberArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Values of so many words each in the lowest of more words. */
function spread(words: Uint32Array, to: number, size: number = 1): Uint8Array {
  const wide = new Uint32Array((words.length / size) * to);
  for (let i = 0, at = 0; i < words.length; i += size, at += to) {
    wide[at] = words[i]!;
    if (size === 2) wide[at + 1] = words[i + 1]!;
  }
  return view(wide);
}

const NS_PER_US = 1000;
const TWO_32 = 2 ** 32;

/** Nanoseconds → whole microseconds, in halves: no bigint for a row. */
function microseconds(values: NumberArray, count: number): Uint8Array {
  const words = wordsOf(values, count);
  const out = new Int32Array(words.length);
  for (let i = 0; i < words.length; i += 2) {
    const high = words[i + 1]! | 0;
    const highQuotient = Math.floor(high / NS_PER_US);
    const rest = (high - highQuotient * NS_PER_US) * TWO_32 + words[i]!;
    out[i] = Math.floor(rest / NS_PER_US);
    out[i + 1] = highQuotient;
  }
  return view(out);
}
