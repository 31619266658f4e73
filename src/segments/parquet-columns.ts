/** Columns of Parquet files → columns of this program, from the schema's annotations and a reader's values. */

import type { SchemaElement } from "hyparquet";
import { type Column, type ColumnType, type NumberType, numberArray } from "../column/column.ts";
import type { ColumnLayout, Schema } from "../column/schema.ts";
import { validityOf } from "../column/validity.ts";
import { wrongType } from "./segment.ts";

/** @throws SourceError `SEGMENT_TYPE` */
export function layoutsOf(elements: readonly SchemaElement[], path: string): Schema {
  const columns: ColumnLayout[] = [];
  for (let i = 1; i < elements.length; i++) {
    const element = elements[i]!;
    const { name, repetition_type } = element;
    const isList = element.num_children === 1 && elements[i + 1]?.num_children === 1;
    const type = isList ? listOf(elements[i + 2]) : typeOf(element);
    if (type === undefined || repetition_type === "REPEATED")
      throw wrongType(path, name, describe(element));
    if (isList) i += 2;
    columns.push({ name, type, nullable: repetition_type === "OPTIONAL" });
  }
  return columns;
}

function listOf(element: SchemaElement | undefined): ColumnType | undefined {
  const type = element && typeOf(element);
  return type?.kind === "number" ? { kind: "list", element: type.number } : undefined;
}

function typeOf(element: SchemaElement): ColumnType | undefined {
  const { type, converted_type: converted, logical_type: logical } = element;
  if (logical?.type === "TIMESTAMP")
    return logical.unit === "NANOS" ? { kind: "timestamp" } : undefined;
  switch (type) {
    case "FLOAT":
      return { kind: "number", number: "float32" };
    case "DOUBLE":
      return { kind: "number", number: "float64" };
    case "BYTE_ARRAY":
      return converted === "UTF8" || logical?.type === "STRING"
        ? { kind: "utf8", content: "text" }
        : undefined;
    case "INT32":
    case "INT64": {
      const integer = /^(U?)INT_(\d+)$/.exec(converted ?? type.replace("INT", "INT_"));
      if (integer === null) return undefined;
      const number = `${integer[1] === "U" ? "u" : ""}int${integer[2]}` as NumberType;
      return { kind: "number", number };
    }
    default:
      return undefined;
  }
}

function describe({ type, converted_type, logical_type, num_children }: SchemaElement): string {
  if (num_children !== undefined) return "a group";
  return logical_type?.type ?? converted_type ?? type ?? "nothing";
}

/** The values of some rows, as the reader gives them, as a column. */
export function columnOf({ type }: ColumnLayout, values: ArrayLike<unknown>): Column {
  const rows = values.length;
  const valid = validityOf(rows, (row) => values[row] === null || values[row] === undefined);
  switch (type.kind) {
    case "timestamp":
      return { kind: "number", values: numbers("int64", values), ...valid };
    case "number":
      return { kind: "number", values: numbers(type.number, values), ...valid };
    case "list": {
      const lists = Array.from(values, (value) => (Array.isArray(value) ? value : []));
      return { kind: "list", ...listed(lists, type.element), ...valid };
    }
    default:
      return { kind: "utf8", ...texts(values), ...valid };
  }
}

function numbers(type: NumberType, values: ArrayLike<unknown>): ReturnType<typeof numberArray> {
  const column = numberArray(type, values.length);
  const isWide = column instanceof BigInt64Array || column instanceof BigUint64Array;
  for (let row = 0; row < values.length; row++) {
    const value = values[row] as number | bigint | null | undefined;
    if (value === null || value === undefined) continue;
    column[row] = isWide ? BigInt(value) : Number(value);
  }
  return column;
}

function listed(lists: readonly unknown[][], element: NumberType) {
  const offsets = new Int32Array(lists.length + 1);
  lists.forEach((list, row) => {
    offsets[row + 1] = offsets[row]! + list.length;
  });
  return { offsets, values: numbers(element, lists.flat()) };
}

const encoder = new TextEncoder();

function texts(values: ArrayLike<unknown>): { offsets: Int32Array; bytes: Uint8Array } {
  const all = Array.from(values, (value) => (typeof value === "string" ? value : ""));
  const offsets = new Int32Array(all.length + 1);
  let bytes = new Uint8Array(Math.max(64, all.length * 16));
  let at = 0;
  all.forEach((text, row) => {
    const most = text.length * 3;
    if (at + most > bytes.length) {
      const larger = new Uint8Array((at + most) * 2);
      larger.set(bytes);
      bytes = larger;
    }
    at += encoder.encodeInto(text, bytes.subarray(at)).written;
    offsets[row + 1] = at;
  });
  return { offsets, bytes };
}
