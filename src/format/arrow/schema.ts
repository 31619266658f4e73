import {
  type DataType,
  Dictionary,
  Field,
  Float32,
  Float64,
  Int8,
  Int16,
  Int32,
  Int64,
  List,
  Null,
  TimestampNanosecond,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Utf8,
} from "apache-arrow";
import type { NumberType } from "../../column/column.ts";
import type { ColumnLayout } from "../../column/schema.ts";

/** How dictionary columns travel: as dictionaries that grow by deltas, or as plain text for readers without them. */
export type DictionaryMode = "delta" | "plain";

const NUMBERS: Readonly<Record<NumberType, DataType>> = {
  int8: new Int8(),
  int16: new Int16(),
  int32: new Int32(),
  int64: new Int64(),
  uint8: new Uint8(),
  uint16: new Uint16(),
  uint32: new Uint32(),
  uint64: new Uint64(),
  float32: new Float32(),
  float64: new Float64(),
};

export function numberType(type: NumberType): DataType {
  return NUMBERS[type];
}

/**
 * A column as Arrow declares it. Times are `timestamp[ns, tz=UTC]`.
 *
 * Dictionary ids are the column numbers: without explicit ones apache-arrow counts process-wide, and every schema would
 * look like a new one. Fields say what numbers count as `tracewire.unit`: durations are plain int64 of `ns`, which every
 * reader adds, sorts and groups.
 * @param id of its dictionary
 */
export function fieldOf(
  { name, nullable, type, unit }: ColumnLayout,
  id: number,
  mode: DictionaryMode,
): Field {
  const metadata = new Map<string, string>();
  if (type.kind === "utf8" && type.content === "json") metadata.set("tracewire.content", "json");
  if (unit !== undefined) metadata.set("tracewire.unit", unit);
  return new Field(name, arrowType(type, id, mode), nullable, metadata);
}

function arrowType(type: ColumnLayout["type"], id: number, mode: DictionaryMode): DataType {
  switch (type.kind) {
    case "timestamp":
      return new TimestampNanosecond("UTC");
    case "number":
      return NUMBERS[type.number];
    case "utf8":
      return new Utf8();
    case "dictionary":
      return mode === "plain" ? new Utf8() : new Dictionary(new Utf8(), new Int32(), id);
    case "list":
      return new List(new Field("item", NUMBERS[type.element], false));
    case "null":
      return new Null();
  }
}
