/**
 * Chunks: so many rows of a query in the kernel's memory, in Arrow's layout. Scans append to them, the merge reads them, and
 * the batch that it puts together is a chunk too.
 *
 * 0 i32 rows · 4 i32 next chunk of the stream, 0 if none · from 16 on 32 bytes for each column: 0 i32 nulls · 4 i32 address of
 * its texts or list elements · 8 i32 their capacity in bytes · 12 i32 whether a byte beyond ASCII is among them · 16 i32
 * address of its dictionary · 20 i32 bytes that a merge will add; then the regions: times, and for each column values (or codes, or offsets) and validity.
 */

import type {
  Column,
  DictionaryTexts,
  NumberArray,
  NumberType,
  Validity,
} from "../../../column/column.ts";
import { NUMBER_ARRAYS } from "../../../column/column.ts";
import { nullColumn } from "../../../column/null-column.ts";
import { type KernelColumn, widthOf } from "./columns.ts";
import type { KernelDictionaries } from "./dictionaries.ts";
import { type KernelMemory, State } from "./memory.ts";

/** Rows of a chunk that scans fill. */
export const CHUNK_ROWS = 4096;
/** Bytes that a column's texts begin with: rendered ones are long. Pages that are never written cost nothing. */
const FIRST_TEXT_BYTES = 1 << 17;
const FIRST_RENDERED_BYTES = 1 << 20;

export const ChunkField = { rows: 0, next: 4 } as const;
export const Slot = {
  nulls: 0,
  text: 4,
  textCapacity: 8,
  seen: 12,
  dictionary: 16,
  incoming: 20,
} as const;
const SLOTS = 16;
const SLOT_BYTES = 32;

/** Byte offsets from a chunk's address. */
export interface Place {
  readonly slot: number;
  /** Values, codes, or offsets (one more than rows). */
  readonly values: number;
  readonly validity: number;
}

export interface ChunkLayout {
  readonly rows: number;
  readonly bytes: number;
  /** i64 each. */
  readonly timestamps: number;
  /** One for each column. */
  readonly places: readonly Place[];
}

/** Rows in the kernel's memory. */
export interface Chunk {
  readonly address: number;
  rows: number;
}

export function chunkLayout(columns: readonly KernelColumn[], rows: number): ChunkLayout {
  let next = roundUp(SLOTS + columns.length * SLOT_BYTES);
  const region = (bytes: number): number => {
    const offset = next;
    // Stores of whole words may pass the region's end.
    next = roundUp(next + bytes + 8);
    return offset;
  };
  const timestamps = region(rows * 8);
  const places = columns.map((column, i) => {
    const isTime = column.kind === "timestamp";
    const values = isTime ? timestamps : region(valuesBytes(column, rows));
    return { slot: SLOTS + i * SLOT_BYTES, values, validity: region((rows + 7) >> 3) };
  });
  return { rows, bytes: next, timestamps, places };
}

function valuesBytes(column: KernelColumn, rows: number): number {
  if (column.kind === "null") return 0;
  return column.kind === "number" ? rows * widthOf(column.number) : (rows + 1) * 4;
}

/** Whether a column has bytes beside its rows. */
export function hasTexts({ kind }: KernelColumn): boolean {
  return kind === "utf8" || kind === "rendered" || kind === "list";
}

/** Gives chunks, and takes them back. */
export class ChunkPool {
  readonly columns: readonly KernelColumn[];
  readonly layout: ChunkLayout;
  readonly #memory: KernelMemory;
  readonly #dictionaries: KernelDictionaries;
  readonly #free: number[] = [];

  constructor(
    memory: KernelMemory,
    columns: readonly KernelColumn[],
    dictionaries: KernelDictionaries,
    rows: number,
  ) {
    this.#memory = memory;
    this.columns = columns;
    this.layout = chunkLayout(columns, rows);
    this.#dictionaries = dictionaries;
  }

