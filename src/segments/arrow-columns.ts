/** Columns of Arrow record batches → columns of this program: the same layout, checked before anything reads it. */

import { type Data, DataType, type Field, Precision, TimeUnit, type Vector } from "apache-arrow";
import { SourceError } from "../base/errors.ts";
import type { Column, ColumnType, DictionaryTexts, NumberType } from "../column/column.ts";
import type { ColumnLayout } from "../column/schema.ts";
import type { Validity } from "../column/validity.ts";
import { wrongType } from "./segment.ts";

/** @throws SourceError `SEGMENT_TYPE` */
export function layoutOf(field: Field, path: string): ColumnLayout {
  const { name, nullable, metadata } = field;
  const type = typeOf(field, metadata.get("tracewire.content") === "json");
  if (type === undefined) throw wrongType(path, name, String(field.type));
  const unit = metadata.get("tracewire.unit");
  return { name, type, nullable, ...(unit !== undefined && { unit }) };
}

function typeOf({ type }: Field, isJson: boolean): ColumnType | undefined {
  if (DataType.isNull(type)) return { kind: "null" };
  if (DataType.isTimestamp(type))
    return type.unit === TimeUnit.NANOSECOND ? { kind: "timestamp" } : undefined;
  if (DataType.isUtf8(type)) return { kind: "utf8", content: isJson ? "json" : "text" };
  if (DataType.isDictionary(type))
    return DataType.isUtf8(type.dictionary) ? { kind: "dictionary" } : undefined;
  if (DataType.isList(type)) {
    const element = numberOf(type.children[0]!.type as DataType);
    return element && { kind: "list", element };
  }
  const number = numberOf(type);
  return number && { kind: "number", number };
}

function numberOf(type: DataType): NumberType | undefined {
  if (DataType.isInt(type)) return `${type.isSigned ? "" : "u"}int${type.bitWidth}` as NumberType;
  if (!DataType.isFloat(type) || type.precision === Precision.HALF) return undefined;
  return type.precision === Precision.SINGLE ? "float32" : "float64";
}

/** Converts the columns of one file's batches; it keeps what texts its dictionaries have. */
export class ArrowColumns {
  readonly #path: string;
  readonly #dictionaries = new Map<number, Texts>();

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws SourceError `SEGMENT_DAMAGED` where lengths, offsets or codes lie outside */
  column(data: Data, { name, type }: ColumnLayout, at: number): Column {
    const rows = data.length;
    const valid = this.#validity(data, name);
    switch (type.kind) {
      case "null":
        return { kind: "null", ...valid };
      case "number":
      case "timestamp":
        this.#check(data.values?.length >= rows, name, "values");
        return { kind: "number", values: data.values, ...valid };
      case "utf8":
        this.#checkOffsets(data.valueOffsets, rows, data.values?.length ?? 0, name);
        return { kind: "utf8", offsets: data.valueOffsets, bytes: data.values, ...valid };
      case "list": {
        const { values } = data.children[0]!;
        this.#checkOffsets(data.valueOffsets, rows, values?.length ?? 0, name);
        return { kind: "list", offsets: data.valueOffsets, values, ...valid };
      }
      case "dictionary": {
        const dictionary = this.#texts(at, data.dictionary);
        this.#check(data.values?.length >= rows, name, "codes");
        const codes = Int32Array.from(data.values.subarray(0, rows) as ArrayLike<number>, Number);
        for (let row = 0; row < rows; row++) {
          const isNull = valid.validity !== undefined && !bit(valid.validity, row);
          if (isNull) codes[row] = 0;
          else this.#check(codes[row]! >= 0 && codes[row]! < dictionary.size, name, "codes");
        }
        return { kind: "dictionary", codes, dictionary, ...valid };
      }
    }
  }

  #validity({ nullCount, nullBitmap, length, type }: Data, name: string): Validity {
    if (DataType.isNull(type) || nullCount === 0) return { validity: undefined, nullCount: 0 };
    this.#check(nullBitmap !== undefined && nullBitmap.length * 8 >= length, name, "validity");
    return { validity: nullBitmap as Uint8Array<ArrayBuffer>, nullCount };
  }

  #texts(at: number, vector: Vector | undefined): Texts {
    const known = this.#dictionaries.get(at);
    if (vector !== undefined && known?.grow(vector)) return known;
    const texts = new Texts(vector);
    this.#dictionaries.set(at, texts);
    return texts;
  }

  #checkOffsets(offsets: Int32Array | undefined, rows: number, length: number, name: string): void {
    if (rows === 0) return;
    this.#check(
      offsets !== undefined && offsets.length > rows && offsets[0]! >= 0,
      name,
      "offsets",
    );
    let last = 0;
    for (let row = 0; row <= rows; row++) {
      const offset = offsets![row]!;
      this.#check(offset >= last && offset <= length, name, "offsets");
      last = offset;
    }
  }

  #check(holds: boolean, name: string, what: string): void {
    if (holds) return;
    throw new SourceError(
      "SEGMENT_DAMAGED",
      `${this.#path}: column ${name}: expected ${what} for every row, got some that lie outside`,
    );
  }
}

function bit(bits: Uint8Array, at: number): boolean {
  return (bits[at >> 3]! & (1 << (at & 7))) !== 0;
}

/** A dictionary that grows by what the stream adds to it. */
class Texts implements DictionaryTexts {
  #vector: Vector | undefined;
  readonly #texts: string[] = [];

  constructor(vector: Vector | undefined) {
    this.#vector = vector;
  }

  get size(): number {
    return this.#vector?.length ?? 0;
  }

  text(code: number): string {
    this.#texts[code] ??= String(this.#vector?.get(code) ?? "");
    return this.#texts[code];
  }

  /** @returns whether the vector has this one's texts at its beginning: it is then this one's */
  grow(vector: Vector): boolean {
    const own = this.#vector?.data ?? [];
    if (own.length === 0 || !own.every((data, i) => data.values === vector.data[i]?.values))
      return false;
    this.#vector = vector;
    return true;
  }
}
