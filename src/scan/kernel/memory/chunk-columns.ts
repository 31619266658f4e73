/** Rows of a chunk as Arrow-shaped arrays. */

import type {
  Column,
  ColumnBatch,
  DictionaryTexts,
  NumberArray,
  NumberType,
} from "../../../column/column.ts";
import { NUMBER_ARRAYS, takeRange } from "../../../column/column.ts";
import { nullColumn } from "../../../column/null-column.ts";
import type { Validity } from "../../../column/validity.ts";
import { type Chunk, type ChunkLayout, type Segment, Slot } from "./chunk.ts";
import type { KernelColumn } from "./columns.ts";
import type { KernelMemory } from "./memory.ts";

/** Gives a column's dictionary by its address. */
export type TextsOf = (column: number, address: number) => DictionaryTexts;

/** Reads the chunks of one layout. */
export class ChunkReader {
  readonly #memory: KernelMemory;
  readonly #columns: readonly KernelColumn[];
  readonly #layout: ChunkLayout;
  readonly #texts: TextsOf;

  constructor(
    memory: KernelMemory,
    columns: readonly KernelColumn[],
    layout: ChunkLayout,
    texts: TextsOf,
  ) {
    this.#memory = memory;
    this.#columns = columns;
    this.#layout = layout;
    this.#texts = texts;
  }

  /** A chunk's rows: views of the memory, for as long as the chunk is left alone. */
  borrow({ address, rows }: Chunk): { timestamps: BigInt64Array; columns: Column[] } {
    const { buffer } = this.#memory.memory;
    const timestamps = new BigInt64Array(buffer, address + this.#layout.timestamps, rows);
    const columns = this.#columns.map((_, i) => this.#column(i, address, rows, timestamps));
    return { timestamps, columns };
  }

  /** A copy of a segment's rows. */
  copy({ address, from, to }: Segment): ColumnBatch {
    return takeRange({ rows: to, ...this.borrow({ address, rows: to }) }, from, to);
  }

  #column(i: number, address: number, rows: number, timestamps: BigInt64Array): Column {
    const column = this.#columns[i]!;
    const memory = this.#memory;
    const { buffer } = memory.memory;
    const place = this.#layout.places[i]!;
    const slot = address + place.slot;
    const values = address + place.values;
    const ints = (count: number): Int32Array => new Int32Array(buffer, values, count);
    const validity = this.#validity(address, i, rows);
    switch (column.kind) {
      case "timestamp":
        return { kind: "number", values: timestamps, ...validity };
      case "number":
        return {
          kind: "number",
          values: numbersAt(column.number, buffer, values, rows),
          ...validity,
        };
      case "class-id":
        return { kind: "number", values: new Float64Array(buffer, values, rows), ...validity };
      case "dictionary": {
        const dictionary = this.#texts(i, memory.get(slot + Slot.dictionary));
        return { kind: "dictionary", codes: ints(rows), dictionary, ...validity };
      }
      case "constant":
        return {
          kind: "dictionary",
          codes: ints(rows),
          dictionary: column.dictionary,
          ...validity,
        };
      case "list": {
        const offsets = ints(rows + 1);
        const elements = memory.get(slot + Slot.text);
        return {
          kind: "list",
          offsets,
          values: numbersAt(column.number, buffer, elements, offsets[rows]!),
          ...validity,
        };
      }
      case "utf8":
      case "rendered": {
        const offsets = ints(rows + 1);
        const bytes = new Uint8Array(buffer, memory.get(slot + Slot.text), offsets[rows]);
        // babeltrace2's lines pass bytes as they are; all else must be valid.
        const isPlain =
          memory.get(slot + Slot.seen) === 0 ||
          (column.kind === "rendered" && column.style === "babeltrace");
        const text = isPlain ? { offsets, bytes } : validUtf8(offsets, bytes, rows);
        return { kind: "utf8", ...text, ...validity };
      }
      case "null":
        return nullColumn(rows, { kind: "null" });
    }
  }

  #validity(address: number, column: number, rows: number): Validity {
    const { slot, validity } = this.#layout.places[column]!;
    const nullCount = this.#memory.get(address + slot + Slot.nulls);
    if (nullCount === 0) return { validity: undefined, nullCount };
    const from = address + validity;
    return { validity: this.#memory.u8.subarray(from, from + ((rows + 7) >> 3)), nullCount };
  }
}

function numbersAt(
  type: NumberType,
  buffer: ArrayBuffer,
  address: number,
  count: number,
): NumberArray {
  return new NUMBER_ARRAYS[type](buffer, address, count);
}

/** A mark of the byte order is a character like others. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true });

/** Arrow's utf8 must be valid: what is not becomes U+FFFD, text by text. */
function validUtf8(
  offsets: Int32Array,
  bytes: Uint8Array,
  rows: number,
): { offsets: Int32Array; bytes: Uint8Array } {
  if (isValid(offsets, bytes, rows)) return { offsets, bytes };
  const texts: Uint8Array[] = [];
  const repaired = new Int32Array(rows + 1);
  for (let row = 0; row < rows; row++) {
    const text = encoder.encode(decoder.decode(bytes.subarray(offsets[row], offsets[row + 1])));
    texts.push(text);
    repaired[row + 1] = repaired[row]! + text.length;
  }
  const joined = new Uint8Array(repaired[rows]!);
  texts.forEach((text, row) => {
    joined.set(text, repaired[row]!);
  });
  return { offsets: repaired, bytes: joined };
}

/** Valid as a whole, and no text begins inside a character. */
function isValid(offsets: Int32Array, bytes: Uint8Array, rows: number): boolean {
  for (let row = 1; row < rows; row++) if ((bytes[offsets[row]!]! & 0xc0) === 0x80) return false;
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