  /** An empty chunk, for texts of the dictionaries that are current. */
  take(): Chunk {
    const address = this.#free.pop() ?? this.make().address;
    const memory = this.#memory;
    memory.set(address + ChunkField.rows, 0);
    memory.set(address + ChunkField.next, 0);
    this.columns.forEach(({ kind }, i) => {
      if (kind === "dictionary") {
        const slot = address + this.layout.places[i]!.slot;
        memory.set(slot + Slot.dictionary, this.#dictionaries.use(i));
      }
    });
    return { address, rows: 0 };
  }

  /** Whether a chunk is worth adding to: the next packet's rows would hardly fit into one that is nearly full. */
  hasRoom({ rows }: Chunk): boolean {
    return rows < this.layout.rows - (this.layout.rows >> 4);
  }

  /** Takes a chunk back whose rows are not needed any more. */
  give({ address, rows }: Chunk): void {
    this.columns.forEach(({ kind }, i) => {
      if (kind !== "dictionary") return;
      const slot = address + this.layout.places[i]!.slot;
      this.#dictionaries.release(i, this.#memory.get(slot + Slot.dictionary));
    });
    this.clear(address, rows);
    this.#free.push(address);
  }

  /** Makes so many rows' marks as if nothing had ever been there. */
  clear(address: number, rows: number): void {
    const memory = this.#memory;
    for (const { slot, validity } of this.layout.places) {
      memory.set(address + slot + Slot.seen, 0);
      if (memory.get(address + slot + Slot.nulls) === 0) continue;
      memory.set(address + slot + Slot.nulls, 0);
      memory.u8.fill(0xff, address + validity, address + validity + ((rows + 7) >> 3));
    }
  }

  /** Says that code has appended rows. */
  close(chunk: Chunk, rows: number): void {
    const memory = this.#memory;
    chunk.rows = rows;
    memory.set(chunk.address + ChunkField.rows, rows);
    if (memory.get(memory.state + State.renderSeen) === 0) return;
    memory.set(memory.state + State.renderSeen, 0);
    this.columns.forEach(({ kind }, i) => {
      const slot = chunk.address + this.layout.places[i]!.slot;
      if (kind === "rendered" || kind === "utf8") memory.set(slot + Slot.seen, 1);
    });
  }

  /** Makes room for a text of so many bytes in each column of an empty chunk. */
  growTexts({ address }: Chunk, bytes: number): void {
    this.columns.forEach((column, i) => {
      if (hasTexts(column)) this.reserve(address, i, 0, bytes);
    });
  }

  /** Makes room for `bytes` in a column's texts, of which `used` are kept. */
  reserve(address: number, column: number, used: number, bytes: number): void {
    const memory = this.#memory;
    const slot = address + this.layout.places[column]!.slot;
    const capacity = memory.get(slot + Slot.textCapacity);
    if (bytes <= capacity) return;
    const larger = Math.max(bytes, capacity * 2);
    const text = memory.allocate(larger + 16);
    const old = memory.get(slot + Slot.text);
    if (used > 0) memory.u8.copyWithin(text, old, old + used);
    memory.set(slot + Slot.text, text);
    memory.set(slot + Slot.textCapacity, larger);
  }

  /**
   * A chunk's rows as Arrow-shaped arrays: views of the memory, for as long as the chunk is left alone.
   *
   * @param texts gives a column's dictionary by its address
   */
  borrow(
    { address, rows }: Chunk,
    texts: TextsOf,
  ): { timestamps: BigInt64Array; columns: Column[] } {
    const { buffer } = this.#memory.memory;
    const timestamps = new BigInt64Array(buffer, address + this.layout.timestamps, rows);
    const columns = this.columns.map((_, i) => this.#column(i, address, rows, timestamps, texts));
    return { timestamps, columns };
  }

  /** A new chunk, without dictionaries. */
  make(): Chunk {
    const memory = this.#memory;
    const address = memory.allocate(this.layout.bytes);
    this.columns.forEach((column, i) => {
      const { validity } = this.layout.places[i]!;
      memory.u8.fill(0xff, address + validity, address + validity + ((this.layout.rows + 7) >> 3));
      const texts = column.kind === "rendered" ? FIRST_RENDERED_BYTES : FIRST_TEXT_BYTES;
      if (hasTexts(column)) this.reserve(address, i, 0, texts);
    });
    return { address, rows: 0 };
  }

  #column(
    i: number,
    address: number,
    rows: number,
    timestamps: BigInt64Array,
    texts: TextsOf,
  ): Column {
    const column = this.columns[i]!;
    const memory = this.#memory;
    const { buffer } = memory.memory;
    const place = this.layout.places[i]!;
    const slot = address + place.slot;
    const values = address + place.values;
    const ints = (count: number): Int32Array => new Int32Array(buffer, values, count);
    const validity = this.#validity(address, i, rows);
    switch (column.kind) {
      case "timestamp":
        return { kind: "number", values: timestamps, validity: undefined, nullCount: 0 };
      case "number":
        return {
          kind: "number",
          values: numbersAt(column.number, buffer, values, rows),
          ...validity,
        };
      case "dictionary": {
        const dictionary = texts(i, memory.get(slot + Slot.dictionary));
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
    const { slot, validity } = this.layout.places[column]!;
    const nullCount = this.#memory.get(address + slot + Slot.nulls);
    if (nullCount === 0) return { validity: undefined, nullCount };
    const from = address + validity;
    return { validity: this.#memory.u8.subarray(from, from + ((rows + 7) >> 3)), nullCount };
  }
}

/** Gives a column's dictionary by its address. */
export type TextsOf = (column: number, address: number) => DictionaryTexts;

function roundUp(bytes: number): number {
  return (bytes + 15) & ~15;
}

function numbersAt(
  type: NumberType,
  buffer: ArrayBuffer,
  address: number,
  count: number,
): NumberArray {
  return new NUMBER_ARRAYS[type](buffer, address, count);
}

const decoder = new TextDecoder();
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
