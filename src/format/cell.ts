/** Cells of a column as text, in the two dialects that row formats need. */

import type { Word } from "../base/bits.ts";
import { isoTimeWriter, type TimeWriter } from "../base/time.ts";
import { Utf8Writer } from "../base/utf8-writer.ts";
import type { Column, ColumnBatch, ColumnType, NumberArray } from "../column/column.ts";
import { halvesOf } from "../column/halves.ts";
import { TextMemo } from "../column/text-memo.ts";
import { writeCsvText } from "../scan/csv-text.ts";
import { writeJsonString } from "../scan/json-string.ts";
import { isExactInJson } from "../scan/render-style.ts";

/** Writes the cell of one row; the row is not null. */
export type WriteCell = (row: number, out: Utf8Writer) => void;

export interface CellDialect {
  /** Texts. */
  text(bytes: Uint8Array, out: Utf8Writer): void;
  /** JSON text, as it stands or as a text. */
  json(bytes: Uint8Array, out: Utf8Writer): void;
  /** An integer that JSON readers would round. */
  largeInteger(write: () => void, out: Utf8Writer): void;
  /** What texts of dictionaries are written as. */
  readonly names: TextMemo<Uint8Array>;
}

/** A dialect by how it writes. */
export function cellDialect(how: Omit<CellDialect, "names">): CellDialect {
  const names = new TextMemo((text) => {
    const out = new Utf8Writer(64);
    how.text(encoder.encode(text), out);
    return out.bytes.slice(0, out.length);
  });
  return { ...how, names };
}

const QUOTE = 34;
const encoder = new TextEncoder();

/** JSON: payloads are embedded, integers beyond ±2^53 are strings. */
export const jsonDialect: CellDialect = cellDialect({
  text: (bytes, out) => writeJsonString(bytes, 0, bytes.length, out),
  json: (bytes, out) => out.raw(bytes),
  largeInteger(write, out) {
    out.byte(QUOTE);
    write();
    out.byte(QUOTE);
  },
});

/** CSV (RFC 4180): quoted where a comma, quote or line break is inside. */
export const csvDialect: CellDialect = cellDialect({
  text: writeCsvText,
  json: writeCsvText,
  largeInteger: (write) => write(),
});

/** The writer for one column of a batch, chosen once for all its rows. */
export function cellWriter(column: Column, type: ColumnType, dialect: CellDialect): WriteCell {
  switch (column.kind) {
    case "number":
      return type.kind === "timestamp"
        ? timeCell(column.values as BigInt64Array, dialect)
        : numberCell(column.values, type.kind === "number" ? type.number : "int64", dialect);
    case "utf8": {
      const write = type.kind === "utf8" && type.content === "json" ? dialect.json : dialect.text;
      const { bytes, offsets } = column;
      return (row, out) => write(bytes.subarray(offsets[row]!, offsets[row + 1]!), out);
    }
    case "dictionary": {
      const { codes, dictionary } = column;
      const { names } = dialect;
      return (row, out) => out.raw(names.of(dictionary, codes[row]!));
    }
    case "list": {
      const { offsets, values } = column;
      const element = numberCell(values, type.kind === "list" ? type.element : "int64", dialect);
      return (row, out) => {
        const isQuoted = dialect === csvDialect && offsets[row + 1]! - offsets[row]! > 1;
        if (isQuoted) out.byte(QUOTE);
        out.ascii("[");
        for (let i = offsets[row]!; i < offsets[row + 1]!; i++) {
          if (i > offsets[row]!) out.ascii(",");
          element(i, out);
        }
        out.ascii("]");
        if (isQuoted) out.byte(QUOTE);
      };
    }
    case "null":
      return () => {};
  }
}

function timeCell(values: BigInt64Array, dialect: CellDialect): WriteCell {
  const halves = halvesOf(values);
  const time: TimeWriter = isoTimeWriter();
  const quote = dialect === jsonDialect ? '"' : "";
  return (row, out) => {
    out.ascii(quote);
    time.write(halves[row * 2 + 1]!, halves[row * 2]!, out);
    out.ascii(quote);
  };
}

function numberCell(values: NumberArray, type: string, dialect: CellDialect): WriteCell {
  if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
    const halves = halvesOf(values);
    const signed = type === "int64";
    const word: Word = { hi: 0, lo: 0 };
    return (row, out) => {
      word.hi = halves[row * 2 + 1]!;
      word.lo = halves[row * 2]!;
      if (isExactInJson(word, signed)) out.decimal(word, signed);
      else dialect.largeInteger(() => out.decimal(word, signed), out);
    };
  }
  if (values instanceof Float32Array || values instanceof Float64Array) {
    return (row, out) => {
      const value = values[row]!;
      if (Number.isFinite(value)) out.ascii(String(value));
      else dialect.largeInteger(() => out.ascii(String(value)), out);
    };
  }
  return (row, out) => {
    const value = values[row]!;
    if (value < 0) out.ascii("-");
    out.unsigned(Math.abs(value));
  };
}

/** Integers as people read pointers, `0xFFFF8800`: all bits of the column's type. */
export function hexadecimalCell({ values }: Column & { kind: "number" }): WriteCell {
  const bits = values.BYTES_PER_ELEMENT * 8;
  const word: Word = { hi: 0, lo: 0 };
  const isLong = values instanceof BigInt64Array || values instanceof BigUint64Array;
  const halves = isLong ? halvesOf(values) : undefined;
  return (row, out) => {
    word.hi = halves?.[row * 2 + 1] ?? 0;
    word.lo = halves?.[row * 2] ?? Number(values[row]!) | 0;
    out.ascii("0x");
    out.power(word, bits, 16);
  };
}

/** About how many bytes the rows of a batch take as text, so that a writer need not grow step by step. */
export function textCapacity(batch: ColumnBatch): number {
  const texts = batch.columns.reduce(
    (sum, column) => sum + (column.kind === "utf8" ? column.offsets[batch.rows]! : 0),
    0,
  );
  return texts + batch.rows * (batch.columns.length * 24 + 16);
}
