/** Columns and batches made from plain values, as the engine would hand them to a writer. */

import {
  type Column,
  type ColumnBatch,
  type ColumnType,
  type NumberArray,
  type NumberType,
  numberArray,
} from "../../src/column/column.ts";
import { Dictionary } from "../../src/column/dictionary.ts";
import type { PlannedColumn } from "../../src/column/schema.ts";
import type { Validity } from "../../src/column/validity.ts";

/** Numbers and bigints for number columns, strings or bytes for texts, arrays for lists, null for nothing. */
export type Value = number | bigint | string | Uint8Array | readonly (number | bigint)[] | null;

export interface MadeColumn {
  readonly planned: PlannedColumn;
  readonly column: Column;
  readonly rows: number;
}

/** Buffers may be longer than the rows need: these always are, and what is behind the rows is noise. */
const SLACK = 3;
const NOISE = 77;

const encoder = new TextEncoder();

export function number(name: string, type: NumberType, values: readonly Value[]): MadeColumn {
  const array = noisy(type, values.length + SLACK);
  values.forEach((value, i) => {
    if (value !== null) array[i] = value as never;
  });
  return made(name, { kind: "number", number: type }, values, { kind: "number", values: array });
}

export function timestamp(name: string, values: readonly (bigint | null)[]): MadeColumn {
  const array = BigInt64Array.from([...values.map((value) => value ?? 0n), 1n, 2n, 3n]);
  return made(name, { kind: "timestamp" }, values, { kind: "number", values: array });
}

export function utf8(name: string, values: readonly Value[], isJson: boolean = false): MadeColumn {
  const texts = values.map(bytesOf);
  const offsets = offsetsOf(texts.map(({ length }) => length));
  const bytes = Buffer.concat([...texts, Buffer.alloc(SLACK, NOISE)]);
  return made(name, { kind: "utf8", content: isJson ? "json" : "text" }, values, {
    kind: "utf8",
    offsets,
    bytes,
  });
}

/** With a dictionary of its own, or one that grows. */
export function dictionary(
  name: string,
  values: readonly Value[],
  texts: Dictionary = new Dictionary(),
): MadeColumn {
  const codes = new Int32Array(values.length + SLACK);
  values.forEach((value, i) => {
    const bytes = bytesOf(value);
    if (value !== null) codes[i] = texts.codeOf(bytes, 0, bytes.length);
  });
  return made(name, { kind: "dictionary" }, values, {
    kind: "dictionary",
    codes,
    dictionary: texts,
  });
}

export function list(name: string, element: NumberType, values: readonly Value[]): MadeColumn {
  const lists = values.map((value) => (Array.isArray(value) ? value : []));
  const elements = lists.flat();
  const array = noisy(element, elements.length + SLACK);
  elements.forEach((one, i) => {
    array[i] = one as never;
  });
  const offsets = offsetsOf(lists.map(({ length }) => length));
  return made(name, { kind: "list", element }, values, { kind: "list", offsets, values: array });
}

/** The columns side by side; the first timestamp column, if there is one, is the batch's. */
export function batchOf(columns: readonly MadeColumn[]): ColumnBatch {
  const rows = columns[0]?.rows ?? 0;
  const times = columns.find(({ planned }) => planned.type.kind === "timestamp")?.column;
  const timestamps =
    (times?.kind === "number" ? times.values : undefined) ?? new BigInt64Array(rows);
  return {
    rows,
    timestamps: timestamps as BigInt64Array,
    columns: columns.map(({ column }) => column),
  };
}

export function planned(columns: readonly MadeColumn[]): PlannedColumn[] {
  return columns.map((one) => one.planned);
}

type Body = Column extends infer One
  ? One extends Validity
    ? Omit<One, keyof Validity>
    : never
  : never;

function made(name: string, type: ColumnType, values: readonly Value[], body: Body): MadeColumn {
  const request = { kind: "field", name } as const;
  const column = { ...body, ...validityOf(values) } as Column;
  return { planned: { name, type, nullable: true, request }, column, rows: values.length };
}

function validityOf(values: readonly Value[]): Validity {
  const nullCount = values.filter((value) => value === null).length;
  if (nullCount === 0) return { validity: undefined, nullCount };
  const validity = new Uint8Array((values.length >> 3) + SLACK).fill(0xff);
  values.forEach((value, i) => {
    if (value === null) validity[i >> 3]! &= ~(1 << (i & 7));
  });
  return { validity, nullCount };
}

function noisy(type: NumberType, length: number): NumberArray {
  const array = numberArray(type, length);
  if (array instanceof BigInt64Array || array instanceof BigUint64Array) return array.fill(77n);
  return array.fill(NOISE);
}

function bytesOf(value: Value): Uint8Array {
  if (value instanceof Uint8Array) return value;
  return encoder.encode(typeof value === "string" ? value : "");
}

function offsetsOf(lengths: readonly number[]): Int32Array {
  const offsets = new Int32Array(lengths.length + 1 + SLACK);
  lengths.forEach((length, i) => {
    offsets[i + 1] = offsets[i]! + length;
  });
  return offsets;
}
