/** Columns → the schema of a Parquet file. */

import type { ConvertedType, SchemaElement } from "hyparquet";
import type { ColumnType, NumberType } from "../../column/column.ts";
import type { ColumnLayout, Schema } from "../../column/schema.ts";

/**
 * The schema: a root, and one element for each column, three for a list.
 * @see https://github.com/apache/parquet-format/blob/master/LogicalTypes.md
 */
export function parquetSchema(columns: Schema): SchemaElement[] {
  return [
    { name: "schema", num_children: columns.length },
    ...columns.flatMap((column) => elementsOf(column)),
  ];
}

function elementsOf({ name, type, nullable }: ColumnLayout): SchemaElement[] {
  const repetition_type = nullable || type.kind === "null" ? "OPTIONAL" : "REQUIRED";
  if (type.kind !== "list") return [{ name, repetition_type, ...physical(type) }];
  return [
    {
      name,
      repetition_type,
      num_children: 1,
      converted_type: "LIST",
      logical_type: { type: "LIST" },
    },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    { name: "element", repetition_type: "REQUIRED", ...numberType(type.element) },
  ];
}

type Physical = Pick<SchemaElement, "type" | "converted_type" | "logical_type">;

export function physical(type: ColumnType): Physical {
  switch (type.kind) {
    case "timestamp":
      return {
        type: "INT64",
        logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "NANOS" },
      };
    case "number":
      return numberType(type.number);
    default:
      return { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } };
  }
}

function numberType(number: NumberType): Physical {
  switch (number) {
    case "float32":
      return { type: "FLOAT" };
    case "float64":
      return { type: "DOUBLE" };
    default: {
      // By the older annotation: the writer gives the newer one's width in a type that readers refuse.
      const [, unsigned, bits] = /^(u?)int(\d+)$/.exec(number)!;
      const converted = `${unsigned === "u" ? "UINT" : "INT"}_${bits}` as ConvertedType;
      return { type: bits === "64" ? "INT64" : "INT32", converted_type: converted };
    }
  }
}
