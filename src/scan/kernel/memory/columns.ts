/** What a query's columns are to the kernel: how code fills them, and what class records hold for them. */

import type { NumberType } from "../../../column/column.ts";
import { Dictionary } from "../../../column/dictionary.ts";
import type { RenderStyle } from "../../../column/request.ts";
import type { PlannedColumn } from "../../../column/schema.ts";

export type KernelColumn = { readonly column: PlannedColumn } & (
  | { readonly kind: "timestamp" }
  | { readonly kind: "number"; readonly number: NumberType }
  /** The id of the event class, which is constant number `constant` of the class record: float64. */
  | { readonly kind: "class-id"; readonly constant: number }
  /** Texts that code looks up in a dictionary of the kernel's memory. */
  | { readonly kind: "dictionary" }
  /** Codes that are the same for all records of a class: constant number `constant` of the class record. */
  | { readonly kind: "constant"; readonly constant: number; readonly dictionary: Dictionary }
  /** Texts as they stand; other fields are rendered by the program that the class record's constant names. */
  | { readonly kind: "utf8"; readonly constant: number }
  /** A payload or a whole record, rendered by the program that the class record's constant names. */
  | { readonly kind: "rendered"; readonly style: RenderStyle; readonly constant: number }
  | { readonly kind: "list"; readonly number: NumberType }
  /** Takes no memory: no row has a value. */
  | { readonly kind: "null" }
);

/** The columns of a query, and how many constants a class record holds for them. */
export interface KernelColumns {
  readonly columns: readonly KernelColumn[];
  readonly constants: number;
  /** Whether any column is rendered. */
  readonly renders: boolean;
  /** Whether rows need the packet's own text. */
  readonly rendersRecords: boolean;
}

export function kernelColumns(planned: readonly PlannedColumn[]): KernelColumns {
  let constants = 0;
  const columns = planned.map((column) => kernelColumn(column, () => constants++));
  const rendersRecords = planned.some(({ request }) => request.kind === "record");
  const renders = columns.some(({ kind }) => kind === "rendered");
  return { columns, constants, renders, rendersRecords };
}

/** @param constant gives the number of one more constant */
function kernelColumn(column: PlannedColumn, constant: () => number): KernelColumn {
  const { type, request } = column;
  switch (type.kind) {
    case "timestamp":
      return { column, kind: "timestamp" };
    case "number":
      if (request.kind === "place" && request.part === "class")
        return { column, kind: "class-id", constant: constant() };
      return { column, kind: "number", number: type.number };
    case "list":
      return { column, kind: "list", number: type.element };
    case "dictionary": {
      const isField = request.kind === "context" || request.kind === "field";
      if (isField) return { column, kind: "dictionary" };
      // Bounded by the number of event classes, so it need never be renewed.
      const dictionary = new Dictionary(Number.MAX_SAFE_INTEGER);
      return { column, kind: "constant", constant: constant(), dictionary };
    }
    case "utf8":
      if (request.kind === "payload")
        return { column, kind: "rendered", style: request.style, constant: constant() };
      if (request.kind === "record")
        return { column, kind: "rendered", style: "babeltrace", constant: constant() };
      return { column, kind: "utf8", constant: constant() };
    case "null":
      return { column, kind: "null" };
  }
}

/** Bytes that a value of a number type takes. */
export function widthOf(number: NumberType): 1 | 2 | 4 | 8 {
  switch (number) {
    case "int8":
    case "uint8":
      return 1;
    case "int16":
    case "uint16":
      return 2;
    case "int32":
    case "uint32":
    case "float32":
      return 4;
    case "int64":
    case "uint64":
    case "float64":
      return 8;
  }
}

/** Bytes of one unit that a column's offsets count. */
export function offsetUnit(column: KernelColumn): 1 | 2 | 4 | 8 {
  return column.kind === "list" ? widthOf(column.number) : 1;
}
